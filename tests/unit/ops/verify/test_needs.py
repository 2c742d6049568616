"""What the law gives the people of the small world, worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from ops.verify.households import household_id
from ops.verify.needs import expected_needs
from ops.verify.values import Need
from tests.unit.ops.verify.makers import (
    ALIAS,
    CHILD,
    DISABLED,
    ELDER,
    EMPLOYER,
    FATHER,
    INFANT,
    MOTHER,
    NOW,
    ON,
    STRANGER,
    Maker,
    home,
)
from tests.unit.ops.verify.worlds import born, country, lives

FAMILY = min(MOTHER, FATHER, INFANT, CHILD)


def needs(make: Maker, on: date = ON) -> dict[tuple[str, str], int | None]:
    found = expected_needs(make.events, on, NOW)
    assert len({(need.person, need.kind) for need in found}) == len(found)
    return {(need.person, need.kind): need.amount_minor for need in found}


def test_the_small_world_by_hand() -> None:
    assert needs(country()) == {
        (FAMILY, "family_low_income"): None,
        (CHILD, "child_benefit"): 27_500_000,  # the oldest, 11 years
        (INFANT, "child_benefit"): 16_500_000,  # the second, whatever its age
        (ELDER, "family_state_supported"): None,
        (ELDER, "material_assistance"): 42_000_000,
        (ELDER, "lonely_care"): None,
        (DISABLED, "family_state_supported"): None,
        (DISABLED, "material_assistance"): 42_000_000,
        (DISABLED, "lonely_care"): None,
        (DISABLED, "disability_support"): None,
    }


def test_all_needs_of_a_family_name_its_household() -> None:
    found = [need for need in expected_needs(country().events, ON, NOW) if need.person == INFANT]

    assert found == [Need(INFANT, "child_benefit", household_id(FAMILY), 16_500_000)]


def test_an_income_not_reported_is_not_zero() -> None:
    make = country()
    make.events = [event for event in make.events if event.content.get("month") != "2026-07-01"]

    found = needs(make)

    assert not {kind for person, kind in found if person in {FAMILY, CHILD, INFANT}}


def test_an_employment_that_ended_before_the_months_owes_no_income() -> None:
    make = country()
    make.events = [event for event in make.events if event.type != "tax.income_reported"]
    make.say(
        "tax",
        "employment_end/9/1",
        "tax.employment_ended",
        FATHER,
        {"employer": EMPLOYER, "ended_on": "2026-05-31", "identity": None},
        version=9_000_001,
    )

    assert (FAMILY, "family_low_income") in needs(make)


@pytest.mark.parametrize(
    ("gross_minor", "kind"),
    [
        (280_000_000 - 1, "family_low_income"),  # 4 people, 700,000 soum each
        (280_000_000, "family_at_risk"),
        (420_000_000 - 1, "family_at_risk"),
        (420_000_000, None),
    ],
)
def test_the_limits_of_income(gross_minor: int, kind: str | None) -> None:
    make = country()
    for event in make.events:
        if event.type == "tax.income_reported":
            event.content["gross_minor"] = gross_minor

    kinds = {kind for person, kind in needs(make) if person == FAMILY and "family" in kind}

    assert kinds == ({kind} if kind else set())


def test_a_dead_spouse_leaves_the_household() -> None:
    make = country()
    make.civil("death", 1, "death_registered", FATHER, died_on="2026-09-30", district="1703202")

    found = needs(make)

    anchor = min(MOTHER, INFANT, CHILD)
    assert (anchor, "family_low_income") in found
    assert all(person != FATHER for person, _ in found)


def test_a_divorce_parts_a_couple_and_children_go_with_the_mother() -> None:
    make = country()
    make.civil("divorce", 1, "divorce_registered", FATHER, spouse=MOTHER, divorced_on="2020-01-01")

    found = expected_needs(make.events, ON, NOW)

    households = {need.person: need.household for need in found}
    assert households[CHILD] == household_id(min(MOTHER, INFANT, CHILD))


def test_a_guardian_goes_before_parents() -> None:
    make = country()
    make.civil(
        "guardianship",
        1,
        "guardianship_established",
        CHILD,
        guardian=ELDER,
        from_on="2025-01-01",
        until_on="2026-09-30",
    )

    inside, after = needs(make), needs(make, date(2026, 10, 1))

    assert inside[CHILD, "child_benefit"] == 27_500_000
    assert inside[INFANT, "child_benefit"] == 36_000_000  # now the oldest of its family
    assert (CHILD, "child_benefit") not in after or after[INFANT, "child_benefit"] != 36_000_000


def test_an_institution_is_no_household() -> None:
    make = country()
    make.civil(
        "residence",
        99,
        "residence_registered",
        DISABLED,
        district="1703202",
        dwelling=home(9),
        kind="institution",
        from_on="2025-01-01",
        until_on=None,
        contact=None,
    )

    kinds = {kind for person, kind in needs(make) if person == DISABLED}

    assert kinds == {"disability_support"}


def test_a_neighbour_in_the_dwelling_ends_loneliness_also_a_dead_one_does_not() -> None:
    make = country()
    born(make, 20, STRANGER, "1990-01-01", "M")
    lives(make, 20, STRANGER, home(2))
    assert (ELDER, "lonely_care") not in needs(make)

    make.civil("death", 2, "death_registered", STRANGER, died_on="2026-01-01", district="1703202")

    assert (ELDER, "lonely_care") in needs(make)


def test_an_adult_child_ends_loneliness() -> None:
    make = country()
    make.civil(
        "birth",
        9,
        "birth_registered",
        FATHER,
        born_on="1990-02-03",
        sex="M",
        district="1703202",
        mother=ELDER,
        father=None,
        identity=None,
    )

    assert (ELDER, "lonely_care") not in needs(make)


def test_facts_of_an_alias_follow_the_link_and_an_annulment_leaves_nothing() -> None:
    make = country()
    make.health(
        "Patient/p-6", "patient_linked", ALIAS, 2, person=None, reason="none", identity=None
    )
    unlinked = needs(make)
    assert (ALIAS, "disability_support") in unlinked
    assert (DISABLED, "disability_support") not in unlinked

    make.health(
        "Observation/o-1",
        "disability_assessed",
        ALIAS,
        2,
        assessed_on="2024-01-01",
        health={"group": 2, "until": "2027-01-01"},
        change="ANNULLED",
    )

    assert (ALIAS, "disability_support") not in needs(make)


def test_links_are_followed_along_a_chain() -> None:
    make = country()
    make.health(
        "Patient/p-7", "patient_linked", STRANGER, person=ALIAS, reason="replaced_by", identity=None
    )
    make.health(
        "Observation/o-2",
        "disability_assessed",
        STRANGER,
        assessed_on="2024-01-01",
        health={"group": 1, "until": None},
    )

    assert (STRANGER, "disability_support") not in needs(make)
    assert (DISABLED, "disability_support") in needs(make, date(2030, 1, 1))


def test_a_disability_is_in_force_on_its_last_day() -> None:
    assert (DISABLED, "disability_support") in needs(country(), date(2027, 1, 1))
    assert (DISABLED, "disability_support") not in needs(country(), date(2027, 1, 2))
