"""Whom a death leaves in need: survivors' support, and psychological support. Pure.

Law on State Pension Provision: who loses an earning parent or spouse. PF-258 (26 Dec 2025):
psychological support after a referral, or for bereaved parents of minors.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from streams.household import is_married
from streams.person import Person
from streams.rules.calendar import months_later
from streams.rules.pack import Case, Judgement, Member
from streams.rules.reason import MET, MISSED, Condition, both, either, test
from streams.rules.uz.common import dead_person, grown_up, living, minor
from streams.rules.uz.income import job_end
from streams.stated import age, is_in_force


class Loss(NamedTuple):
    """Somebody's death."""

    of: Person
    on: date
    event: bytes


def survivor_support(case: Case) -> Iterator[Judgement]:
    """Judge minors whose parent, and everybody whose spouse, is dead."""
    for member in case.members:
        found: list[tuple[Loss | date, Condition]] = []
        if member.is_minor:
            found = [
                (loss, both("death_of_parent", _death(loss), minor(case, member), _earning(loss)))
                for loss in _parents(case, member)
            ]
        else:
            yield from grown_up(case, member, "survivor_support")
        found += [
            (loss, both("death_of_spouse", _death(loss), _recent(case, loss), _earning(loss)))
            for loss in _spouses(case, member)
        ]
        if found:
            yield _judged("survivor_support", "bereaved_of_earner", member, found)


def psychological_support(case: Case) -> Iterator[Judgement]:
    """Judge whoever was referred, or lost a spouse with minor children left."""
    months: int = case.value("referral_months")
    for member in case.members:
        if not member.person.referrals and not member.person.marriages:
            continue
        found: list[tuple[Loss | date, Condition]] = []
        for referral in member.person.referrals:
            if referral.since <= case.on:
                last = months_later(referral.since, months)
                held = test("referral_in_force", holds=case.on < last, value=referral.since)
                held.events = (referral.event,)
                found.append((referral.since, held))
        for loss in _spouses(case, member):
            parts = _death(loss), _recent(case, loss), _minor_children(case, member)
            found.append((loss, both("death_of_spouse", *parts)))
        if found:
            yield _judged("psychological_support", "referred_or_bereaved", member, found)


def bereavement_days(case: Case) -> Iterator[date]:
    """Return the days on which a referral or a bereavement begins or is over."""
    for member in case.members:
        person = member.person
        for dated in case.parameters["referral_months"]:
            for referral in person.referrals:
                yield referral.since
                yield months_later(referral.since, dated.values)
        if not person.marriages:
            continue
        for dated in case.parameters["bereaved_months"]:
            for loss in _spouses(case, member):
                yield months_later(loss.on, dated.values)


def _judged(
    kind: str, name: str, member: Member, found: list[tuple[Loss | date, Condition]]
) -> Judgement:
    """Return the judgement: one death or referral that counts is enough, the earliest dates it."""
    found.sort(key=lambda one: (_day(one[0]), one[1].events, _event(one[0])))
    reason = both(kind, either(name, *(condition for _, condition in found)))
    counting = [_day(one) for one, condition in found if condition.result == MET]
    return Judgement(kind, member.person.id, reason, since=min(counting, default=None))


def _day(one: Loss | date) -> date:
    return one.on if isinstance(one, Loss) else one


def _event(one: Loss | date) -> bytes:
    return one.event if isinstance(one, Loss) else b""


def _parents(case: Case, member: Member) -> Iterator[Loss]:
    birth = member.person.birth
    assert birth is not None
    for parent in (birth.mother, birth.father):
        dead = None if parent is None else dead_person(case, parent)
        if dead is not None:
            yield Loss(*dead)


def _spouses(case: Case, member: Member) -> Iterator[Loss]:
    """Return the dead to whom a member was married on the day of their death."""
    lost: set[bytes] = set()
    for tie in member.person.marriages:
        dead = dead_person(case, tie.other)
        if dead is None or tie.other in lost:
            continue
        if is_married(member.person, tie, dead[1]):
            lost.add(tie.other)
            yield Loss(*dead)


def _death(loss: Loss) -> Condition:
    return test("dead", holds=True, value=loss.on, person=loss.of.id, events=(loss.event,))


def _recent(case: Case, loss: Loss) -> Condition:
    """Return whether the death is so recent that a spouse counts as bereaved."""
    until = months_later(loss.on, case.value("bereaved_months"))
    return test("bereaved_recently", holds=case.on < until, threshold=until)


def _earning(loss: Loss) -> Condition:
    """Return whether the dead had work on the day of death."""
    person, on = loss.of, loss.on
    events = []
    for job in person.jobs:
        ended = job_end(job, person.job_ends)
        if job.on <= on and (ended is None or ended.on >= on):
            events += [job.event] if ended is None else [job.event, ended.event]
    events += [own.event for own in person.self_employments if is_in_force(own, on)]
    return test("was_earning", holds=bool(events), person=person.id, events=tuple(events))


def _minor_children(case: Case, member: Member) -> Condition:
    limit: int = case.value("age_of_majority")
    left = [
        tie
        for tie in member.person.children
        if tie.since <= case.on and age(tie.since, case.on) < limit and living(case, tie.other)
    ]
    return Condition(
        "has_living_minor_child",
        MET if left else MISSED,
        value=len({tie.other for tie in left}),
        events=tuple(tie.event for tie in left),
        volatile=True,
    )
