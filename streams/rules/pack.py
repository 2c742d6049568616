"""What a rule pack is made of, and what its rules are given. Pure; knows no country."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar

from streams.household import FamilyLaw, Household
from streams.person import Person
from streams.rules.reason import Condition
from streams.stated import Disability

_P = TypeVar("_P")
_MOST_DAYS: Final = 1000  # of which the parameters in force are remembered


@dataclass(frozen=True, slots=True)
class Dated(Generic[_P]):
    """Parameters from a day on, until the next set begins."""

    valid_from: date
    source: str
    values: _P
    unit: str = ""


def in_force(sets: Sequence[Dated[_P]], on: date) -> Dated[_P] | None:
    """Return the set in force on a day; None before the first. ``sets`` are in order of time."""
    found = None
    for dated in sets:
        if dated.valid_from <= on:
            found = dated
    return found


class OnDay(NamedTuple):
    """Parameters on one day, by name."""

    in_force: Mapping[str, Dated[Any]]  # what is not in force yet is left out
    values: Mapping[str, Any]  # before the first set, those of the first


class Parameters(Mapping[str, Sequence[Dated[Any]]]):
    """A pack's numbers by name, each as dated sets in order of time."""

    def __init__(self, sets: Mapping[str, Sequence[Dated[Any]]]) -> None:
        self._sets = dict(sets)
        self._on: dict[date, OnDay] = {}
        self.days = sorted({dated.valid_from for dates in sets.values() for dated in dates})

    def __getitem__(self, name: str) -> Sequence[Dated[Any]]:
        return self._sets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)

    def on_day(self, on: date) -> OnDay:
        known = self._on.get(on)
        if known is None:
            if len(self._on) >= _MOST_DAYS:
                self._on = {}
            found = {name: in_force(sets, on) for name, sets in self._sets.items()}
            known = self._on[on] = OnDay(
                {name: dated for name, dated in found.items() if dated is not None},
                {name: (found[name] or sets[0]).values for name, sets in self._sets.items()},
            )
        return known

    def in_force(self, on: date) -> Mapping[str, Dated[Any]]:
        """Return by name the set in force on a day; what is not in force yet is left out."""
        return self.on_day(on).in_force

    def value(self, name: str, on: date) -> Any:
        """Return the values in force on a day; before the first set, those of the first."""
        return self.on_day(on).values[name]


@dataclass(slots=True)
class Surroundings:
    """Whom else a rule may look at, beyond the household."""

    people: Mapping[bytes, Person] = field(default_factory=dict)  # the dead too
    registered: Mapping[str, Sequence[bytes]] = field(default_factory=dict)  # by dwelling, ever


@dataclass(slots=True)
class Member:
    """A member of the household as of the day."""

    person: Person
    age: int | None  # None: the birth date is not known
    disability: Disability | None  # in force
    is_minor: bool  # whose birth date is not known counts as grown up


@dataclass(slots=True)
class Case:
    """What is judged: one household on one day."""

    household: Household
    on: date
    members: Sequence[Member]
    complete: Mapping[str, date | None]  # by registry: all is stated up to this day
    surroundings: Surroundings
    parameters: Parameters
    window: tuple[date, date] | None  # the days whose incomes count
    notes: dict[str, object] = field(default_factory=dict)  # what one rule found for the next
    _today: OnDay = field(init=False)

    def __post_init__(self) -> None:
        self._today = self.parameters.on_day(self.on)

    def parameter(self, name: str) -> Dated[Any] | None:
        """Return the set of ``name`` that is in force on the day; None before the first."""
        return self._today.in_force.get(name)

    def value(self, name: str) -> Any:
        """Return the values in force on the day; before the first set, those of the first."""
        return self._today.values[name]


@dataclass(slots=True)
class Judgement:
    """One rule's word on one person: a need if the reason is met."""

    kind: str
    person: bytes
    reason: Condition
    parameters: str = ""  # since when the parameters used are valid
    amount_minor: int | None = None  # a month
    review_on: date | None = None  # where the facts themselves say it, else:
    review_months: int | None = None  # counted from ``since``
    since: date | None = None  # where the facts themselves say it


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a pack: who is judged for what, by which law."""

    kinds: tuple[str, ...]
    law: str
    urgency: str  # immediate, soon, normal
    judge: Callable[[Case], Iterable[Judgement]]
    sensitive: bool = False  # that there is such a need says something about health


class Currency(NamedTuple):
    """What amounts are in; all of them are whole numbers of the minor unit."""

    code: str
    unit: str
    minor: str
    minor_per_unit: int

    def units(self, minor: int, sign: str = "") -> str:
        """Return an amount in whole units, as people read it; ``sign`` "+" always shows one."""
        return f"{minor / self.minor_per_unit:{sign},.0f}"


@dataclass(frozen=True, slots=True)
class RulePack:
    """All rules of a country. What is a function here is pure, and given the parameters."""

    name: str
    rules: tuple[Rule, ...]
    parameters: Parameters
    currency: Currency
    texts: Path  # the catalogue of what people read
    outcome: Callable[[Case], str]  # 'assessed', or why the family could not be
    next_change: Callable[[Case], Iterable[date]]  # days on which an answer may change
    family: Callable[[Parameters, date], FamilyLaw]
    window: Callable[[Parameters, date, date | None], tuple[date, date] | None]
    earliest: Callable[[Parameters, date], date]
    beyond: Callable[[Parameters, Person, date], bool]
    lonely_from: Callable[[Parameters], int]
    income_registry: str = "tax"  # whose completeness moves the window on
    benefits: Mapping[str, str] = field(default_factory=dict)  # what is paid, by its code: for what

    def by_kind(self) -> dict[str, Rule]:
        return {kind: rule for rule in self.rules for kind in rule.kinds}

    def income_window(self, on: date, through: date | None) -> tuple[date, date] | None:
        """Return the first and the last day of the months whose incomes count.

        Args:
            on: the day.
            through: the day up to which the registry of incomes has stated everything.

        Returns:
            None if no month is closed, or none that is recent enough.
        """
        return self.window(self.parameters, on, through)

    def reads_from(self, on: date) -> date:
        """Return the day from which incomes must be read, however far the registry is."""
        return self.earliest(self.parameters, on)

    def family_law(self, on: date) -> FamilyLaw:
        """Return what decides who lives together."""
        return self.family(self.parameters, on)

    def looks_beyond(self, person: Person, on: date) -> bool:
        """Return whether anybody outside the household matters for ``person``."""
        return self.beyond(self.parameters, person, on)

    @property
    def lonely_from_age(self) -> int:
        """Younger and without disability, nobody outside the household ever matters."""
        return self.lonely_from(self.parameters)
