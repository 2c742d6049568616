"""A family's income of the last three closed months, and whether it can be said at all. Pure.

What is not reported is unknown: an adult of working age who was employed in a month, and whose
employer reported nothing for it, makes the family's income unknown, not low.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from streams.household import ADULT_AGE
from streams.person import Job
from streams.rules.pack import Case, Member
from streams.rules.reason import MET, MISSED, UNKNOWN, Condition, both, test
from streams.rules.uz.parameters import INCOME_MONTHS, PENSION_AGE, UNABLE_GROUPS

_NOTE: Final = "family_income"


def window(on: date) -> tuple[date, date]:
    """Return the first day of the first, and the last day of the last, of the three months.

    >>> window(date(2026, 3, 31))
    (datetime.date(2025, 12, 1), datetime.date(2026, 2, 28))
    """
    last = on.replace(day=1) - timedelta(days=1)
    months = last.year * 12 + last.month - INCOME_MONTHS
    return date(months // 12, months % 12 + 1, 1), last


def month_after(month: date) -> date:
    """Return the first day of the next month."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def is_adult(member: Member) -> bool:
    """Whose birth date is not known counts as grown up."""
    return member.age is None or member.age >= ADULT_AGE


def has_pension_age(member: Member) -> bool | None:
    """Return None if birth date or sex is not known."""
    birth = member.person.birth
    if birth is None or member.age is None:
        return None
    limit = PENSION_AGE.get(birth.sex or "")
    return None if limit is None else member.age >= limit


def is_unable(member: Member) -> bool | None:
    """Return whether a member cannot work, or not fully; None if that cannot be said."""
    pension = has_pension_age(member)
    group = member.disability.group if member.disability is not None else 0
    if pension or group in UNABLE_GROUPS:
        return True
    return None if pension is None or group is None else False


def family_income(case: Case) -> Condition:
    """Return the income per head as a condition: unknown with its cause, or met with its value."""
    known = case.notes.get(_NOTE)
    if not isinstance(known, Condition):
        known = case.notes[_NOTE] = _family_income(case)
    return known


def _family_income(case: Case) -> Condition:
    first, last = window(case.on)
    adults = [member for member in case.members if is_adult(member)]
    grown = test("adult_in_family", holds=bool(adults), value=len(adults))
    ages = [
        test("birth_date_known", holds=None, person=member.person.id)
        for member in adults
        if has_pension_age(member) is None
    ]
    health = [
        test("ability_to_work_known", holds=None, person=member.person.id)
        for member in adults
        if has_pension_age(member) is False and is_unable(member) is None
    ]
    through = case.complete.get("tax")
    closed = test(
        "tax_complete",
        holds=True if through is not None and through >= last else None,
        value=through,
        threshold=last,
        volatile=True,
    )
    if case.household.in_institution:
        grown = Condition("not_in_institution", MISSED)
    checks = (grown, *ages, *health, closed)
    if any(check.result != MET for check in checks):
        return both("income_per_head", *checks)
    gaps = [gap for member in adults for gap in _gaps(member, first, last)]
    if gaps:
        return both("income_per_head", *gaps)
    incomes = [
        income
        for member in case.members
        for income in member.person.incomes
        if first <= income.month <= last
    ]
    total = sum(income.gross_minor for income in incomes)
    return Condition(
        "income_per_head",
        MET,
        value=total // (len(case.members) * INCOME_MONTHS),
        unit="tiyin_a_month",
        events=tuple(income.event for income in incomes),
        parts=(
            test("months", holds=True, value=f"{first:%Y-%m}/{last:%Y-%m}", volatile=True),
            test("family_income", holds=True, value=total, unit="tiyin"),
            test("members", holds=True, value=len(case.members), events=_belonging(case)),
        ),
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


def _gaps(member: Member, first: date, last: date) -> Iterator[Condition]:
    """Return the employments of a working-age member of which a month's income is missing."""
    person = member.person
    if not person.jobs or has_pension_age(member):
        return
    reported = {(income.employer, income.month) for income in person.incomes}
    for job in person.jobs:
        ended = job_end(job, person.job_ends)
        month = first
        while month <= last:
            following = month_after(month)
            worked = job.on < following and (ended is None or ended.on >= month)
            if worked and (job.employer, month) not in reported:
                yield Condition(
                    "income_reported",
                    UNKNOWN,
                    value=f"{month:%Y-%m}",
                    person=person.id,
                    events=(job.event,) if ended is None else (job.event, ended.event),
                )
            month = following


def job_end(job: Job, ends: list[Job]) -> Job | None:
    """Return the end of an employment: the first of that employer not before its begin."""
    later = [end for end in ends if end.employer == job.employer and end.on >= job.on]
    return min(later, key=lambda end: (end.on, end.event), default=None)
