"""What a rule pack is made of, and what its rules are given. Pure; knows no country."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from streams.household import Household
from streams.person import Disability, Person
from streams.rules.reason import Condition

_P = TypeVar("_P")


@dataclass(frozen=True, slots=True)
class Dated(Generic[_P]):
    """Parameters from a day on, until the next set begins."""

    valid_from: date
    source: str
    values: _P


def in_force(sets: Sequence[Dated[_P]], on: date) -> Dated[_P] | None:
    """Return the set in force on a day; None before the first. ``sets`` are in order of time."""
    found = None
    for dated in sets:
        if dated.valid_from <= on:
            found = dated
    return found


@dataclass(slots=True)
class Surroundings:
    """Whom else a rule may look at, beyond the household."""

    people: Mapping[bytes, Person] = field(default_factory=dict)
    registered: Mapping[str, Sequence[bytes]] = field(default_factory=dict)  # by dwelling, ever


@dataclass(slots=True)
class Member:
    """A member of the household as of the day."""

    person: Person
    age: int | None  # None: the birth date is not known
    disability: Disability | None  # in force


@dataclass(slots=True)
class Case:
    """What is judged: one household on one day."""

    household: Household
    on: date
    members: Sequence[Member]
    complete: Mapping[str, date | None]  # by registry: all is stated up to this day
    surroundings: Surroundings
    notes: dict[str, object] = field(default_factory=dict)  # what one rule found for the next


@dataclass(slots=True)
class Judgement:
    """One rule's word on one person: a need if the reason is met."""

    kind: str
    person: bytes
    reason: Condition
    parameters: str = ""  # since when the parameters used are valid
    amount_minor: int | None = None  # a month
    review_on: date | None = None  # else counted from the day of detection
    since: date | None = None  # where the facts themselves say it


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a pack: who is judged for what, by which law."""

    kinds: tuple[str, ...]
    law: str
    urgency: str  # immediate, soon, normal
    judge: Callable[[Case], Iterable[Judgement]]
    review_months: Mapping[str, int] = field(default_factory=dict)  # by kind


@dataclass(frozen=True, slots=True)
class RulePack:
    """All rules of a country."""

    name: str
    rules: tuple[Rule, ...]
    outcome: Callable[[Case], str]  # 'assessed', or why the family could not be
    next_change: Callable[[Case], Iterable[date]]  # days on which an answer may change
    income_window: Callable[[date], tuple[date, date]]  # the days whose incomes count
    looks_beyond: Callable[[Person, date], bool]  # does anybody outside the household matter?
    lonely_from_age: int  # younger and without disability, nobody outside ever matters

    def by_kind(self) -> dict[str, Rule]:
        return {kind: rule for rule in self.rules for kind in rule.kinds}
