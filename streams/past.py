"""Judge a person's household on a day, by what was known at a moment. Pure but for its store.

The same steps as the assessor's, without queue, locks or anything said:

    the asked id -> all ids of that person and all kin -> facts that hold -> households -> assess

What was known at T is what an assessor would have said that stopped at T: facts, closures, links
and completeness known later are left out by the store, and T is ``now`` for what must settle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

from projections.completeness import Complete, stated_through
from projections.sealing_keys import KeyReader
from schemas.ids import text
from streams.assessment import Assessment, assess
from streams.gathering import Circle, gather, is_closed
from streams.household import Household, households
from streams.identity import LINK_KINDS, canonical, links
from streams.lifecycle import Fact
from streams.person import JUDGED_KINDS, Person, people
from streams.reading import open_health
from streams.rules.pack import Judgement, RulePack
from streams.rules.reason import MET, UNKNOWN, as_json, evidence, walk
from streams.surroundings import held, look_around

_ALWAYS: Final = date.max  # since when incomes are read, where none are wanted


class Facts(Protocol):
    """What was known at a moment; one snapshot. ``projections.past_store`` keeps it."""

    known_at: datetime

    def facts(
        self, persons: Collection[bytes], kinds: Sequence[str], since: date
    ) -> list[tuple[Any, ...]]: ...

    def households_of(self, persons: Collection[bytes]) -> Mapping[bytes, Collection[bytes]]: ...

    def registered_at(self, dwellings: Collection[str]) -> set[bytes]: ...

    def completeness(self) -> Mapping[str, Complete]: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """What was concluded of everybody in somebody's circle."""

    person: bytes  # the canonical id of who was asked for
    on: date
    complete: Mapping[str, date | None]
    assessments: list[Assessment]

    def own(self) -> Assessment | None:
        """Return the assessment of the person's own household; None: in none on that day."""
        return next(
            (found for found in self.assessments if self.person in _members(found.household)), None
        )


@dataclass(frozen=True, slots=True)
class Past:
    """Judges again; safe to share between threads."""

    keystore: KeyReader
    pack: RulePack
    partitions: int  # of each registry's topic

    def ids(self, store: Facts, asked: bytes) -> tuple[bytes, list[bytes]]:
        """Return the person that ``asked`` stood for, and all ids of that person, sorted."""
        known, fresh = {asked}, {asked}
        facts: list[Fact] = []
        while fresh:
            read = held(store.facts(fresh, LINK_KINDS, _ALWAYS), store.known_at)
            facts += read
            link = links(read)
            fresh = {*link, *link.values()} - known
            known |= fresh
        link = links(facts)
        person = canonical(asked, link)
        return person, sorted(one for one in known if canonical(one, link) == person)

    def complete(self, store: Facts) -> dict[str, date | None]:
        """Return up to when each registry had stated everything, in all partitions."""
        return stated_through(store.completeness(), self.partitions)

    def judge(
        self,
        store: Facts,
        asked: Collection[bytes],
        on: date,
        complete: Mapping[str, date | None] | None = None,
    ) -> list[Assessment]:
        """Return what follows for every household in the circle of ``asked``.

        Args:
            store: what was known.
            asked: ids of people.
            on: the day, whose parameters count.
            complete: how far the registries are; None: as was known.
        """
        if complete is None:
            complete = self.complete(store)  # before the facts, as the assessor does
        facts, persons = self._circle(store, asked, on)
        groups = households(persons, on, self.pack.family_law(on))
        lookers = [
            member
            for group in groups
            for member in group.members
            if self.pack.looks_beyond(member, on)
        ]
        around = look_around(store, lookers, facts, persons, on, store.known_at)
        return [
            assess(group, on, self.pack, complete=complete, surroundings=around) for group in groups
        ]

    def judged(self, store: Facts, asked: bytes, on: date) -> Judged:
        """Return what follows for one person."""
        person, ids = self.ids(store, asked)
        complete = self.complete(store)
        return Judged(person, on, complete, self.judge(store, ids, on, complete))

    def needs(self, store: Facts, asked: bytes, on: date) -> dict[str, Any]:
        """Return needs, near misses, what is unknown, and the household, as JSON values."""
        judged = self.judged(store, asked, on)
        own = judged.own()
        rules = self.pack.by_kind()
        found: dict[str, Any] = {"needs": [], "unknown": []}
        for judgement in _of(own, judged.person):
            rule = f"{self.pack.name}.{judgement.kind}"
            rule += f"/{judgement.parameters}" if judgement.parameters else ""
            law = rules[judgement.kind].law
            reason = {"rule": rule, "law": law, "on": on.isoformat(), **as_json(judgement.reason)}
            said = {"kind": judgement.kind, "rule": rule, "reason": reason}
            said["evidence"] = [text(event) for event in evidence(judgement.reason)]
            if judgement.reason.result == MET:
                assert own is not None
                found["needs"].append(
                    said
                    | {
                        "household": text(own.household.id),
                        "status": "judged",
                        "since": judgement.since,
                        "review_on": judgement.review_on,
                        "urgency": rules[judgement.kind].urgency,
                        "amount_minor": judgement.amount_minor,
                    }
                )
            elif judgement.reason.result == UNKNOWN:
                found["unknown"].append(said | {"conditions": _unknown(judgement)})
        found["near_misses"] = [
            {
                "kind": judgement.kind,
                "condition": node.name,
                "threshold": node.threshold,
                "distance": node.distance,
                "unit": node.unit,
            }
            for judgement, node in (own.near_misses() if own else ())
            if judgement.person == judged.person
        ]
        return {"person": text(judged.person), "household": as_household(own), **found}

    def household(self, store: Facts, asked: bytes, on: date) -> dict[str, Any]:
        """Return the person and the household, as JSON values."""
        judged = self.judged(store, asked, on)
        return {"person": text(judged.person), "household": as_household(judged.own())}

    def _circle(
        self, store: Facts, asked: Collection[bytes], on: date
    ) -> tuple[list[Fact], dict[bytes, Person]]:
        """Return the facts of ``asked`` and of everybody who must be judged with them."""
        circle, law, now = Circle(set(asked)), self.pack.family_law(on), store.known_at
        since = self.pack.reads_from(on)
        while True:
            circle = gather(store, circle, on, now, law)
            facts = held(store.facts(circle.ids, JUDGED_KINDS, since), now)
            persons = people(facts, open_health(self.keystore, facts))
            if is_closed(circle, persons, facts, (), on, law):
                return facts, persons


def as_household(assessment: Assessment | None) -> dict[str, Any] | None:
    """Return a household as JSON values; None: in none."""
    if assessment is None:
        return None
    household = assessment.household
    return {
        "household": text(household.id),
        "anchor": text(household.anchor),
        "members": [text(member.id) for member in household.members],
        "in_institution": household.in_institution,
        "assessed_on": assessment.on,
        "next_change_on": assessment.next_change_on,
        "outcome": assessment.outcome,
    }


def _members(household: Household) -> set[bytes]:
    return {member.id for member in household.members}


def _of(assessment: Assessment | None, person: bytes) -> list[Judgement]:
    if assessment is None:
        return []
    found = assessment.judgements.values()
    return sorted((one for one in found if one.person == person), key=lambda one: one.kind)


def _unknown(judgement: Judgement) -> list[str]:
    """Return the conditions at the leaves that nobody can answer."""
    nodes = (node for node in walk(judgement.reason) if node.result == UNKNOWN)
    leaves = (node.name for node in nodes if all(part.result != UNKNOWN for part in node.parts))
    return list(dict.fromkeys(leaves))
