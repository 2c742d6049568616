"""Reasons cite, measure and keep near misses; only substance counts as a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from schemas.ids import text
from streams.assessment import Assessment
from streams.causation import whole_number
from streams.rules.reason import (
    MET,
    MISSED,
    UNKNOWN,
    Condition,
    as_json,
    both,
    either,
    evidence,
    missing,
    substance,
)
from streams.rules.uz import PACK
from tests.unit.streams.rules.world import World, couple, ident, single


def assessment(world: World, on: date | None = None) -> Assessment:
    (found,) = world.assess() if on is None else world.assess(on)
    return found


def test_a_reason_has_values_thresholds_distances_and_events() -> None:
    found = assessment(couple(1_000_000))
    reason = found.judgements[ident("1he"), "family_low_income"].reason

    below = as_json(reason)["parts"][0]
    assert (below["value"], below["threshold"], below["distance"]) == (
        500_000_00,
        700_000_00,
        -200_000_00,
    )
    assert below["result"] == "met"
    assert below["parts"][0]["events"] == sorted(
        text(ident(f"event income 1he {month} 1"))
        for month in ("2025-12-01", "2026-01-01", "2026-02-01")
    )
    assert ident("event birth 1he 1") in evidence(reason)


def test_every_need_cites_events_even_if_there_is_no_income() -> None:
    world = World().man("1he").woman("2she").married("1he", "2she")

    needs = assessment(world).needs()

    cited = {ident("event birth 1he 1"), ident("event birth 2she 1")}
    cited.add(ident("event marriage 1he 2she 2010-01-01 1"))
    assert {need.kind for need in needs} == {"family_low_income", "material_assistance"}
    assert all(set(evidence(need.reason)) == cited for need in needs)


def test_who_is_just_outside_is_kept() -> None:
    near = [(j.kind, node.distance) for j, node in assessment(couple(2_150_000)).near_misses()]
    far = assessment(couple(2_320_000)).near_misses()

    assert near == [("family_at_risk", 25_000_00)]
    assert far == []


def test_a_near_miss_is_found_deep_in_a_tree_and_ages_are_none() -> None:
    found = assessment(couple(3_200_000, ("2008-06-01",)))

    assert [(j.kind, node.name) for j, node in found.near_misses()] == [
        ("family_at_risk", "income_below_risk_limit"),
        ("child_benefit", "income_below_risk_limit"),
    ]
    old = Condition("x", MISSED, value=59, threshold=60, volatile=True)
    assert not old.is_near


def test_below_a_condition_that_is_met_nothing_is_missing() -> None:
    near = Condition("near", MISSED, value=101, threshold=100)
    tree = both("both", either("either", near, Condition("met", MET)), Condition("no", MISSED))

    assert [node.name for node in missing(tree)] == ["both", "no"]


def test_near_is_a_tenth_of_the_threshold() -> None:
    edge = Condition("x", MISSED, value=110, threshold=100)

    assert edge.is_near
    assert not replace(edge, value=111).is_near
    assert not replace(edge, result=MET).is_near


def test_a_sure_miss_outweighs_the_unknown_and_a_sure_hit_too() -> None:
    met, missed, unknown = (Condition("x", result) for result in (MET, MISSED, UNKNOWN))

    assert both("b", met, unknown, missed).result == MISSED
    assert both("b", met, unknown).result == UNKNOWN
    assert both("b", met, met).result == MET
    assert either("e", missed, unknown, met).result == MET
    assert either("e", missed, unknown).result == UNKNOWN
    assert either("e", missed, missed).result == MISSED


def test_other_months_with_the_same_income_are_no_other_substance() -> None:
    months = ("2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01")
    world = replace(couple(0).earns("2she", 300_000, months), tax=date(2026, 3, 31))

    march, april = (
        assessment(world, on).judgements[ident("1he"), "family_low_income"].reason
        for on in (date(2026, 3, 10), date(2026, 4, 10))
    )

    assert substance(march) == substance(april)
    assert evidence(march) != evidence(april)


def test_another_income_is_another_substance() -> None:
    one, other = (
        assessment(couple(soum)).judgements[ident("1he"), "family_low_income"].reason
        for soum in (1_000_000, 1_000_010)
    )

    assert substance(one) != substance(other)


def test_unknown_is_shown_as_unknown_with_what_is_missing() -> None:
    reason = (
        assessment(couple(0).employed("2she")).judgements[ident("1he"), "family_low_income"].reason
    )

    gap = as_json(reason)["parts"][0]["parts"][0]["parts"][0]
    assert gap["condition"] == "income_reported"
    assert gap["result"] == "unknown"
    assert gap["value"] == "2025-12"
    assert gap["person"] == text(ident("2she"))


WINDOWS = [  # on, tax complete through, first and last month
    ("2026-07-14", "2026-05-31", "2026-03 2026-05"),
    ("2026-07-14", "2026-06-30", "2026-04 2026-06"),
    ("2026-07-14", "2026-06-29", "2026-03 2026-05"),  # June is not closed
    ("2026-07-14", "2026-07-31", "2026-04 2026-06"),  # none later than the month before
    ("2026-07-14", "2026-12-31", "2026-04 2026-06"),
    ("2026-08-01", "2026-07-31", "2026-05 2026-07"),
    ("2026-07-14", "2026-04-30", "2026-02 2026-04"),  # three months before July
    ("2026-07-31", "2026-04-30", "2026-02 2026-04"),
    ("2026-08-01", "2026-04-30", None),  # four months before August
    ("2026-07-14", "2026-03-31", None),
    ("2026-01-01", "2025-12-31", "2025-10 2025-12"),
    ("2026-07-14", None, None),
]


@pytest.mark.parametrize(("on", "through", "months"), WINDOWS)
def test_which_three_months_count(on: str, through: str | None, months: str | None) -> None:
    day = date.fromisoformat(on)
    found = PACK.income_window(day, date.fromisoformat(through) if through else None)

    assert (found and f"{found[0]:%Y-%m} {found[1]:%Y-%m}") == months
    if found is not None:
        assert found[0].day == 1
        assert (found[1] + timedelta(days=1)).day == 1
        assert PACK.reads_from(day) <= found[0]


def test_the_next_day_of_change_is_the_first_that_can_matter() -> None:
    assert assessment(single()).next_change_on == date(2026, 6, 1)  # the months become too old
    assert assessment(replace(single(), tax=date(2026, 3, 31))).next_change_on == date(2026, 4, 1)
    assert assessment(single(born="1971-03-20")).next_change_on == date(2026, 3, 20)
    disabled = single().disabled("1she", 2, until="2026-03-15")
    assert assessment(disabled).next_change_on == date(2026, 3, 16)
    child = couple(0, ("2023-03-12",))
    assert assessment(child).next_change_on == date(2026, 3, 12)


def test_nothing_changes_before_the_next_day_of_change() -> None:
    world = couple(0, ("2023-03-20",)).disabled("2she", 1, until="2026-03-25")
    first = assessment(world)
    assert first.next_change_on == date(2026, 3, 20)

    for day in range(10, 20):
        assert world.needs(date(2026, 3, day)) == world.needs()
    assert world.needs(date(2026, 3, 20)) != world.needs()


def test_a_transaction_number_is_made_whole_across_a_turn_of_the_counter() -> None:
    turn = 1 << 32

    assert whole_number(5, turn + 10) == turn + 5
    assert whole_number(0xFFFFFFF0, turn + 10) == turn - 16
    assert whole_number(20, turn + 10) == turn + 20  # younger than the oldest that is open
    assert whole_number(7, 9) == 7
