"""Family status by docs/rules.md: the window, the amounts, and what is not judged."""

from __future__ import annotations

from datetime import date

import pytest

from ops.verify.households import couples
from ops.verify.picture import fold
from ops.verify.work import window
from tests.unit.ops.verify.makers import NOW, ON
from tests.unit.ops.verify.people import People


@pytest.mark.parametrize(
    ("on", "through", "months"),
    [
        ("2026-07-14", "2026-05-31", ("2026-03-01", "2026-04-01", "2026-05-01")),
        ("2026-07-14", "2026-06-30", ("2026-04-01", "2026-05-01", "2026-06-01")),
        ("2026-07-14", "2026-08-31", ("2026-04-01", "2026-05-01", "2026-06-01")),
        ("2026-07-14", "2026-04-30", ("2026-02-01", "2026-03-01", "2026-04-01")),
        ("2026-07-14", "2026-03-31", None),
        ("2026-07-14", "2026-05-30", ("2026-02-01", "2026-03-01", "2026-04-01")),
        ("2026-07-14", None, None),
        ("2026-01-31", "2026-01-31", ("2025-10-01", "2025-11-01", "2025-12-01")),
        ("2026-03-01", "2025-12-31", ("2025-10-01", "2025-11-01", "2025-12-01")),
        ("2026-04-01", "2025-12-31", None),
    ],
)
def test_which_months_count(on: str, through: str | None, months: tuple[str, ...] | None) -> None:
    through_on = None if through is None else date.fromisoformat(through)
    found = window(date.fromisoformat(on), through_on)

    assert (None if found is None else tuple(first for first, _ in found)) == months


def test_the_slowest_partition_says_what_is_complete() -> None:
    people = People().adult("one", "1990-01-01").works("one").earns("one", 1)
    assert "family_low_income" in people.kinds("one")

    people.make.events[2].content["through"] = "2026-05-31"

    assert people.make.events[2].type == "hub.source_complete"
    assert people.kinds("one") == set()


def family(monthly: int) -> People:
    """Two adults and two children; each head has a fourth of what is earned."""
    return (
        People()
        .adult("he", "1985-01-01", "M")
        .adult("she", "1990-01-01")
        .married("he", "she")
        .child("old", "2015-01-01", "she", "he")
        .child("young", "2021-01-01", "she", "he")
        .works("he")
        .earns("he", monthly)
    )


@pytest.mark.parametrize(
    ("monthly", "old", "young"),
    [
        (2_799_999, 27_500_000, 16_500_000),  # below the minimum: the whole
        (2_800_000, 20_625_000, 12_375_000),  # from the minimum: 75 %
        (3_499_999, 20_625_000, 12_375_000),
        (3_500_000, 13_750_000, 8_250_000),  # from 1.25 times: 50 %
        (4_199_999, 13_750_000, 8_250_000),
        (4_200_000, None, None),  # from 1.5 times: nothing
    ],
)
def test_child_benefit_by_income(monthly: int, old: int | None, young: int | None) -> None:
    people = family(monthly)
    amounts = [people.find("child_benefit", name) for name in ("old", "young")]

    assert [need and need.amount_minor for need in amounts] == [old, young]


def test_before_february_2026_families_at_risk_had_no_child_benefit() -> None:
    people = People("2025-12-31").adult("she", "1990-01-01").child("it", "2015-01-01", "she")
    people.works("she")
    for month in ("2025-10-01", "2025-11-01", "2025-12-01"):
        content = {"month": month, "gross_minor": 150_000_000, "employer": "x"}
        people.tax("income", "income_reported", "she", **content)
    for event in people.make.events:
        if event.type == "tax.employment_started":
            event.content["employer"] = "x"

    assert people.find("child_benefit", "it", "2026-01-31") is None
    found = people.find("child_benefit", "it", "2026-02-01")
    assert found is not None
    assert found.amount_minor == 20_625_000  # 750,000 a head: 75 % of 275,000


@pytest.mark.parametrize(
    ("on", "through", "amount"),
    [
        ("2024-12-31", "2024-11-30", None),  # no minimum was known
        ("2025-01-01", "2024-11-30", 38_000_000),
        ("2025-06-30", "2025-05-31", 38_000_000),
        ("2025-07-01", "2025-05-31", 42_000_000),
    ],
)
def test_amounts_are_those_in_force_on_the_day(on: str, through: str, amount: int | None) -> None:
    found = People(through).adult("one", "1990-01-01").find("material_assistance", "one", on)

    assert (found and found.amount_minor) == amount


def test_at_risk_gives_no_material_assistance() -> None:
    people = People().adult("one", "1990-01-01").works("one").earns("one", 700_000)

    assert people.kinds("one") == {"family_at_risk"}


@pytest.mark.parametrize(
    "people",
    [
        pytest.param(family(1).adult("she", "1990-01-01", ""), id="no sex is known"),
        pytest.param(
            family(1).health(
                "Observation", "disability_assessed", "he", assessed_on="2026-01-01", health=None
            ),
            id="an erased disability",
        ),
        pytest.param(family(1).works("she", "2026-08-31"), id="an unreported day"),
        pytest.param(People().child("he", "2015-01-01", None), id="no adult"),
    ],
)
def test_what_is_not_known_is_not_judged(people: People) -> None:
    for event in people.make.events:
        if event.content.get("sex") == "":
            event.content["sex"] = None
    kinds = {need.kind for need in people.needs()}

    assert not {kind for kind in kinds if "family" in kind or kind == "child_benefit"}


def test_only_who_mean_each_other_are_a_couple() -> None:
    people = family(1).adult("other", "1990-01-01").married("he", "other", "2020-01-01")
    people.disabled("he", 3).disabled("other", 3).disabled("she", 3)

    households = {need.person: need.household for need in people.needs()}

    assert households[people.id("she")] == households[people.id("old")]
    assert households[people.id("old")] == households[people.id("young")]
    assert households[people.id("he")] == households[people.id("other")]
    he, other = people.id("he"), people.id("other")
    assert couples(fold(people.make.events, NOW), ON) == {he: other, other: he}


def test_a_birth_record_goes_before_the_population_register() -> None:
    people = People().adult("one", "2008-09-30").child("one", "2008-10-01", "mother")
    people.adult("mother", "1980-01-01")

    assert people.find("child_benefit", "one") is not None  # still 17


def test_of_two_birth_records_the_latest_names_the_mother() -> None:
    people = People().adult("she", "1990-01-01").adult("other", "1990-01-01")
    people.child("it", "2015-01-01", "she").child("it", "2015-01-01", "other")
    people.disabled("she", 3).disabled("other", 3)

    households = {need.person: need.household for need in people.needs()}

    assert households[people.id("it")] == households[people.id("other")]
    assert households[people.id("it")] != households[people.id("she")]


def test_of_two_assessments_of_one_day_the_gravest_counts() -> None:
    people = People().adult("one", "1980-01-01", "M").disabled("one", 3).disabled("one", 2)

    assert people.find("family_state_supported", "one") is not None
