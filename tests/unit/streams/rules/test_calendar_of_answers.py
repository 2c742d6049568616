"""An answer changes on the days that were foretold, and nobody is judged without their kin.

Random countries, judged as a whole day by day, and each circle of kin by itself as the assessor
does. Completeness is fixed: what a registry states later is an event, not a day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import canonical_json
from streams.assessment import Assessment, assess
from streams.gathering import Circle, gather, is_closed
from streams.household import households
from streams.lifecycle import Fact, holding
from streams.person import KINDS, Person, people
from streams.rules.reason import MET, MISSED, evidence, substance
from streams.rules.uz import PACK
from streams.surroundings import read_around
from tests.unit.streams.rules import (
    test_bereavement_examples as bereavement,
)
from tests.unit.streams.rules import (
    test_care_examples as care,
)
from tests.unit.streams.rules import (
    test_children_examples as children,
)
from tests.unit.streams.rules import (
    test_family_examples as family,
)
from tests.unit.streams.rules import (
    test_health_examples as health,
)
from tests.unit.streams.rules import (
    test_work_examples as work,
)
from tests.unit.streams.rules.countries import NAMES, Memory, apply, countries, moves
from tests.unit.streams.rules.world import NOW, ON, World, couple, ident

Picture = dict[bytes, dict[str, Any]]
TABLES = (children, bereavement, care, family, health, work)
EXAMPLES = [
    pytest.param(row.values[0], id=f"{table.__name__.split('_')[-2]} {row.id}")
    for table in TABLES
    for rows in vars(table).values()
    if isinstance(rows, list)
    for row in rows
    if hasattr(row, "values") and isinstance(row.values[0], World)
]
EXAMPLES += [
    pytest.param(
        bereavement.widow()
        .born("3child", "2008-03-15", mother="1she")
        .guarded("3child", "4aunt")
        .woman("4aunt"),
        id="a bereaved mother's child comes of age elsewhere",
    ),
    pytest.param(World().man("1he", "1966-06-20"), id="pension age comes near"),
    pytest.param(World().woman("1she", "1971-03-20"), id="pension age comes"),
    pytest.param(
        care.old().born("2son", "1980-01-01", mother="1she").died("2son", "2026-03-20"),
        id="the only son dies",
    ),
    pytest.param(
        care.old().man("2lodger").lives("2lodger", "home", "2026-03-20", "2026-03-25"),
        id="a lodger comes and goes",
    ),
    pytest.param(
        care.old().man("2lodger").lives("2lodger", "home").died("2lodger", "2026-03-20"),
        id="a lodger dies",
    ),
    pytest.param(
        World().man("1he").woman("2she").married("1he", "2she", "2026-03-20"), id="a wedding"
    ),
    pytest.param(couple(0).divorced("1he", "2she", "2026-03-20"), id="a divorce"),
    pytest.param(
        couple(0).lives("1he", "home", "2026-03-20", "2026-03-25", "institution"),
        id="in hospital for some days",
    ),
]


def picture(assessments: list[Assessment]) -> Picture:
    """Return by person all that is said of them; what is missed is not said."""
    found: Picture = defaultdict(dict)
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


def check_foretold(world: World, first: date, days: int) -> None:
    """Go day by day as the clock does: judge the households that are due, and whom they lead to."""
    known = world.people()
    said: Picture = {}
    stored: dict[frozenset[bytes], date] = {}  # households, and the day on which each is due
    for after in range(days):
        day = first + timedelta(days=after)
        assessments = world.assess(day, known)
        truth = picture(assessments)
        due = {min(members) for members, on in stored.items() if on <= day}
        circle = set(known)
        if stored:
            law = PACK.family_law(day)
            circle = gather(Memory(world, [*stored]), Circle(due), day, NOW, law).ids
        said |= {person: truth.get(person, {}) for person in circle}
        stored = {group: on for group, on in stored.items() if group.isdisjoint(circle)}
        for found in assessments:
            members = frozenset(member.id for member in found.household.members)
            if not members.isdisjoint(circle):
                stored[members] = found.next_change_on or date.max
        for person, one in known.items():
            if not _is_foundling(one, first, truth):
                assert truth.get(person, {}) == said[person], (person, day)


def _is_foundling(person: Person, first: date, truth: Picture) -> bool:
    """Who was registered before birth and has no parent living has no household that waits."""
    birth = person.birth
    if birth is None or birth.on <= first:
        return False
    return birth.mother not in truth and birth.father not in truth


@settings(max_examples=50, deadline=None)
@given(countries(), st.integers(-30, 10))
def test_nothing_changes_before_the_day_foretold(world: World, start: int) -> None:
    check_foretold(world, ON + timedelta(days=start), 30)


def test_nor_does_it_where_a_new_amount_comes_into_force() -> None:
    for first in (date(2025, 6, 20), date(2026, 1, 20)):
        world = couple(2_100_000, ("2010-01-01",))
        world.earns("1he", 2_100_000, [f"2025-{month:02}-01" for month in range(2, 12)])
        world.tax = first.replace(day=1) - timedelta(days=1)
        check_foretold(world, first, 20)


@pytest.mark.parametrize("world", EXAMPLES)
def test_nor_does_it_in_the_worked_examples(world: World) -> None:
    check_foretold(world, ON - timedelta(days=20), 40)


@settings(max_examples=100, deadline=None)
@given(countries(), st.integers(-20, 20))
def test_a_circle_knows_all_that_its_people_depend_on(world: World, after: int) -> None:
    on = ON + timedelta(days=after)
    whole = picture(world.assess(on))

    for name in NAMES:
        person = ident(name)
        if {fact.kind for fact in world.facts if fact.person == person} == {"income"}:
            continue  # old incomes are not read: nothing would be known of this person
        alone = picture(judged_alone(world, circle_of(world, person, on), on))
        assert alone.get(person, {}) == whole.get(person, {}), name


@pytest.mark.parametrize("world", EXAMPLES)
def test_nor_do_the_worked_examples_need_more_than_the_circle(world: World) -> None:
    whole = picture(world.assess())

    for person in world.people():
        alone = picture(judged_alone(world, circle_of(world, person, ON), ON))
        assert alone.get(person, {}) == whole.get(person, {})


@settings(max_examples=100, deadline=None)
@given(countries(), moves())
def test_whoever_is_moved_by_a_fact_is_judged_again(world: World, move: tuple[Any, ...]) -> None:
    """A late fact at the dead reaches the bereaved; at a guardian, the wards; and so on."""
    before = world.assess()
    moved = replace(world, facts=[*world.facts], opened={**world.opened})
    apply(moved, move)
    stated = {fact.person for fact in moved.facts[len(world.facts) :]}
    households_before = [{member.id for member in found.household.members} for found in before]
    circle = gather(
        Memory(moved, households_before), Circle(stated), ON, NOW, PACK.family_law(ON)
    ).ids

    then, now = picture(before), picture(moved.assess())
    for said in (then, now):
        for kinds in said.values():
            kinds.pop("lonely_care", None)  # who lives around the lonely is found by dwelling
    assert {one for one in {*then, *now} if then.get(one) != now.get(one)} <= circle
