"""Conditions and days that several rules share. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from streams.person import Person
from streams.rules.pack import Case, Judgement, Member
from streams.rules.reason import MET, Condition, both, test
from streams.stated import Disability, Residence, SelfEmployment, Tie

HOME: Final = "home"


def minor(case: Case, member: Member) -> Condition:
    """Return whether a member is under age; the value moves with the calendar."""
    birth = member.person.birth
    return test(
        "minor",
        holds=member.is_minor,
        value=member.age,
        threshold=case.value("age_of_majority"),
        unit="years",
        events=(birth.event,) if birth is not None else (),
        volatile=True,
    )


def grown_up(case: Case, member: Member, kind: str) -> Iterator[Judgement]:
    """Say of whom came of age this year why a minor's need is over."""
    if member.age == case.value("age_of_majority"):
        yield Judgement(kind, member.person.id, both(kind, minor(case, member)))


def not_in_institution(case: Case) -> Condition:
    """Return whether the household is one: a resident of an institution is alone in none."""
    if not case.household.in_institution:
        return Condition("not_in_institution", MET)
    residence = case.members[0].person.residence(case.on)
    events = () if residence is None else (residence.event,)
    return test("not_in_institution", holds=False, events=events)


def living(case: Case, identifier: bytes) -> bool:
    """Return whether somebody is not dead; of whom nothing is known, is taken as living."""
    person = case.surroundings.people.get(identifier)
    return person is None or not person.is_dead(case.on)


def deaths(case: Case, identifiers: list[bytes]) -> tuple[bytes, ...]:
    """Return the events that state the deaths of these people."""
    found = (case.surroundings.people.get(identifier) for identifier in identifiers)
    return tuple(
        person.death[1]
        for person in found
        if person is not None and person.death is not None and person.is_dead(case.on)
    )


def dead_person(case: Case, identifier: bytes) -> tuple[Person, date, bytes] | None:
    """Return somebody who is dead on the day, since when, and the event that states it."""
    person = case.surroundings.people.get(identifier)
    if person is None or person.death is None or not person.is_dead(case.on):
        return None
    return person, *person.death


def ends(spell: Disability | Residence | SelfEmployment | Tie) -> Iterator[date]:
    """Return the first day of a spell, and the first after it."""
    yield spell.since
    if spell.until is not None:
        yield spell.until + timedelta(days=1)
