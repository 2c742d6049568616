"""What the law promises to people with a disability and to the lonely, and what is unknown.

The day is 10 March 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.streams.rules.world import World, couple, ident, named, single

DISABILITY = [  # PF-258; Law on the Rights of Persons with Disabilities
    pytest.param(single().disabled("1she", 1), {"disability_support 1she": None}, id="group 1"),
    pytest.param(single().disabled("1she", 3), {"disability_support 1she": None}, id="group 3"),
    pytest.param(single().disabled("1she", 2, until="2026-03-09"), {}, id="ended yesterday"),
    pytest.param(
        single().disabled("1she", 2, until="2026-03-10"),
        {"disability_support 1she": None},
        id="last day",
    ),
    pytest.param(single().disabled("1she", 2, since="2026-03-11"), {}, id="assessed tomorrow"),
    pytest.param(
        single().disabled("1she", 2).died("1she", "2026-03-10"), {}, id="dead since today"
    ),
    pytest.param(
        World().disabled("stranger", 2),
        {"disability_support stranger": None},
        id="somebody known to the health registry alone",
    ),
    pytest.param(
        World().disabled("alias", 2).linked("alias", "1she").woman("1she"),
        {"disability_support 1she": None},
        id="under another id: the need is the person's",
    ),
    pytest.param(
        World().disabled("1she", 2).lives("1she", "home", kind="institution"),
        {"disability_support 1she": None},
        id="in an institution too",
    ),
]


@pytest.mark.parametrize(("world", "then"), DISABILITY)
def test_disability_support(world: World, then: dict[str, int | None]) -> None:
    found = {k: value for k, value in world.needs().items() if k[0] == "disability_support"}

    assert found == named(then)


def old() -> World:
    return single(born="1950-01-01", sex="M").lives("1she", "home")


LONELY = [  # Cabinet Resolution 119 (23 Mar 2023)
    pytest.param(old(), True, id="old and alone"),
    pytest.param(single(born="1966-03-11", sex="M").lives("1she", "home"), False, id="60 tomorrow"),
    pytest.param(single().lives("1she", "home").disabled("1she", 2), True, id="young with group 2"),
    pytest.param(
        single().lives("1she", "home").disabled("1she", 3), False, id="young with group 3"
    ),
    pytest.param(single(born="1950-01-01", sex="M"), False, id="where, is unknown"),
    pytest.param(
        single(born="1950-01-01").lives("1she", "home", kind="institution"),
        False,
        id="in an institution",
    ),
    pytest.param(old().man("2lodger").lives("2lodger", "home"), False, id="with a lodger"),
    pytest.param(
        old().man("2lodger").lives("2lodger", "home", until="2026-03-10"),
        False,
        id="who leaves tomorrow",
    ),
    pytest.param(
        old().man("2lodger").lives("2lodger", "home", until="2026-03-09"),
        True,
        id="who left yesterday",
    ),
    pytest.param(
        old().man("2lodger").lives("2lodger", "home").lives("2lodger", "away", "2026-01-01"),
        True,
        id="who is registered elsewhere since",
    ),
    pytest.param(
        old().man("2lodger").lives("2lodger", "home").died("2lodger", "2026-03-10"),
        True,
        id="who died today",
    ),
    pytest.param(
        old().born("2son", "2008-03-10", mother="1she"), False, id="a son of 18 today, elsewhere"
    ),
    pytest.param(
        old().born("2son", "2008-03-11", mother="1she"), True, id="a son of 18 tomorrow, elsewhere"
    ),
    pytest.param(
        old().born("2son", "1980-01-01", mother="1she").died("2son", "2020-01-01"),
        True,
        id="the son is dead",
    ),
    pytest.param(
        old().woman("2wife", "1952-01-01").married("1she", "2wife").lives("2wife", "home"),
        False,
        id="with a wife",
    ),
]


@pytest.mark.parametrize(("world", "then"), LONELY)
def test_lonely_care(world: World, then: bool) -> None:
    assert (("lonely_care", ident("1she")) in world.needs()) is then


UNKNOWN = [  # Unknown is not zero
    pytest.param(
        couple(0).employed("2she"), "income_unknown", id="she is employed, nothing reported"
    ),
    pytest.param(
        couple(0).employed("2she").earns("2she", 0), "assessed", id="a reported zero is known"
    ),
    pytest.param(
        couple(0).employed("2she").earns("2she", 0, ("2025-12-01", "2026-02-01")),
        "income_unknown",
        id="one month is missing",
    ),
    pytest.param(
        couple(0).employed("2she", until="2025-11-30"), "assessed", id="left before the months"
    ),
    pytest.param(
        couple(0).employed("2she", until="2025-12-01"),
        "income_unknown",
        id="left on their first day",
    ),
    pytest.param(
        couple(0).employed("2she", since="2026-02-28"),
        "income_unknown",
        id="began on their last day",
    ),
    pytest.param(couple(0).employed("2she", since="2026-03-01"), "assessed", id="began after them"),
    pytest.param(
        single(soum=0, born="1950-01-01").employed("1she"),
        "assessed",
        id="of pension age: not asked",
    ),
    pytest.param(
        World(tax=date(2025, 12, 30)).man("1he").earns("1he", 0),
        "tax_incomplete",
        id="closed through November, four months before",
    ),
    pytest.param(
        World(tax=date(2025, 12, 31)).man("1he").earns("1he", 0),
        "assessed",
        id="closed through December, three months before",
    ),
    pytest.param(
        World(tax=None).man("1he").earns("1he", 0),
        "tax_incomplete",
        id="the tax registry never said",
    ),
    pytest.param(World().disabled("stranger", 3), "age_unknown", id="no birth date"),
    pytest.param(World().born("1orphan", "2015-01-01"), "no_adult", id="no adult"),
]


@pytest.mark.parametrize(("world", "then"), UNKNOWN)
def test_what_is_not_reported_is_not_zero(world: World, then: str) -> None:
    assert set(world.outcomes().values()) == {then}
    if then != "assessed":
        kinds = {kind for kind, _ in world.needs()}
        assert not any(kind.startswith("family") for kind in kinds)
        assert kinds.isdisjoint({"child_benefit", "material_assistance"})


def test_income_before_the_first_parameters_cannot_be_judged() -> None:
    world = couple(0)

    assert set(world.outcomes(date(2024, 12, 31)).values()) == {"no_parameters"}
    assert world.needs(date(2024, 12, 31)) == {}


def test_an_erased_assessment_of_an_adult_leaves_the_family_unknown() -> None:
    world = couple(0).disabled("2she", 2)
    world.opened[ident("event disability 2she 2024-01-01 1")] = None

    assert world.outcomes() == {ident("1he"): "health_unknown"}
    assert world.needs() == {}
