"""Each member of a household is judged, whoever comes first; and how a reason becomes JSON."""

from __future__ import annotations

from datetime import date

import pytest

from streams.rules.reason import MET, MISSED, UNKNOWN, Condition, as_json, evidence, substance
from streams.rules.texts import text_of
from streams.rules.uz import PACK
from tests.unit.streams.rules.telling import family
from tests.unit.streams.rules.world import World, couple, ident, single

# The first of each household is not concerned, the second is.
SECOND = [
    pytest.param(
        family(0).disabled("2she", 2), "disability_support 2she", id="of a couple she is disabled"
    ),
    pytest.param(
        family(0).pregnant("2she", "2026-01-01"), "medical_follow_up 2she", id="she is pregnant"
    ),
    pytest.param(
        family(0).employed("2she", until="2025-11-30"), "employment_help 2she", id="she lost work"
    ),
    pytest.param(
        World().man("1he").woman("2she", "1971-05-10").married("1he", "2she"),
        "pension_age_approaching 2she",
        id="she is near pension age",
    ),
    pytest.param(
        World()
        .born("1child", "2015-01-01", mother="2she")
        .woman("2she")
        .referred("2she", "2026-03-01"),
        "psychological_support 2she",
        id="the mother was referred",
    ),
    pytest.param(
        family(0, "2015-01-01", "2025-01-01"), "infant_care 4child", id="the second child is small"
    ),
]


@pytest.mark.parametrize(("world", "need"), SECOND)
def test_the_second_member_is_judged(world: World, need: str) -> None:
    assert world.result(need) == MET


def test_care_is_judged_of_everybody_who_is_old_or_disabled() -> None:
    young = World().man("1he").woman("2she", "1950-01-01").married("1he", "2she")
    over = young.lives("1he", "home").lives("2she", "home")

    assert (ident("2she"), "lonely_care") in young.judgements()
    assert (ident("1he"), "lonely_care") not in young.judgements()
    over.disabled("1he", 2, until="2025-12-31")
    assert over.result("lonely_care 1he") == MISSED
    assert (ident("2she"), "lonely_care") in over.judgements()


def test_who_is_far_from_pension_age_is_not_judged() -> None:
    assert (ident("1she"), "pension_age_approaching") not in single().judgements()


def test_a_pensioner_of_whom_an_employer_reports_nothing_has_no_gap() -> None:
    world = World().man("1he", "1950-01-01").employed("1he")

    assert world.outcomes() == {ident("1he"): "assessed"}


def test_a_resident_of_an_institution_has_no_family_to_assess() -> None:
    world = single().lives("1she", "home", kind="institution")

    assert world.outcomes() == {ident("1she"): "institution"}


def test_whoever_comes_of_age_is_told_so_of_each_need_of_a_minor() -> None:
    world = couple(0, ("2008-03-10",))

    kinds = {kind for person, kind in world.judgements() if person == ident("c1")}
    assert kinds >= {"child_benefit", "guardianship_check", "survivor_support"}


def test_of_a_parent_nothing_may_be_known() -> None:
    value = {"born_on": "2015-01-01", "sex": "F", "mother": "2she", "father": None}
    world = World().state("birth", ("3child", "birth", value))

    assert world.result("survivor_support 3child") == MISSED
    assert world.result("guardianship_check 3child") == MISSED


def test_of_two_assessments_of_one_day_that_are_over_the_higher_event_is_cited() -> None:
    world = World().woman("1she")
    for record, group in (("a", None), ("b", 2)):
        world.state(
            record,
            ("1she", "disability", {"assessed_on": "2024-01-01"}),
            days=("2024-01-01", None),
            health={"group": group, "until": "2025-12-31"},
        )

    reason = world.judgements()[ident("1she"), "disability_support"].reason
    assert evidence(reason) == [max(ident("event a 1"), ident("event b 1"))]


def test_an_assessment_of_today_that_was_over_yesterday_is_said_to_be_over() -> None:
    world = World().woman("1she").disabled("1she", 2, since="2026-03-10", until="2026-03-09")

    reason = world.judgements()[ident("1she"), "disability_support"].reason
    assert reason.result == MISSED


def test_a_condition_as_json() -> None:
    near = Condition(
        "x", MISSED, value=110, threshold=100, unit="years", events=(b"b" * 16, b"a" * 16)
    )
    day = Condition("x", MET, value=date(2026, 3, 10), threshold=date(2026, 3, 11))

    assert as_json(near) == {
        "condition": "x",
        "result": "missed",
        "value": 110,
        "threshold": 100,
        "unit": "years",
        "distance": 10,
        "near_miss": True,
        "events": [
            "61616161-6161-6161-6161-616161616161",
            "62626262-6262-6262-6262-626262626262",
        ],
    }
    assert as_json(day) == {
        "condition": "x",
        "result": "met",
        "value": "2026-03-10",
        "threshold": "2026-03-11",
    }


def test_the_substance_of_what_moves_with_the_calendar_has_no_value() -> None:
    assert substance(Condition("x", UNKNOWN, volatile=True)) == {
        "condition": "x",
        "result": "unknown",
    }
    assert substance(Condition("x", MET, value=3, threshold=4, volatile=True)) == {
        "condition": "x",
        "result": "met",
        "threshold": 4,
    }


def test_a_language_without_texts_is_named_with_those_that_have_some() -> None:
    with pytest.raises(ValueError, match=r"in fr, only in uz-Latn, uz-Cyrl, ru, en$"):
        text_of(PACK, "minor", "fr")
