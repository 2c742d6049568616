"""Support for people with a disability, and care before a birth. Pure.

PF-258 (26 Dec 2025) and the Law on the Rights of Persons with Disabilities; Law on the Protection
of Citizens' Health.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from streams.rules.pack import Case, Judgement, Member
from streams.rules.reason import MET, Condition, both, either, test
from streams.rules.uz.common import ends
from streams.stated import Pregnancy, Tie


def disability_support(case: Case) -> Iterator[Judgement]:
    """Judge everybody with an assessed group; only one in force counts."""
    days: int = case.value("disability_review_days")
    for member in case.members:
        disability = member.disability
        if disability is None:
            past = [one for one in member.person.disabilities if one.since <= case.on]
            if past:
                last = max(past, key=lambda one: (one.since, one.event))
                over = test("assessment_in_force", holds=False, value=last.until)
                over.events = (last.event,)
                reason = both("disability_support", over)
                yield Judgement("disability_support", member.person.id, reason)
            continue
        until = disability.until
        group = test(
            "disability_group",
            holds=None if disability.group is None else 1 <= disability.group <= 3,
            value=disability.group,
            unit="disability_group",
            events=(disability.event,),
        )
        lasts = test("assessment_in_force", holds=True, value=until)
        yield Judgement(
            "disability_support",
            member.person.id,
            both("disability_support", group, lasts),
            review_on=until and until - timedelta(days=days),
            since=disability.since,
        )


def medical_follow_up(case: Case) -> Iterator[Judgement]:
    """Judge everybody of whom a pregnancy was registered."""
    for member in case.members:
        known = sorted(one for one in member.person.pregnancies if one.since <= case.on)
        if not known:
            continue
        judged = [(one.since, _uncared(case, member, one)) for one in known]
        reason = both("medical_follow_up", either("pregnant", *(tree for _, tree in judged)))
        counting = [since for since, tree in judged if tree.result == MET]
        yield Judgement(
            "medical_follow_up", member.person.id, reason, since=min(counting, default=None)
        )


def health_days(case: Case) -> Iterator[date]:
    """Return the days on which an assessment or a pregnancy begins or is over."""
    for member in case.members:
        person = member.person
        for assessed in person.disabilities:
            yield from ends(assessed)
        for one in person.pregnancies:
            yield one.since
            for dated in case.parameters["pregnancy_days"]:
                yield _last_day(one, dated.values) + timedelta(days=1)


def _uncared(case: Case, member: Member, pregnancy: Pregnancy) -> Condition:
    """Return whether a registered pregnancy lasts and nobody looks after it."""
    last = _last_day(pregnancy, case.value("pregnancy_days"))
    registered = test(
        "pregnancy_registered", holds=True, value=pregnancy.since, events=(pregnancy.event,)
    )
    lasts = test("pregnancy_lasts", holds=case.on <= last, value=last)
    followed = pregnancy.has_follow_up
    none = test("no_follow_up", holds=None if followed is None else not followed)
    born = _born_since(case, member, pregnancy)
    unborn = test("not_born_yet", holds=not born, events=tuple(tie.event for tie in born))
    return both("pregnancy_without_follow_up", registered, lasts, none, unborn)


def _born_since(case: Case, member: Member, pregnancy: Pregnancy) -> list[Tie]:
    children = member.person.children
    return [tie for tie in children if pregnancy.since <= tie.since <= case.on]


def _last_day(pregnancy: Pregnancy, days: int) -> date:
    return pregnancy.due_on or pregnancy.since + timedelta(days=days)
