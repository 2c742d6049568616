"""Find everybody who must be judged together: households before and after, complete.

The set is closed: with a person it holds all ids of that person, all kin that may share the
household or decide about it, and all members of the household that any of them was last counted in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Protocol

from streams.household import FamilyLaw, kin
from streams.identity import LINK_KINDS, LINKING, identifier
from streams.lifecycle import Fact, holding
from streams.person import Person, people

KIN_KINDS: Final = (
    "birth",
    "person",
    "marriage",
    "divorce",
    "child",
    "guardian",
    "ward",
    *LINK_KINDS,
)


class Facts(Protocol):
    """Where facts and the last households come from; one snapshot a call."""

    def facts(
        self, persons: Collection[bytes], kinds: tuple[str, ...], since: date
    ) -> list[tuple[Any, ...]]: ...

    def households_of(self, persons: Collection[bytes]) -> Mapping[bytes, Collection[bytes]]: ...


@dataclass(slots=True)
class Circle:
    """A closed set of ids and why each is in it.

    Whoever may be lonely but was never judged is only watched: locked, and left to the cause that
    is in the queue since their first fact, unless somebody judges them before we have the lock.
    """

    ids: set[bytes] = field(default_factory=set)
    origins: dict[bytes, bytes] = field(default_factory=dict)  # the event that moved each
    watched: set[bytes] = field(default_factory=set)


def gather(  # noqa: PLR0917
    store: Facts,
    circle: Circle,
    on: date,
    now: datetime,
    law: FamilyLaw,
    fresh: Collection[bytes] | None = None,
) -> Circle:
    """Return ``circle`` closed; all but ``fresh`` (default: all) have been looked at before."""
    fresh = set(circle.ids if fresh is None else fresh)
    while fresh:
        unasked = set(fresh)
        while fresh:
            read = holding((Fact(*row) for row in store.facts(fresh, KIN_KINDS, on)), now)
            # Each id by itself: all ids of a person get in, and then ``is_closed`` joins them.
            touched = people(read, {}, {}).values()
            fresh = _grow(circle, _ties(touched, on, law) + _linked(read))
            unasked |= fresh
        before = store.households_of(unasked).values()
        fresh = _grow(
            circle, [(member, one) for group in before for member in group for one in group]
        )
    return circle


def is_closed(  # noqa: PLR0917
    circle: Circle,
    found: Mapping[bytes, Person],
    facts: Iterable[Fact],
    before: Iterable[Collection[bytes]],
    on: date,
    law: FamilyLaw,
) -> bool:
    """Return whether nobody is missing from ``circle``; what is missing has been added."""
    pairs = _ties(found.values(), on, law) + _linked(facts)
    pairs += [(member, one) for group in before for member in group for one in group]
    return not _grow(circle, pairs)


def _ties(persons: Iterable[Person], on: date, law: FamilyLaw) -> list[tuple[bytes, bytes]]:
    return [(person.id, other) for person in persons for other in kin(person, on, law)]


def _linked(facts: Iterable[Fact]) -> list[tuple[bytes, bytes]]:
    return [
        (fact.person, identifier(fact.value[LINKING[fact.kind]]))
        for fact in facts
        if fact.kind in LINKING and fact.value.get(LINKING[fact.kind])
    ]


def _grow(circle: Circle, pairs: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    """Add the second of each pair, for the reason of the first; return who is new."""
    fresh = set()
    for origin, other in pairs:
        if other not in circle.ids:
            circle.ids.add(other)
            fresh.add(other)
            if origin in circle.origins:
                circle.origins.setdefault(other, circle.origins[origin])
    return fresh
