"""Who has reached pension age, and who can work. Pure.

Law on State Pension Provision, art. 7; groups 1 and 2 are unable or limited to work.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.rules.pack import Case, Member
from streams.rules.reason import Condition, test

_NOTE: Final = "ability"


class Ability(NamedTuple):
    """What age and health say of a member's work; None is unknown."""

    pension_age: int | None  # that holds for the member; None: the sex is not known
    has_pension_age: bool | None
    is_unable: bool | None  # or not fully able


def ability(case: Case, member: Member) -> Ability:
    """Return what is known of a member's ability to work."""
    known = case.notes.get(_NOTE)
    if not isinstance(known, dict):
        known = case.notes[_NOTE] = {}
    found = known.get(member.person.id)
    if not isinstance(found, Ability):
        found = known[member.person.id] = _ability(case, member)
    return found


def able_to_work(case: Case, member: Member) -> Condition:
    """Return whether a member is able to work, and because of what."""
    person = member.person
    _, is_old, is_unable = ability(case, member)
    events = [person.birth.event] if person.birth is not None else []
    unit = None
    because: object = "working_age"
    if is_old:
        because = "pension_age"
    elif member.disability is not None:
        because, unit = member.disability.group, "disability_group"
        events.append(member.disability.event)
    return test(
        "able_to_work",
        holds=None if is_unable is None else not is_unable,
        value=because,
        unit=unit,
        person=person.id,
        events=tuple(events),
    )


def _ability(case: Case, member: Member) -> Ability:
    birth, age = member.person.birth, member.age
    limit = None if birth is None else case.value("pension_age").get(birth.sex)
    is_old = None if limit is None or age is None else age >= limit
    group = member.disability.group if member.disability is not None else 0
    if is_old or group in case.value("unable_groups"):
        return Ability(limit, is_old, True)
    return Ability(limit, is_old, None if is_old is None or group is None else False)
