"""Who lives together where several registrations contradict each other or meet on one day."""

from __future__ import annotations

import pytest

from streams.household import household_id
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
