"""Who lives together in the eyes of the law, on a day. Pure.

A married couple lives together; a minor with the guardian, else with the mother, else with the
father (married parents are one household, so with both); everybody else alone. Residents of an
institution are not counted and form no household. Each person is in exactly one household or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from schemas.ids import Id, uuid8
from streams.person import Person
from streams.stated import Tie, is_in_force

INSTITUTION: Final = "institution"


class FamilyLaw(NamedTuple):
    """What a country's law says of who belongs together on a day; a rule pack gives it."""

    adult_age: int  # the age of majority
    remembers_from: date  # whose marriage was divorced since is still looked at: it may be an error


@dataclass(frozen=True, slots=True)
class Household:
    """The people of one household."""

    id: Id
    anchor: bytes  # the member with the lowest id
    members: tuple[Person, ...]  # by id
    in_institution: bool = False  # one resident of an institution: no household in law


def household_id(anchor: bytes) -> Id:
    """Return the id of the household anchored at a person."""
    return uuid8(hashlib.sha256(b"household\0" + anchor).digest())


def households(people: Mapping[bytes, Person], on: date, law: FamilyLaw) -> list[Household]:
    """Return every household of ``people``, which must hold all kin of its members."""
    found, present = [], {}
    for person in people.values():
        if person.is_dead(on) or person.is_unborn(on):
            continue
        if is_in_institution(person, on):
            found.append(Household(household_id(person.id), person.id, (person,), True))
        else:
            present[person.id] = person
    together: dict[bytes, list[Person]] = {}
    for person in present.values():
        together.setdefault(head(person, present, on, law), []).append(person)
    for members in together.values():
        members.sort(key=lambda member: member.id)
        anchor = members[0].id
        found.append(Household(household_id(anchor), anchor, tuple(members)))
    return found


def head(person: Person, present: Mapping[bytes, Person], on: date, law: FamilyLaw) -> bytes:
    """Return the person whose household this is; the same for all its members.

    Args:
        person: one of those present.
        present: who is alive, born, and not in an institution.
        on: the day.
        law: who is a minor.
    """
    passed: set[bytes] = set()
    while person.id not in passed:
        passed.add(person.id)
        partner = spouse(person, present, on)
        if partner is not None:
            return min(person.id, partner.id)
        carer = _carer(person, present, on) if person.is_minor(on, law.adult_age) else None
        if carer is None:
            return person.id
        person = carer
    return min(passed)  # minors who care for each other, which only an error makes


def spouse(person: Person, present: Mapping[bytes, Person], on: date) -> Person | None:
    """Return the present spouse. If the registry states several, both must mean each other."""
    partner = _latest_spouse(person, present, on) if person.marriages else None
    if partner is None or _latest_spouse(partner, present, on) is not person:
        return None
    return partner


def kin(person: Person, on: date, law: FamilyLaw) -> set[bytes]:
    """Return who else may be in the person's household, or decide what it is due.

    Death and institution are left out of account: whoever dies leaves a household that changes,
    and may leave somebody bereaved, even if a divorce was registered after the death.
    """
    married_on = min(on, law.remembers_from)
    found = {
        tie.other
        for tie in person.marriages
        if tie.since <= on and not _is_over(person, tie, married_on)
    }
    found |= {
        tie.other
        for tie in person.children
        if (tie.since.year + law.adult_age, tie.since.month, tie.since.day)
        > (on.year, on.month, on.day)
    }
    found |= {tie.other for tie in person.wards if is_in_force(tie, on)}
    if person.is_minor(on, law.adult_age) and person.birth is not None:
        found |= {tie.other for tie in person.guardians if is_in_force(tie, on)}
        found |= {parent for parent in (person.birth.mother, person.birth.father) if parent}
    return found


def is_in_institution(person: Person, on: date) -> bool:
    """Return whether the registration in force is at an institution."""
    residence = person.residence(on) if person.residences else None
    return residence is not None and residence.kind == INSTITUTION


def is_married(person: Person, tie: Tie, on: date) -> bool:
    """Return whether a marriage has begun and no divorce has ended it."""
    return tie.since <= on and not _is_over(person, tie, on)


def _is_over(person: Person, tie: Tie, on: date) -> bool:
    return any(end.other == tie.other and tie.since <= end.since <= on for end in person.divorces)


def _latest_spouse(person: Person, present: Mapping[bytes, Person], on: date) -> Person | None:
    ties = (tie for tie in person.marriages if tie.other in present and is_married(person, tie, on))
    latest = max(ties, key=lambda tie: (tie.since, tie.event, tie.other), default=None)
    return None if latest is None else present[latest.other]


def _carer(minor: Person, present: Mapping[bytes, Person], on: date) -> Person | None:
    guardians = sorted(
        (tie for tie in minor.guardians if is_in_force(tie, on)),
        key=lambda tie: (tie.since, tie.event),
        reverse=True,
    )
    parents = (minor.birth.mother, minor.birth.father) if minor.birth is not None else ()
    return next((present[one] for one in _ids(guardians, parents) if one in present), None)


def _ids(guardians: Iterable[Tie], parents: Iterable[bytes | None]) -> list[bytes]:
    return [tie.other for tie in guardians] + [parent for parent in parents if parent is not None]
