"""Whom a rule may look at beyond a household: co-residents and children of who may be alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Protocol

from streams.identity import LINK_KINDS, canonical, links
from streams.lifecycle import Fact, holding, settling
from streams.person import Person, people
from streams.rules.pack import Surroundings

AROUND_KINDS: Final = ("death", "residence", "birth", "person", *LINK_KINDS)


class Facts(Protocol):
    """Where facts come from."""

    def facts(
        self, persons: Collection[bytes], kinds: Sequence[str], since: date
    ) -> list[tuple[Any, ...]]: ...
    def registered_at(self, dwellings: Collection[str]) -> set[bytes]: ...


@dataclass(slots=True)
class Around:
    """What was read beyond the households."""

    surroundings: Surroundings
    facts: list[Fact] = field(default_factory=list)  # whether they hold or not

    def of(self, looker: Person) -> set[bytes]:
        """Return whom ``looker`` looks at."""
        registered = self.surroundings.registered
        found = {tie.other for tie in looker.children}
        for residence in looker.residences:
            found.update(registered.get(residence.dwelling, ()))
        return found - {looker.id}


def read_around(
    store: Facts,
    lookers: Collection[Person],
    facts: Iterable[Fact],
    persons: Mapping[bytes, Person],
    *,
    on: date,
    now: datetime,
) -> Around:
    """Return co-residents and children of ``lookers``, under all their ids.

    Args:
        store: where facts come from.
        lookers: members of households who may be alone.
        facts: those of the households that hold.
        persons: what these say of each person.
        on: the day.
        now: decides which annulments count.
    """
    if not lookers:
        return Around(Surroundings(persons))
    dwellings = {residence.dwelling for one in lookers for residence in one.residences}
    fresh = store.registered_at(dwellings)
    fresh |= {tie.other for one in lookers for tie in one.children}
    known = {fact.person for fact in facts} | set(persons)
    raw: list[Fact] = []
    fresh -= known
    while fresh:
        known |= fresh
        read = [Fact(*row) for row in store.facts(fresh, AROUND_KINDS, on)]
        raw += read
        link = links(holding(read, now))
        fresh = {*link, *link.values()} - known
    around = holding(raw, now)
    identities = links(fact for fact in (*facts, *around) if fact.kind in LINK_KINDS)
    merged = people(around, {}, identities) | dict(persons)
    registered: dict[str, list[bytes]] = {}
    for person in merged.values():
        for dwelling in {residence.dwelling for residence in person.residences}:
            registered.setdefault(dwelling, []).append(person.id)
    return Around(Surroundings(merged, registered), raw)


def look_around(  # noqa: PLR0917 - as it is called by everybody
    store: Facts,
    lookers: Collection[Person],
    facts: Iterable[Fact],
    persons: Mapping[bytes, Person],
    on: date,
    now: datetime,
) -> Surroundings:
    """Return whom ``lookers`` look at; see ``read_around``."""
    return read_around(store, lookers, facts, persons, on=on, now=now).surroundings


def held(rows: Iterable[tuple[Any, ...]], now: datetime) -> list[Fact]:
    """Return the facts of ``rows`` that hold at ``now``."""
    return holding((Fact(*row) for row in rows), now)


Settling = tuple[datetime, bytes]  # the moment, and the annulment that counts from then on


def settles(
    groups: Iterable[tuple[bytes, Collection[Person]]],
    facts: Iterable[Fact],
    around: Around,
    lookers: Collection[Person],
    now: datetime,
) -> dict[bytes, Settling]:
    """Return by household the first moment at which an annulment that was left out will count.

    Args:
        groups: each household's id and its members.
        facts: of the people of all households, whether they hold or not.
        around: what was read beyond them.
        lookers: who looks there.
        now: the moment of judging.
    """
    waiting = settling((*facts, *around.facts), now)
    if not waiting:
        return {}
    identities = links(holding((*facts, *around.facts), now))
    first: dict[bytes, Settling] = {}
    for fact, moment in waiting:
        assert fact.annulled_by is not None
        person = canonical(fact.person, identities)
        for one in {person, fact.person}:
            first[one] = min(first.get(one, (moment, fact.annulled_by)), (moment, fact.annulled_by))
    lookers_at = {looker.id: around.of(looker) for looker in lookers}
    found: dict[bytes, Settling] = {}
    for household, members in groups:
        concerned = {member.id for member in members}
        concerned.update(*(lookers_at.get(member.id, ()) for member in members))
        moments = [first[one] for one in concerned if one in first]
        if moments:
            found[household] = min(moments)
    return found
