"""Care for the lonely. Pure.

Cabinet Resolution 119 (23 Mar 2023): lonely elderly people and people with a disability who live
alone; no application is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from streams.person import Person
from streams.rules.calendar import birthday
from streams.rules.pack import Case, Judgement, Member, Parameters
from streams.rules.reason import MISSED, Condition, both, either, test
from streams.rules.uz.ability import ability
from streams.rules.uz.common import HOME, ends, living
from streams.stated import age


def lonely_care(case: Case) -> Iterator[Judgement]:
    """Judge everybody of pension age or with a grave disability."""
    for member in case.members:
        if not member.person.disabilities and ability(case, member).has_pension_age is False:
            continue
        frail = _frail(case, member)
        if frail.result == MISSED:
            if member.person.disabilities:  # one that is over may have been the reason
                yield Judgement("lonely_care", member.person.id, both("lonely_care", frail))
            continue
        parts = [frail, _alone(case, member)]
        if member.person.residences:  # else nobody beyond the household has been looked at
            parts.append(_childless(case, member))
        yield Judgement("lonely_care", member.person.id, both("lonely_care", *parts))


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
    """Return the days on which a registration, or the life of somebody near, changes an answer."""
    people = case.surroundings.people
    for member in case.members:
        person = member.person
        for tie in person.children:
            yield tie.since
            for dated in case.parameters["age_of_majority"]:
                yield birthday(tie.since, dated.values)
        for registration in person.residences:
            yield from ends(registration)
        if not may_be_lonely(case.parameters, person, case.on):
            continue
        near = _at_same_dwelling(case, person)
        for other in near:
            for registration in other.residences:
                yield from ends(registration)
            if other.birth is not None:
                yield other.birth.on
        near += [people[tie.other] for tie in person.children if tie.other in people]
        for other in near:
            if other.death is not None:
                yield other.death[0]


def _frail(case: Case, member: Member) -> Condition:
    birth = member.person.birth
    limit, is_old, _ = ability(case, member)
    old = test(
        "pension_age",
        holds=is_old,
        value=member.age,
        threshold=limit,
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
        if age(tie.since, case.on) >= case.value("age_of_majority") and living(case, tie.other)
    ]
    return test(
        "no_living_adult_child",
        holds=not grown,
        value=len(grown),
        events=tuple(tie.event for tie in grown),
    )


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
