"""An answer changes on the days that were foretold, and nobody is judged without their kin.

Random countries, judged as a whole day by day, and each circle of kin by itself as the assessor
does. Completeness is fixed: what a registry states later is an event, not a day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import canonical_json
from streams.assessment import Assessment, assess
from streams.gathering import Circle, gather, is_closed
from streams.household import households
from streams.lifecycle import Fact, holding
from streams.person import KINDS, people
from streams.rules.reason import MET, MISSED, evidence, substance
from streams.rules.uz import PACK
from streams.surroundings import read_around
from tests.unit.streams.rules.countries import NAMES, PEOPLE, Memory, countries
from tests.unit.streams.rules.world import NOW, ON, World, ident

SPAN = 70  # days
Picture = dict[bytes, dict[str, Any]]


def picture(assessments: list[Assessment]) -> Picture:
    """Return by person all that is said of them; what is missed is not said."""
    found: Picture = {person: {} for person in PEOPLE}
    for assessment in assessments:
        members = tuple(member.id for member in assessment.household.members)
        for member in members:
            near = [
                (judgement.kind, judgement.person, node.name, node.distance)
                for judgement, node in assessment.near_misses()
            ]
            found[member]["household"] = members, assessment.outcome, near
            found[member]["months"] = assessment.income_through
        for judgement in assessment.judgements.values():
            reason = judgement.reason
            if reason.result == MET:
                found[judgement.person][judgement.kind] = (
                    canonical_json(substance(reason)),
                    evidence(reason),
                    judgement.amount_minor,
                    judgement.since,
                    judgement.review_on,
                    judgement.parameters,
                )
            elif reason.result != MISSED:
                found[judgement.person][judgement.kind] = reason.result
    return found


def circle_of(world: World, person: bytes, on: date) -> set[bytes]:
    law = PACK.family_law(on)
    circle = gather(Memory(world), Circle({person}), on, NOW, law)
    while True:
        facts = holding((fact for fact in world.facts if fact.person in circle.ids), NOW)
        if is_closed(circle, people(facts, world.opened), facts, (), on, law):
            return circle.ids
        circle = gather(Memory(world), circle, on, NOW, law)


def judged_alone(world: World, ids: set[bytes], on: date) -> list[Assessment]:
    """Judge a circle from what the assessor would read of it."""
    store = Memory(world)
    rows = store.facts(ids, KINDS, PACK.reads_from(on))
    facts = holding((Fact(*row) for row in rows), NOW)
    persons = people(facts, world.opened)
    groups = households(persons, on, PACK.family_law(on))
    lookers = [one for group in groups for one in group.members if PACK.looks_beyond(one, on)]
    around = read_around(store, lookers, facts, persons, on=on, now=NOW)
    complete = {"civil": world.tax, "tax": world.tax, "health": world.tax}
    return [
        assess(group, on, PACK, complete=complete, surroundings=around.surroundings)
        for group in groups
    ]


@settings(max_examples=60, deadline=None)
@given(countries(), st.integers(0, SPAN - 1))
def test_nothing_changes_before_the_day_foretold(world: World, start: int) -> None:
    first = ON - timedelta(days=30) + timedelta(days=start)
    known = world.people()
    before = world.assess(first, known)
    foretold = {
        member.id: found.next_change_on for found in before for member in found.household.members
    }
    then = picture(before)
    waiting = {}  # by person: the day on which the circle is judged again
    for person in PEOPLE:
        days = [foretold[one] for one in circle_of(world, person, first) if one in foretold]
        if days:  # else nobody near is alive and born: there is no household that could wait
            waiting[person] = min((day for day in days if day is not None), default=date.max)
    for after in range(1, 30):
        day = first + timedelta(days=after)
        if all(due <= day for due in waiting.values()):
            break
        now = picture(world.assess(day, known))
        for name in NAMES:
            person = ident(name)
            if day < waiting.get(person, first):
                assert now[person] == then[person], (name, first, day)


@settings(max_examples=100, deadline=None)
@given(countries(), st.integers(-20, 20))
def test_a_circle_knows_all_that_its_people_depend_on(world: World, after: int) -> None:
    on = ON + timedelta(days=after)
    whole = picture(world.assess(on))

    for name in NAMES:
        person = ident(name)
        alone = picture(judged_alone(world, circle_of(world, person, on), on))
        assert alone[person] == whole[person], name
