"""A family's income of the last closed months, and whether it can be said at all. Pure.

What is not reported is unknown: an adult of working age who was employed in a month, and whose
employer reported nothing for it, makes the family's income unknown, not low.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from streams.rules.calendar import (
    last_closed,
    month_after,
    month_start,
    months_of,
    months_text,
)
from streams.rules.pack import Case, Member, Parameters
from streams.rules.reason import MET, MISSED, UNKNOWN, Condition, both, test
from streams.rules.uz.ability import ability
from streams.stated import Job

REGISTRY: Final = "tax"
_NOTE: Final = "family_income"


class Income(NamedTuple):
    """The income per head, as a condition and exactly: ``total`` over ``shares``."""

    condition: Condition
    total: int
    shares: int  # heads times months

    def is_below(self, limit: int, percent: int = 100) -> bool:
        return self.total * 100 < limit * percent * self.shares


def window(parameters: Parameters, on: date, through: date | None) -> tuple[date, date] | None:
    """Return the first and the last day of the months that count; docs/rules.md."""
    if through is None:
        return None
    last = min(last_closed(through), on.replace(day=1) - timedelta(days=1))
    oldest: int = parameters.value("income_oldest_months", on)
    if last.replace(day=1) < month_start(on, -oldest):
        return None
    months: int = parameters.value("income_months", on)
    return month_start(last, 1 - months), last


def earliest(parameters: Parameters, on: date) -> date:
    """Return the first day of the oldest window that may count on ``on``."""
    oldest: int = parameters.value("income_oldest_months", on)
    months: int = parameters.value("income_months", on)
    return month_start(on, 1 - months - oldest)


def window_days(case: Case) -> Iterator[date]:
    """Return the days on which the window moves, or becomes too old, by the calendar alone."""
    if case.window is None:
        return
    _, last = case.window
    through = case.complete.get(REGISTRY)
    if through is not None and last_closed(through) > last:
        yield month_after(case.on)  # what is closed early counts when its month is over
    for dated in case.parameters["income_oldest_months"]:
        yield month_start(last, dated.values + 1)


def family_income(case: Case) -> Income:
    """Return the income per head: unknown with its cause, or met with its value."""
    known = case.notes.get(_NOTE)
    if not isinstance(known, Income):
        known = case.notes[_NOTE] = _family_income(case)
    return known


def _family_income(case: Case) -> Income:
    adults = [member for member in case.members if not member.is_minor]
    grown = test("adult_in_family", holds=bool(adults), value=len(adults))
    abilities = [(member.person.id, ability(case, member)) for member in adults]
    ages = [
        test("birth_date_known", holds=None, person=person)
        for person, able in abilities
        if able.has_pension_age is None
    ]
    health = [
        test("ability_to_work_known", holds=None, person=person)
        for person, able in abilities
        if able.has_pension_age is False and able.is_unable is None
    ]
    if case.household.in_institution:
        grown = Condition("not_in_institution", MISSED)
    checks = (grown, *ages, *health, tax_complete(case))
    if case.window is None or any(check.result != MET for check in checks):
        return Income(both("income_per_head", *checks), 0, 1)
    first, last = case.window
    gaps = [gap for member in adults for gap in _gaps(case, member, first, last)]
    if gaps:
        return Income(both("income_per_head", *gaps), 0, 1)
    incomes = [
        income
        for member in case.members
        for income in member.person.incomes
        if first <= income.month <= last
    ]
    total = sum(income.gross_minor for income in incomes)
    shares = len(case.members) * case.value("income_months")
    condition = Condition(
        "income_per_head",
        MET,
        value=total // shares,
        unit="tiyin_a_month",
        events=tuple(income.event for income in incomes),
        parts=(
            test("months_counted", holds=True, value=months_text(first, last), volatile=True),
            test("family_income", holds=True, value=total, unit="tiyin"),
            test("members", holds=True, value=len(case.members), events=_belonging(case)),
        ),
    )
    return Income(condition, total, shares)


def tax_complete(case: Case) -> Condition:
    """Return whether the tax registry has closed months that are recent enough."""
    through = case.complete.get(REGISTRY)
    oldest: int = case.value("income_oldest_months")
    return test(
        "tax_complete",
        holds=True if case.window is not None else None,
        value=through,
        threshold=month_start(case.on, 1 - oldest) - timedelta(days=1),
        volatile=True,
    )


def _belonging(case: Case) -> tuple[bytes, ...]:
    """Return the events that say who is in the family: births, marriages, guardianships."""
    together = {member.person.id for member in case.members}
    found = []
    for member in case.members:
        person = member.person
        if person.birth is not None:
            found.append(person.birth.event)
        ties = (*person.marriages, *person.guardians)
        found += [tie.event for tie in ties if tie.other in together]
    return tuple(dict.fromkeys(found))


def _gaps(case: Case, member: Member, first: date, last: date) -> Iterator[Condition]:
    if not member.person.jobs or ability(case, member).has_pension_age:
        return
    yield from gaps(member, first, last)


def gaps(member: Member, first: date, last: date) -> Iterator[Condition]:
    """Return the employments between two days of which a month's income is missing."""
    person = member.person
    reported = {(income.employer, income.month) for income in person.incomes}
    for job in person.jobs:
        ended = job_end(job, person.job_ends)
        for month, following in months_of(first, last):
            worked = job.on < following and (ended is None or ended.on >= month)
            if worked and (job.employer, month) not in reported:
                yield Condition(
                    "income_reported",
                    UNKNOWN,
                    value=f"{month:%Y-%m}",
                    person=person.id,
                    events=(job.event,) if ended is None else (job.event, ended.event),
                )


def job_end(job: Job, ends: list[Job]) -> Job | None:
    """Return the end of an employment: the first of that employer not before its begin."""
    later = [end for end in ends if end.employer == job.employer and end.on >= job.on]
    return min(later, key=lambda end: (end.on, end.event), default=None)
