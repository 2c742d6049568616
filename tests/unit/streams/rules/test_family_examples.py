"""What the law promises: these people, on this day, have these needs. One table per need.

Amounts are soum a month. Unless said otherwise: the day is 10 March 2026, so December to February
count; the minimum is 700,000 soum a head (illustrative), 1.5 times that is 1,050,000.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.streams.rules.world import ON, World, couple, named, single

AUTUMN = ("2025-10-01", "2025-11-01")

FAMILY_STATUS = [  # PF-258 (26 Dec 2025); Cabinet Resolution 35 (29 Jan 2026)
    pytest.param(
        couple(1_399_999, ("2010-01-01",) * 0),
        {"family_low_income 1he": None},
        id="a soum below the minimum, able to work",
    ),
    pytest.param(
        couple(1_400_000), {"family_at_risk 1he": None}, id="at the minimum: not below it"
    ),
    pytest.param(
        couple(2_099_999), {"family_at_risk 1he": None}, id="a soum below 1.5 times the minimum"
    ),
    pytest.param(couple(2_100_000), {}, id="at 1.5 times the minimum"),
    pytest.param(
        couple(1_000_000).disabled("1he", 1),
        {"family_low_income 1he": None},
        id="one adult can work: low income",
    ),
    pytest.param(
        couple(1_000_000).disabled("1he", 1).disabled("2she", 2),
        {"family_state_supported 1he": None},
        id="groups 1 and 2: nobody can work",
    ),
    pytest.param(
        couple(1_000_000).disabled("1he", 1).disabled("2she", 3),
        {"family_low_income 1he": None},
        id="group 3 can work",
    ),
    pytest.param(
        couple(1_000_000).disabled("1he", 1).disabled("2she", 2, until="2026-03-09"),
        {"family_low_income 1he": None},
        id="an assessment that ended yesterday",
    ),
    pytest.param(
        couple(1_000_000).disabled("1he", 1).disabled("2she", 2, until="2026-03-10"),
        {"family_state_supported 1he": None},
        id="an assessment on its last day",
    ),
    pytest.param(
        single(soum=0, born="1971-03-10"),
        {"family_state_supported 1she": None},
        id="a woman of 55 today",
    ),
    pytest.param(
        single(soum=0, born="1971-03-11"),
        {"family_low_income 1she": None},
        id="a woman of 55 tomorrow",
    ),
    pytest.param(
        single(soum=0, born="1966-03-10", sex="M"),
        {"family_state_supported 1she": None},
        id="a man of 60 today",
    ),
    pytest.param(
        single(soum=0, born="1966-03-11", sex="M"),
        {"family_low_income 1she": None},
        id="a man of 60 tomorrow",
    ),
    pytest.param(
        couple(1_500_000, ("2015-01-01",)).died("c1", "2026-03-01"),
        {"family_at_risk 1he": None},
        id="the dead do not count: two heads",
    ),
    pytest.param(
        couple(1_500_000, ("2026-03-11",)), {"family_at_risk 1he": None}, id="nor do the unborn"
    ),
    pytest.param(World().born("1orphan", "2015-01-01"), {}, id="no adult: no family status"),
    pytest.param(
        single(soum=0).lives("1she", "home", kind="institution"),
        {},
        id="a resident of an institution forms no household",
    ),
]


@pytest.mark.parametrize(("world", "then"), FAMILY_STATUS)
def test_family_status(world: World, then: dict[str, int | None]) -> None:
    found = {key: value for key, value in world.needs().items() if key[0].startswith("family")}

    assert found == named(then)


CHILD_BENEFIT = [  # PF-6277 (2021); amounts from 1 July 2025: press
    pytest.param(
        couple(0, ("2023-03-11",)), ON, {"child_benefit c1": 360_000}, id="first child, 3 tomorrow"
    ),
    pytest.param(
        couple(0, ("2023-03-10",)), ON, {"child_benefit c1": 275_000}, id="first child, 3 today"
    ),
    pytest.param(couple(0, ("2008-03-11",)), ON, {"child_benefit c1": 275_000}, id="18 tomorrow"),
    pytest.param(
        couple(0, ("2008-03-10",)), ON, {}, id="18 today: grown up, and a household of one"
    ),
    pytest.param(
        couple(0, ("2010-01-01", "2025-01-01")),
        ON,
        {"child_benefit c1": 275_000, "child_benefit c2": 165_000},
        id="the second has one amount, however young",
    ),
    pytest.param(
        couple(0, ("2010-01-01", "2011-01-01", "2012-01-01", "2013-01-01")),
        ON,
        {
            "child_benefit c1": 275_000,
            "child_benefit c2": 165_000,
            "child_benefit c3": 110_000,
            "child_benefit c4": 110_000,
        },
        id="third and each further",
    ),
    pytest.param(
        couple(0, ("2010-01-01", "2011-01-01")).died("c1", "2026-01-01"),
        ON,
        {"child_benefit c2": 275_000},
        id="when the oldest dies, the next is first",
    ),
    pytest.param(
        couple(2_100_000, ("2010-01-01",)),
        ON,
        {"child_benefit c1": 206_250},
        id="at the minimum: at risk, 75 % of the amount",
    ),
    pytest.param(
        couple(2_624_999, ("2010-01-01",)),
        ON,
        {"child_benefit c1": 206_250},
        id="a soum below 1.25 times the minimum: 75 %",
    ),
    pytest.param(
        couple(2_625_000, ("2010-01-01",)),
        ON,
        {"child_benefit c1": 137_500},
        id="at 1.25 times the minimum: 50 %",
    ),
    pytest.param(
        couple(3_149_999, ("2010-01-01",)),
        ON,
        {"child_benefit c1": 137_500},
        id="a soum below 1.5 times the minimum: 50 %",
    ),
    pytest.param(couple(3_150_000, ("2010-01-01",)), ON, {}, id="at 1.5 times the minimum"),
    pytest.param(
        couple(2_100_000, ("2010-01-01",)).earns("1he", 2_100_000, AUTUMN),
        date(2026, 1, 31),
        {},
        id="at risk the day before shares are paid",
    ),
    pytest.param(
        couple(2_100_000, ("2010-01-01",)).earns("1he", 2_100_000, AUTUMN),
        date(2026, 2, 1),
        {"child_benefit c1": 206_250},
        id="at risk on the first day on which shares are paid",
    ),
    pytest.param(
        World().woman("1she").earns("1she", 0).guarded("2ward", "1she").born("2ward", "2015-01-01"),
        ON,
        {"child_benefit 2ward": 275_000},
        id="a ward counts as a child of the household",
    ),
    pytest.param(
        couple(0, ("2015-01-01",)),
        date(2025, 6, 30),
        None,
        id="before July 2025: the amounts of 2021",
    ),
]


@pytest.mark.parametrize(("world", "on", "then"), CHILD_BENEFIT)
def test_child_benefit(world: World, on: date, then: dict[str, int | None] | None) -> None:
    if then is None:
        then = {"child_benefit c1": 250_000}  # the parameters of 2021
    found = {key: value for key, value in world.needs(on).items() if key[0] == "child_benefit"}

    assert found == named(then)


MATERIAL_ASSISTANCE = [  # PF-6277 (2021); amount from 1 July 2025: press
    pytest.param(
        couple(0), ON, {"material_assistance 1he": 420_000}, id="a poor couple without children"
    ),
    pytest.param(
        couple(0), date(2025, 6, 30), {"material_assistance 1he": 380_000}, id="the amount of 2021"
    ),
    pytest.param(couple(0, ("2015-01-01",)), ON, {}, id="with a child: child benefit instead"),
    pytest.param(couple(1_400_000), ON, {}, id="not poor"),
]


@pytest.mark.parametrize(("world", "on", "then"), MATERIAL_ASSISTANCE)
def test_material_assistance(world: World, on: date, then: dict[str, int | None]) -> None:
    found = {k: value for k, value in world.needs(on).items() if k[0] == "material_assistance"}

    assert found == named(then)
