"""Support for people with a disability, and care for the lonely. Pure.

Cabinet Resolution 119 (23 Mar 2023): lonely elderly people and people with a disability who live
alone; no application is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from streams.person import Person
from streams.rules.calendar import birthday
from streams.rules.pack import Case, Judgement, Member, Parameters
from streams.rules.reason import MISSED, Condition, both, either, test
from streams.rules.uz.ability import has_pension_age, pension_age
from streams.stated import Disability, Residence, age

HOME: Final = "home"


def disability_support(case: Case) -> Iterator[Judgement]:
    """Judge everybody with an assessed group in force."""
    for member in case.members:
        disability = member.disability
        if disability is None:
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
            review_on=until and until - timedelta(days=case.value("disability_review_days")),
            since=disability.since,
        )


def lonely_care(case: Case) -> Iterator[Judgement]:
    """Judge everybody of pension age or with a grave disability."""
    for member in case.members:
        frail = _frail(case, member)
        if frail.result == MISSED:
            continue
        yield Judgement(
            "lonely_care",
            member.person.id,
            both("lonely_care", frail, _alone(case, member), _childless(case, member)),
        )


def may_be_lonely(parameters: Parameters, person: Person, on: date) -> bool:
    """Return whether anybody beyond the household matters for ``person``."""
    if not person.residences:
        return False
    disability = person.disability(on)
    groups = parameters.value("unable_groups", on)
    if disability is not None and (disability.group is None or disability.group in groups):
        return True
    if person.birth is None:
        return True
    limit = parameters.value("pension_age", on).get(person.birth.sex)
    return limit is None or age(person.birth.on, on) >= limit


def lonely_from(parameters: Parameters) -> int:
    """Return the lowest pension age that is ever in force."""
    lowest: int = min(min(dated.values.values()) for dated in parameters["pension_age"])
    return lowest


def care_days(case: Case) -> Iterator[date]:
    """Return the days on which an age, an assessment or a registration changes an answer."""
    for member in case.members:
        person = member.person
        for tie in person.children:
            for dated in case.parameters["age_of_majority"]:
                yield birthday(tie.since, dated.values)
        for assessed in person.disabilities:
            yield from _ends(assessed)
        for someone in (person, *_at_same_dwelling(case, person)):
            for registration in someone.residences:
                yield from _ends(registration)


def _ends(spell: Disability | Residence) -> Iterator[date]:
    yield spell.since
    if spell.until is not None:
        yield spell.until + timedelta(days=1)


def _frail(case: Case, member: Member) -> Condition:
    birth = member.person.birth
    old = test(
        "pension_age",
        holds=has_pension_age(case, member),
        value=member.age,
        threshold=pension_age(case, member),
        unit="years",
        events=(birth.event,) if birth is not None else (),
        volatile=True,
    )
    disability = member.disability
    if disability is None:
        disabled = test("grave_disability", holds=False)
    else:
        groups = case.value("unable_groups")
        disabled = test(
            "grave_disability",
            holds=None if disability.group is None else disability.group in groups,
            value=disability.group,
            unit="disability_group",
            events=(disability.event,),
        )
    return either("elderly_or_disabled", old, disabled)


def _alone(case: Case, member: Member) -> Condition:
    residence = member.person.residence(case.on)
    if residence is None:
        return test("lives_alone_at_home", holds=None)
    others = [
        other
        for other in _at_same_dwelling(case, member.person)
        if _lives_there(other, member, case.on)
    ]
    return test(
        "lives_alone_at_home",
        holds=residence.kind == HOME and not others,
        value=len(others),
        events=(residence.event, *_registrations(others, case.on)),
    )


def _childless(case: Case, member: Member) -> Condition:
    grown = [
        tie
        for tie in member.person.children
        if age(tie.since, case.on) >= case.value("age_of_majority")
        and not _is_dead(case, tie.other)
    ]
    return test(
        "no_living_adult_child",
        holds=not grown,
        value=len(grown),
        events=tuple(tie.event for tie in grown),
    )


def _is_dead(case: Case, identifier: bytes) -> bool:
    person = case.surroundings.people.get(identifier)
    return person is not None and person.is_dead(case.on)


def _at_same_dwelling(case: Case, person: Person) -> list[Person]:
    found = {
        other
        for residence in person.residences
        for other in case.surroundings.registered.get(residence.dwelling, ())
        if other != person.id
    }
    return [case.surroundings.people[other] for other in sorted(found)]


def _lives_there(other: Person, member: Member, on: date) -> bool:
    mine, theirs = member.person.residence(on), other.residence(on)
    return (
        mine is not None
        and theirs is not None
        and mine.dwelling == theirs.dwelling
        and not other.is_dead(on)
        and not other.is_unborn(on)
    )


def _registrations(others: list[Person], on: date) -> list[bytes]:
    found = (other.residence(on) for other in others)
    return [residence.event for residence in found if residence is not None]
