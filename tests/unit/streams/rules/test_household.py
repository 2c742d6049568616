"""Who lives together, on a day."""

from __future__ import annotations

from datetime import date

import pytest

from streams.household import household_id
from tests.unit.streams.rules.world import ON, World, ident


def family() -> World:
    world = World().man("1he").woman("2she").married("1he", "2she")
    return world.born("3child", "2015-01-01", mother="2she", father="1he")


def unmarried() -> World:
    world = World().man("1he").woman("2she")
    return world.born("3child", "2015-01-01", mother="2she", father="1he")


GROUPS = [
    pytest.param(family(), "1he+2she+3child", id="a couple with its child"),
    pytest.param(
        family().divorced("1he", "2she", "2026-03-10"), "1he 2she+3child", id="divorced today"
    ),
    pytest.param(
        family().divorced("1he", "2she", "2026-03-11"), "1he+2she+3child", id="divorced tomorrow"
    ),
    pytest.param(
        family().divorced("1he", "2she", "2020-01-01").married("1he", "2she", "2021-01-01"),
        "1he+2she+3child",
        id="divorced and married again",
    ),
    pytest.param(family().died("1he", "2026-03-10"), "2she+3child", id="widowed"),
    pytest.param(unmarried(), "1he 2she+3child", id="not married: with the mother"),
    pytest.param(
        unmarried().died("2she", "2026-01-01"),
        "1he+3child",
        id="the mother is dead: with the father",
    ),
    pytest.param(
        family().died("1he", "2026-01-01").died("2she", "2026-01-01"), "3child", id="nobody is left"
    ),
    pytest.param(
        unmarried().man("4new").married("2she", "4new"),
        "1he 2she+3child+4new",
        id="with mother and stepfather",
    ),
    pytest.param(
        family().woman("4aunt").guarded("3child", "4aunt"),
        "1he+2she 3child+4aunt",
        id="a guardian goes before parents",
    ),
    pytest.param(
        family().woman("4aunt").guarded("3child", "4aunt", until="2026-03-09"),
        "1he+2she+3child 4aunt",
        id="until yesterday",
    ),
    pytest.param(
        family().woman("4aunt").guarded("3child", "4aunt", since="2026-03-11"),
        "1he+2she+3child 4aunt",
        id="from tomorrow",
    ),
    pytest.param(
        family().woman("4aunt").guarded("3child", "4aunt").died("4aunt", "2026-01-01"),
        "1he+2she+3child",
        id="the guardian is dead",
    ),
    pytest.param(
        World().woman("2she").born("3adult", "2008-03-10", mother="2she"),
        "2she 3adult",
        id="18 today: a household of one",
    ),
    pytest.param(
        World().woman("2she").born("3minor", "2008-03-11", mother="2she"),
        "2she+3minor",
        id="18 tomorrow",
    ),
    pytest.param(
        World()
        .woman("1granny")
        .born("2girl", "2009-01-01", mother="1granny")
        .born("3baby", "2026-01-01", mother="2girl"),
        "1granny+2girl+3baby",
        id="the child of a minor lives where she does",
    ),
    pytest.param(
        family().lives("1he", "home", kind="institution"),
        "2she+3child",
        id="in an institution: not counted",
    ),
    pytest.param(
        unmarried().lives("2she", "home", kind="institution"),
        "1he+3child",
        id="the mother is in an institution",
    ),
    pytest.param(
        family().lives("1he", "home", kind="institution", until="2026-03-09"),
        "1he+2she+3child",
        id="until yesterday it was",
    ),
    pytest.param(
        World()
        .man("1he")
        .woman("2she")
        .woman("3other")
        .married("1he", "2she", "2010-01-01")
        .married("1he", "3other", "2020-01-01"),
        "1he+3other 2she",
        id="of two marriages, which only an error makes, the latest",
    ),
    pytest.param(
        World()
        .born("1a", "2015-01-01")
        .born("2b", "2015-01-01")
        .guarded("1a", "2b")
        .guarded("2b", "1a"),
        "1a+2b",
        id="minors who guard each other, which only an error makes",
    ),
    pytest.param(
        World().man("1he").born("2unborn", "2026-03-11", father="1he"), "1he", id="not born yet"
    ),
]


@pytest.mark.parametrize(("world", "then"), GROUPS)
def test_households(world: World, then: str) -> None:
    expected = {frozenset(ident(name) for name in group.split("+")) for group in then.split()}

    assert world.groups() == expected


def test_the_anchor_is_the_lowest_id_and_gives_the_household_its_id() -> None:
    (household,) = family().households()

    assert household.anchor == ident("1he")
    assert household.id == household_id(ident("1he"))
    assert household.id[6] >> 4 == 8


def test_each_person_is_in_one_household_or_none() -> None:
    world = (
        family().woman("4aunt").guarded("3child", "4aunt").lives("1he", "home", kind="institution")
    )

    members = [member for group in world.groups() for member in group]

    assert len(members) == len(set(members))


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_deaths_stated_the_earlier_counts(order: int) -> None:
    world = World().man("1he").died("1he", "2026-01-01")
    world.state("another", ("1he", "death", {"died_on": "2027-01-01"}))
    world.facts = world.facts[::order]

    assert world.groups() == set()


def test_the_day_decides() -> None:
    world = family().divorced("1he", "2she", "2020-01-01")

    assert len(world.households(date(2019, 12, 31))) == 1
    assert len(world.households(ON)) == 2


def test_an_alias_is_no_member_of_its_own() -> None:
    world = family().disabled("patient", 2).linked("patient", "1he")

    assert world.groups() == {frozenset({ident("1he"), ident("2she"), ident("3child")})}


def test_a_tie_to_an_alias_is_a_tie_to_the_person() -> None:
    world = World().woman("2she").linked("newborn", "3child")
    world.born("newborn", "2020-01-01", mother="2she")

    assert world.groups() == {frozenset({ident("2she"), ident("3child")})}
