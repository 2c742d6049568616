"""Pension age ahead, and help to find work. Pure.

Law on State Pension Provision, art. 7: pension age. Law on Employment of the Population: help for
whoever lost work and has no income.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from streams.rules.calendar import birthday, month_start, months_later, months_text
from streams.rules.pack import Case, Judgement, Member
from streams.rules.reason import MET, MISSED, UNKNOWN, Condition, both, test
from streams.rules.uz.ability import ability, able_to_work
from streams.rules.uz.common import ends, not_in_institution
from streams.rules.uz.income import gaps, job_end, tax_complete
from streams.stated import is_in_force


def pension_age_approaching(case: Case) -> Iterator[Judgement]:
    """Judge whoever is in the last year before pension age, or has just reached it."""
    for member in case.members:
        limit, birth = ability(case, member).pension_age, member.person.birth
        if limit is None or birth is None or member.age not in {limit - 1, limit}:
            continue
        reached_on = birthday(birth.on, limit)
        begin = months_later(reached_on, -case.value("pension_notice_months"))
        ahead = test(
            "below_pension_age",
            holds=member.age < limit,
            value=member.age,
            threshold=limit,
            unit="years",
            events=(birth.event,),
            volatile=True,
        )
        near = test("pension_age_near", holds=case.on >= begin, value=reached_on, threshold=begin)
        reason = both("pension_age_approaching", ahead, near)
        yield Judgement("pension_age_approaching", member.person.id, reason, since=begin)


def employment_help(case: Case) -> Iterator[Judgement]:
    """Judge every adult whose employment has ended."""
    for member in case.members:
        over = [end for end in member.person.job_ends if end.on <= case.on]
        if member.is_minor or not over:
            continue
        last = max(end.on for end in over)
        ended = test(
            "employment_ended",
            holds=True,
            value=last,
            events=tuple(end.event for end in over if end.on == last),
        )
        reason = both(
            "employment_help",
            ended,
            _no_work(case, member),
            able_to_work(case, member),
            not_in_institution(case),
            _no_income(case, member),
        )
        yield Judgement("employment_help", member.person.id, reason, since=last)


def work_days(case: Case) -> Iterator[date]:
    """Return the days on which work begins or ends, and those on which pension age is near."""
    day = timedelta(days=1)
    for member in case.members:
        person = member.person
        for job in person.jobs:
            yield job.on
        for end in person.job_ends:
            yield end.on
            yield end.on + day
        for own in person.self_employments:
            yield from ends(own)
        if person.birth is None:
            continue
        for limits in case.parameters["pension_age"]:
            limit = limits.values.get(person.birth.sex)
            if limit is None or member.age is None or member.age >= limit:
                continue
            reached_on = birthday(person.birth.on, limit)
            yield reached_on
            for notice in case.parameters["pension_notice_months"]:
                yield months_later(reached_on, -notice.values)


def _no_work(case: Case, member: Member) -> Condition:
    """Return whether nothing is in force by which a member earns."""
    person, on = member.person, case.on
    events = []
    for job in person.jobs:
        ended = job_end(job, person.job_ends)
        if job.on <= on and (ended is None or ended.on >= on):
            events.append(job.event)
    events += [own.event for own in person.self_employments if is_in_force(own, on)]
    return test("no_work_in_force", holds=not events, value=len(events), events=tuple(events))


def _no_income(case: Case, member: Member) -> Condition:
    """Return whether nothing was earned in the last months that are closed."""
    if case.window is None:
        return Condition("no_income", UNKNOWN, parts=(tax_complete(case),))
    last = case.window[1]
    first = month_start(last, 1 - case.value("unemployed_months"))
    months = test("months_counted", holds=True, value=months_text(first, last), volatile=True)
    earned = [income for income in member.person.incomes if first <= income.month <= last]
    total = sum(income.gross_minor for income in earned)
    missing = tuple(gaps(member, first, last))
    return Condition(
        "no_income",
        MISSED if total > 0 else UNKNOWN if missing else MET,
        value=total,
        unit="tiyin",
        events=tuple(income.event for income in earned),
        parts=(months, *missing),
    )
