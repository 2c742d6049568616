"""What will begin and end by the calendar: everybody judged as of future days, with today's facts.

Everything stands still but the date: no event comes, incomes go on as in the months that count
today (the window does not move, and does not become too old), annulments not yet settled stay so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from projections.suppression import Cell
from streams.assessment import Assessment
from streams.person import Person
from streams.rules.calendar import month_start
from streams.rules.pack import RulePack
from streams.rules.uz.children import child_amount

AHEAD: Final = (3, 6, 12)  # months
PERIODS: Final = ("months 1-3", "months 4-6", "months 7-12")
BEGINS, ENDS = "begins", "ends"
BIRTHS: Final = "expected_birth"
POOR_BIRTHS: Final = "expected_birth_poor_family"
POOR, OTHER = "poor", "other"  # of expected births: their families
_Standing = dict[tuple[bytes, str], int | None]  # person and kind: amount
_POOR: Final = ("family_state_supported", "family_low_income")


def days_ahead(on: date) -> tuple[date, ...]:
    """Return today and the same day in 3, 6 and 12 months, or the last of a shorter month.

    >>> [day.isoformat() for day in days_ahead(date(2026, 11, 30))]
    ['2026-11-30', '2027-02-28', '2027-05-30', '2027-11-30']
    """
    return (on, *(_months_on(on, months) for months in AHEAD))


def standing_still(pack: RulePack, on: date) -> RulePack:
    """Return the rules with the income window of ``on``, whatever the day."""
    window, earliest = pack.window, pack.earliest
    return replace(
        pack,
        window=lambda parameters, _, through: window(parameters, on, through),
        earliest=lambda parameters, _: earliest(parameters, on),
    )


@dataclass(slots=True)
class Movements:
    """Counts and monthly amounts of one movement of one kind, by district and period."""

    counts: defaultdict[Cell, int] = field(default_factory=lambda: defaultdict(int))
    costs: defaultdict[Cell, int] = field(default_factory=lambda: defaultdict(int))
    highest: int = 0  # amount of one need; 0: none has an amount

    def add(self, place: str, period: str, amount: int | None) -> None:
        self.counts[place, period] += 1
        if amount is not None:
            self.costs[place, period] += amount
            self.highest = max(self.highest, amount)


@dataclass(slots=True)
class Forecast:
    """Who stands on which of the days; fed day by day, in any order of households."""

    days: Sequence[date]
    pack: RulePack
    place_of: Callable[[bytes], str]
    movements: dict[tuple[str, str], Movements] = field(
        default_factory=lambda: defaultdict(Movements)
    )
    _done: int = 0
    _standing: _Standing = field(default_factory=dict)  # on the day before

    def day(self, assessments: Iterable[Assessment]) -> None:
        """Take what was concluded of everybody on the next of the days."""
        found: _Standing = {}
        for assessment in assessments:
            for judgement in assessment.needs():
                found[judgement.person, judgement.kind] = judgement.amount_minor
            if self._done == 0:
                self._births(assessment)
        if self._done:
            self._compare(PERIODS[self._done - 1], self._standing, found)
        self._done += 1
        self._standing = found

    def _compare(self, period: str, before: _Standing, after: _Standing) -> None:
        for movement, those, others in ((BEGINS, after, before), (ENDS, before, after)):
            for (person, kind), amount in those.items():
                if (person, kind) not in others:
                    self.movements[kind, movement].add(self.place_of(person), period, amount)

    def _births(self, assessment: Assessment) -> None:
        kinds = {judgement.kind for judgement in assessment.needs()}
        minors = sum(
            person.is_minor(assessment.on, self.pack.family_law(assessment.on).adult_age)
            for person in assessment.household.members
        )
        for person in assessment.household.members:
            for due_on in self._due(person, assessment.on):
                period = self._period(due_on)
                if period is None:
                    continue
                place = self.place_of(person.id)
                care: int = self.pack.parameters.value("infant_care", due_on)
                self.movements[BIRTHS, BEGINS].add(place, period, care)
                family, amount = OTHER, None
                if kinds.intersection(_POOR):
                    amounts = self.pack.parameters.value("child_benefit", due_on)
                    family, amount = POOR, child_amount(amounts, minors + 1, is_young=True)
                self.movements[POOR_BIRTHS, BEGINS].add(place, family, amount)

    def _due(self, person: Person, on: date) -> set[date]:
        """Return the due dates of pregnancies after which no child is known to be born."""
        found = set()
        for pregnancy in person.pregnancies:
            if pregnancy.has_follow_up is None or pregnancy.since > on:
                continue  # erased, or not yet
            days: int = self.pack.parameters.value("pregnancy_days", on)
            due_on = pregnancy.due_on or pregnancy.since + timedelta(days=days)
            if not any(pregnancy.since <= child.since for child in person.children):
                found.add(due_on)
        return found

    def _period(self, day: date) -> str | None:
        if day <= self.days[0]:
            return None
        return next((p for p, end in zip(PERIODS, self.days[1:], strict=True) if day <= end), None)


def _months_on(on: date, months: int) -> date:
    first = month_start(on, months)
    last = (month_start(on, months + 1) - timedelta(days=1)).day
    return first.replace(day=min(on.day, last))
