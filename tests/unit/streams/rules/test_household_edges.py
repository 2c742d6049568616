"""Who lives together where several registrations contradict each other or meet on one day."""

from __future__ import annotations

from datetime import date

import pytest

from streams.household import household_id, kin
from streams.rules.uz import PACK
from tests.unit.streams.rules.world import ON, World, couple, ident


def orphan() -> World:
    world = World().woman("1aunt").woman("2granny")
    return world.born("3child", "2015-01-01")


GROUPS = [
    pytest.param(
        orphan()
        .guarded("3child", "1aunt", since="2020-01-01")
        .guarded("3child", "2granny", since="2021-01-01"),
        "1aunt 2granny+3child",
        id="of two guardians the latest",
    ),
    pytest.param(
        orphan()
        .guarded("3child", "1aunt", since="2021-01-01")
        .guarded("3child", "2granny", since="2020-01-01"),
        "1aunt+3child 2granny",
        id="whoever that is",
    ),
    pytest.param(
        orphan()
        .guarded("3child", "1aunt", since="2020-01-01")
        .guarded("3child", "2granny", since="2021-01-01")
        .died("2granny", "2026-01-01"),
        "1aunt+3child",
        id="the latest guardian is dead: the one before",
    ),
    pytest.param(
        World()
        .man("2he")
        .woman("1new")
        .woman("3old")
        .married("2he", "3old", "2010-01-01")
        .married("2he", "1new", "2020-01-01"),
        "1new+2he 3old",
        id="of two marriages the latest, whoever that is",
    ),
    pytest.param(
        World()
        .man("1he")
        .woman("2she")
        .married("1he", "2she", "2020-01-01")
        .divorced("1he", "2she", "2020-01-01"),
        "1he 2she",
        id="divorced on the day of the wedding",
    ),
    pytest.param(
        World().disabled("3stranger", 2).lives("3stranger", "home"),
        "3stranger",
        id="of whom no birth is known: alone",
    ),
]


@pytest.mark.parametrize(("world", "then"), GROUPS)
def test_households(world: World, then: str) -> None:
    expected = {frozenset(ident(name) for name in group.split("+")) for group in then.split()}

    assert world.groups() == expected


def test_ids_of_households_stay_what_they_are() -> None:
    """Needs are stored under them."""
    assert household_id(b"anchor").hex() == "5b5ee40f0eda80e9ab5e7fb5c177eb33"


def test_a_resident_of_an_institution_is_assessed_alone() -> None:
    world = couple(0).lives("1he", "home", kind="institution")

    alone, other = sorted(world.households(), key=lambda one: one.anchor)

    assert (alone.anchor, alone.id) == (ident("1he"), household_id(ident("1he")))
    assert [member.id for member in alone.members] == [ident("1he")]
    assert (alone.in_institution, other.in_institution) == (True, False)


def test_the_next_change_lies_ahead() -> None:
    """What happens today is judged today; a household due on its own day would be due for ever."""
    world = couple(0, ("2008-03-10",)).divorced("1he", "2she", ON.isoformat())

    assert all(found.next_change_on and found.next_change_on > ON for found in world.assess())


def both_ways() -> World:
    """A child with parents and a guardian, who has a grown-up daughter."""
    world = couple(0).born("3child", "2008-03-11", mother="2she", father="1he")
    world.woman("4aunt", "1960-01-01").guarded("3child", "4aunt")
    return world.born("5grown", "2008-03-10", mother="4aunt")


KIN = [
    pytest.param(both_ways(), "1he", "2she 3child", id="wife and child"),
    pytest.param(both_ways(), "3child", "1he 2she 4aunt", id="parents and guardian"),
    pytest.param(both_ways(), "4aunt", "3child", id="a ward; her daughter is of age today"),
    pytest.param(both_ways(), "5grown", "", id="nobody"),
    pytest.param(
        both_ways().born("6baby", "2026-01-01", mother="3child"),
        "3child",
        "1he 2she 4aunt 6baby",
        id="a minor with a child of her own",
    ),
    pytest.param(
        couple(0).man("4new").married("2she", "4new", "2020-01-01"),
        "2she",
        "1he 4new",
        id="two husbands",
    ),
    pytest.param(
        World().man("1he").woman("2she").married("1he", "2she", "2026-03-10"),
        "1he",
        "2she",
        id="married today",
    ),
    pytest.param(
        World().man("1he").woman("2she").married("1he", "2she", "2026-03-11"),
        "1he",
        "",
        id="married tomorrow",
    ),
    pytest.param(
        couple(0).divorced("1he", "2she", "2025-09-10"), "1he", "", id="divorced half a year ago"
    ),
    pytest.param(
        couple(0).divorced("1he", "2she", "2025-09-11"),
        "1he",
        "2she",
        id="divorced later than that",
    ),
    pytest.param(
        World()
        .woman("1she")
        .born("2child", "2015-01-01")
        .guarded("2child", "1she", until="2026-03-09"),
        "1she",
        "",
        id="no longer a guardian",
    ),
    pytest.param(
        World()
        .woman("1she")
        .born("2child", "2015-01-01")
        .guarded("2child", "1she", until="2026-03-09"),
        "2child",
        "",
        id="no longer a ward",
    ),
    pytest.param(
        World().woman("1she").disabled("2ward", 2).guarded("2ward", "1she"),
        "2ward",
        "",
        id="a ward of whom no birth is known",
    ),
    pytest.param(
        World().woman("1she").born("2ward", "2008-03-10").guarded("2ward", "1she"),
        "2ward",
        "",
        id="a ward of age",
    ),
]


@pytest.mark.parametrize(("world", "who", "then"), KIN)
def test_who_may_be_in_the_household(world: World, who: str, then: str) -> None:
    found = kin(world.people()[ident(who)], ON, PACK.family_law(ON))

    assert found == {ident(name) for name in then.split()}


def test_who_was_remembered_is_seen_from_before_too() -> None:
    """On a day before the time that is remembered, only what had happened by then counts."""
    law = PACK.family_law(ON)
    world = couple(0).divorced("1he", "2she", "2025-01-01")
    him = world.people()[ident("1he")]

    assert kin(him, date(2024, 12, 31), law) == {ident("2she")}
    assert kin(him, date(2025, 1, 1), law) == set()
