"""Who has reached pension age, and who can work. Pure.

Law on State Pension Provision, art. 7; groups 1 and 2 are unable or limited to work.
"""

from __future__ import annotations

from streams.rules.pack import Case, Member
from streams.rules.reason import Condition, test


def pension_age(case: Case, member: Member) -> int | None:
    """Return the pension age that holds for a member; None if the sex is not known."""
    birth = member.person.birth
    if birth is None:
        return None
    limit: int | None = case.value("pension_age").get(birth.sex)
    return limit


def has_pension_age(case: Case, member: Member) -> bool | None:
    """Return None if birth date or sex is not known."""
    limit = pension_age(case, member)
    return None if limit is None or member.age is None else member.age >= limit


def is_unable(case: Case, member: Member) -> bool | None:
    """Return whether a member cannot work, or not fully; None if that cannot be said."""
    pension = has_pension_age(case, member)
    group = member.disability.group if member.disability is not None else 0
    if pension or group in case.value("unable_groups"):
        return True
    return None if pension is None or group is None else False


def able_to_work(case: Case, member: Member) -> Condition:
    """Return whether a member is able to work, and because of what."""
    person = member.person
    events = [person.birth.event] if person.birth is not None else []
    unit = None
    because: object = "working_age"
    if has_pension_age(case, member):
        because = "pension_age"
    elif member.disability is not None:
        because, unit = member.disability.group, "disability_group"
        events.append(member.disability.event)
    unable = is_unable(case, member)
    return test(
        "able_to_work",
        holds=None if unable is None else not unable,
        value=because,
        unit=unit,
        person=person.id,
        events=tuple(events),
    )
