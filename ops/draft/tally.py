"""What a draft law changes, counted: two assessments of everybody become sums. Pure.

A tally holds no person and no household, only counts and amounts; tallies of batches are added up,
in any order. Its counts are exact, so it is not for publishing: that is ``ops/draft/report.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from ops.draft.profiles import profile_of
from streams.assessment import Assessment
from streams.rules.pack import Judgement
from streams.rules.reason import MET

NOT_KNOWN: Final = "not known"  # where no residence is registered

GAINS, LOSES, OTHERWISE, SAME = "gains", "loses", "otherwise", "same"
EFFECTS: Final = (GAINS, LOSES, OTHERWISE, SAME)  # on a household
GAINED, LOST, MORE, LESS, UNCHANGED = "gained", "lost", "more", "less", "unchanged"
VALUES: Final = (GAINED, LOST, MORE, LESS, UNCHANGED)  # of one need of one person
IN_FORCE, DRAFT = "in_force", "draft"
LAWS: Final = (IN_FORCE, DRAFT)
_BETWEEN: Final = "|"  # of the parts of a key; no place, kind or effect contains it

Needs = Mapping[tuple[bytes, str], Judgement]  # those that are met


@dataclass(slots=True)
class Tally:
    """Sums over some households. Keys are words joined by ``|``."""

    people: Counter[str] = field(default_factory=Counter)  # place
    households: Counter[str] = field(default_factory=Counter)  # place, effect
    persons: Counter[str] = field(default_factory=Counter)  # place, kind, value
    cost_by_place: Counter[str] = field(default_factory=Counter)  # law, place
    cost_by_kind: Counter[str] = field(default_factory=Counter)  # law, kind
    outcomes: Counter[str] = field(default_factory=Counter)  # law, outcome
    near_misses: Counter[str] = field(default_factory=Counter)  # law, kind
    profiles: Counter[str] = field(default_factory=Counter)  # effect, what changes, profile

    def add(self, other: Tally) -> None:
        """Add what another tally has counted."""
        for name in _NAMES:
            getattr(self, name).update(getattr(other, name))

    def as_json(self) -> dict[str, dict[str, int]]:
        """Return all sums as JSON values."""
        return {name: dict(getattr(self, name)) for name in _NAMES}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Tally:
        """Return the tally that ``as_json`` was made of."""
        return cls(**{name: Counter(values[name]) for name in _NAMES})

    def count(self, before: Assessment, draft: Mapping[bytes, Needs], place: str) -> None:
        """Count one household: what holds for its members by the law in force, and by the draft.

        Args:
            before: by the law in force.
            draft: by person the needs by the draft, of these members and of others.
            place: where the household is counted.
        """
        members = [member.id for member in before.household.members]
        self.people[place] += len(members)
        now = needs([before])
        then = {who: one for member in members for who, one in draft.get(member, {}).items()}
        for who in now.keys() | then.keys():
            self.persons[key(place, who[1], _value(now.get(who), then.get(who)))] += 1
        for law, found in zip(LAWS, (now, then), strict=True):
            for (_, kind), judgement in found.items():
                amount = judgement.amount_minor or 0
                self.cost_by_place[key(law, place)] += amount
                self.cost_by_kind[key(law, kind)] += amount
        effect = _effect(now, then)
        self.households[key(place, effect)] += 1
        if effect != SAME:
            profile = profile_of(before)
            if profile is not None:
                self.profiles[key(effect, _change(now, then), profile.text())] += 1

    def count_law(self, law: str, assessments: Iterable[Assessment]) -> None:
        """Count what could not be said, and what was missed by little, by one law."""
        for assessment in assessments:
            self.outcomes[key(law, assessment.outcome)] += 1
            for kind in {judgement.kind for judgement, _ in assessment.near_misses()}:
                self.near_misses[key(law, kind)] += 1


_NAMES: Final = tuple(each.name for each in fields(Tally))


def needs(assessments: Iterable[Assessment]) -> dict[tuple[bytes, str], Judgement]:
    """Return every need by person and kind."""
    return {
        who: judgement
        for assessment in assessments
        for who, judgement in assessment.judgements.items()
        if judgement.reason.result == MET
    }


def by_person(found: Needs) -> dict[bytes, Needs]:
    """Return the needs of each person."""
    grouped: dict[bytes, dict[tuple[bytes, str], Judgement]] = {}
    for who, judgement in found.items():
        grouped.setdefault(who[0], {})[who] = judgement
    return {**grouped}


def key(*words: str) -> str:
    """Return one key of several words."""
    return _BETWEEN.join(words)


def split(key_: str) -> list[str]:
    """Return the words of a key."""
    return key_.split(_BETWEEN)


def _value(now: Judgement | None, then: Judgement | None) -> str:
    if now is None:
        return GAINED
    if then is None:
        return LOST
    difference = (then.amount_minor or 0) - (now.amount_minor or 0)
    return MORE if difference > 0 else LESS if difference < 0 else UNCHANGED


def _change(now: Needs, then: Needs) -> str:
    """Return which kinds of need come, go, or change their amount, as one word."""
    found = {
        f"{value}:{who[1]}"
        for who in now.keys() | then.keys()
        if (value := _value(now.get(who), then.get(who))) != UNCHANGED
    }
    return ",".join(sorted(found))


def _effect(now: Needs, then: Needs) -> str:
    """Money first; where it stays the same, who is given more needs gains."""
    difference = _sum(then) - _sum(now)
    if difference == 0 and now.keys() != then.keys():
        if now.keys() < then.keys():
            return GAINS
        return LOSES if then.keys() < now.keys() else OTHERWISE
    return GAINS if difference > 0 else LOSES if difference < 0 else SAME


def _sum(found: Needs) -> int:
    return sum(judgement.amount_minor or 0 for judgement in found.values())
