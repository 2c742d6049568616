"""The next day on which an answer can change. No month is closed, so that no window moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from streams.rules.pack import Dated, Parameters
from streams.rules.uz import PACK
from tests.unit.streams.rules.world import World, ident

LATER = Dated(date(2026, 1, 1), "draft", {"M": 63, "F": 58}, "years")
RAISED = replace(
    PACK,
    parameters=Parameters(
        {**PACK.parameters, "pension_age": [*PACK.parameters["pension_age"], LATER]}
    ),
)


def old() -> World:
    return World().woman("1she", "1950-01-01").lives("1she", "home")


def widow() -> World:
    world = World().woman("2she", "1950-01-01").man("3he", "1950-01-01").married("2she", "3he")
    return world.died("3he", "2026-01-01")


def unknown_husband() -> World:
    """He is known by the marriage and an assessment alone."""
    return World().disabled("1he", 3).woman("2she").married("1he", "2she")


CHANGES = [
    pytest.param(World().woman("1she"), "2026-03-10", "2044-10-01", id="three months before 55"),
    pytest.param(World().man("1he"), "2026-03-10", "2049-10-01", id="three months before 60"),
    pytest.param(World().woman("1she", "1971-05-01"), "2026-03-10", "2026-05-01", id="55 itself"),
    pytest.param(World().woman("1she", "1971-03-10"), "2026-03-10", None, id="55 today"),
    pytest.param(
        replace(World().woman("1she", "1970-05-01"), pack=RAISED),
        "2026-03-10",
        "2028-02-01",
        id="old enough for the old pension age, not for the new",
    ),
    pytest.param(unknown_husband(), "2026-03-10", "2044-10-01", id="his birth is not known"),
    pytest.param(
        unknown_husband().born("3child", "2024-05-01", mother="2she"),
        "2026-03-10",
        "2026-05-01",
        id="her child is two",
    ),
    pytest.param(
        World().woman("1she").referred("1she", "2026-01-01"),
        "2026-03-10",
        "2027-01-01",
        id="a referral is over",
    ),
    pytest.param(
        World().woman("1she").referred("1she", "2026-03-11"),
        "2026-03-10",
        "2026-03-11",
        id="a referral from tomorrow",
    ),
    pytest.param(widow(), "2026-03-10", "2026-07-01", id="no longer bereaved"),
    pytest.param(
        widow().born("1child", "2009-01-01", mother="2she"),
        "2026-03-10",
        "2026-07-01",
        id="nor if a child comes first",
    ),
    pytest.param(
        World().woman("1she").employed("1she", until="2026-03-20"),
        "2026-03-10",
        "2026-03-20",
        id="the last day of work",
    ),
    pytest.param(
        World().woman("1she").employed("1she", until="2026-03-20"),
        "2026-03-20",
        "2026-03-21",
        id="and the day after",
    ),
    pytest.param(
        World().woman("1she").pregnant("1she", "2026-01-01", "2026-08-01"),
        "2026-03-10",
        "2026-08-02",
        id="the day after a birth was due",
    ),
    pytest.param(
        old().woman("2lodger").lives("2lodger", "home", until="2026-03-25"),
        "2026-03-10",
        "2026-03-26",
        id="a lodger leaves",
    ),
    pytest.param(
        old().woman("2lodger").lives("2lodger", "home").died("2lodger", "2026-03-25"),
        "2026-03-10",
        "2026-03-25",
        id="a lodger dies",
    ),
    pytest.param(
        old().born("3son", "1980-01-01", mother="1she").died("3son", "2026-03-30"),
        "2026-03-10",
        "2026-03-30",
        id="a son dies",
    ),
    pytest.param(
        old()
        .born("3son", "1980-01-01", mother="1she")
        .died("3son", "2026-03-30")
        .woman("2lodger")
        .lives("2lodger", "home")
        .died("2lodger", "2026-03-25"),
        "2026-03-10",
        "2026-03-25",
        id="a lodger, then a son",
    ),
    pytest.param(
        old().disabled("2lodger", 3).lives("2lodger", "home", until="2026-03-25"),
        "2026-03-10",
        "2026-03-26",
        id="a lodger of whom no birth is known",
    ),
    pytest.param(
        World()
        .man("1he")
        .lives("1he", "home")
        .woman("2she", "1950-01-01")
        .lives("2she", "home")
        .married("1he", "2she")
        .woman("4lodger")
        .lives("4lodger", "home", until="2026-03-25"),
        "2026-03-10",
        "2026-03-26",
        id="the young husband comes first",
    ),
    pytest.param(
        World().woman("1aunt").born("2baby", "2026-04-01").guarded("2baby", "1aunt"),
        "2026-03-10",
        "2026-04-01",
        id="a ward that is not born yet",
    ),
]


@pytest.mark.parametrize(("world", "on", "then"), CHANGES)
def test_the_next_change(world: World, on: str, then: str | None) -> None:
    known = {fact.person for fact in world.facts}
    first = min(known)
    found = {
        member.id: assessment.next_change_on
        for assessment in replace(world, tax=None).assess(date.fromisoformat(on))
        for member in assessment.household.members
    }

    assert found[first] == (None if then is None else date.fromisoformat(then))


BEYOND = [
    pytest.param(old(), True, id="old"),
    pytest.param(World().woman("1she", "1950-01-01"), False, id="old, nowhere registered"),
    pytest.param(World().woman("1she").lives("1she", "home"), False, id="young"),
    pytest.param(World().woman("1she", "1971-03-10").lives("1she", "h"), True, id="55 today"),
    pytest.param(World().woman("1she", "1971-03-11").lives("1she", "h"), False, id="55 tomorrow"),
    pytest.param(World().man("1she", "1966-03-11").lives("1she", "h"), False, id="60 tomorrow"),
    pytest.param(World().woman("1she").lives("1she", "h").disabled("1she", 2), True, id="group 2"),
    pytest.param(World().woman("1she").lives("1she", "h").disabled("1she", 3), False, id="group 3"),
    pytest.param(
        World().woman("1she").lives("1she", "h").disabled("1she", None), True, id="group erased"
    ),
    pytest.param(World().lives("1she", "h"), True, id="no birth known"),
    pytest.param(
        World()
        .state("p", ("1she", "person", {"born_on": "1990-01-01", "sex": None}))
        .lives("1she", "h"),
        True,
        id="sex not known",
    ),
]


@pytest.mark.parametrize(("world", "then"), BEYOND)
def test_for_whom_others_matter(world: World, then: bool) -> None:
    assert PACK.looks_beyond(world.people()[ident("1she")], date(2026, 3, 10)) == then
