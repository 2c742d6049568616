"""The hand-worked table: a hundred people, and its own arithmetic checked once more."""

import re
from datetime import date

import pytest

from ops.simulator.contract import Keys
from ops.simulator.known_people import (
    FACTS,
    MISSES,
    NEEDS,
    PEOPLE,
    Need,
    ago,
    known_needs,
    known_persons,
)
from ops.verify.needs import KINDS

UNTIL = date(2026, 9, 30)
KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
MINIMUM = 700_000
STATUS = {"family_state_supported", "family_low_income", "family_at_risk"}


def monthly(name: str) -> int:
    """Return what the last line about a person's job says is earned in a month."""
    total = 0
    for line in FACTS:
        if line.verb == "job" and line.words[0] == name and "withdrawn" not in line.options:
            total += int(line.options.get("corrected", line.words[3].replace("-", "0")))
    return total


def test_there_are_a_hundred_people_with_a_hundred_ids() -> None:
    persons = known_persons(UNTIL, KEYS)

    assert len(PEOPLE) == len(persons) == len(set(persons.values())) == 100


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_had_by_two_and_just_missed_by_one(kind: str) -> None:
    assert sum(need.kind == kind for need in NEEDS) >= 2
    assert any(miss.kind == kind for miss in MISSES)


def test_who_just_misses_a_need_does_not_have_it() -> None:
    had = {(name, need.kind) for need in NEEDS for name in need.holders}
    names = {line.words[0] for line in PEOPLE}

    assert not {(name, miss.kind) for miss in MISSES for name in miss.holders} & had
    assert {name for miss in MISSES for name in miss.holders} <= names


@pytest.mark.parametrize("need", [n for n in NEEDS if n.kind in STATUS], ids=lambda n: n.holders[0])
def test_each_family_status_agrees_with_income_per_head(need: Need) -> None:
    holders, kind = need.holders, need.kind
    per_head = sum(monthly(name) for name in holders) / len(holders)

    if kind == "family_at_risk":
        assert MINIMUM <= per_head < 1.5 * MINIMUM
    else:
        assert per_head < MINIMUM


def test_the_sum_in_a_reason_is_the_sum_of_the_facts() -> None:
    for need in NEEDS:
        stated = re.match(r"([\d,]+) < 700,000", need.why)
        if stated:
            heads = len(need.holders)
            total = sum(monthly(name) for name in need.holders)
            assert total == heads * int(stated[1].replace(",", "")), need


def test_each_child_benefit_and_assistance_goes_with_a_poor_family() -> None:
    poor = [n.holders for n in NEEDS if n.kind in STATUS - {"family_at_risk"}]
    at_risk = [n.holders for n in NEEDS if n.kind == "family_at_risk"]
    for need in NEEDS:
        if need.kind == "child_benefit":
            assert any(need.holders[0] in house for house in (*poor, *at_risk))
        if need.kind == "material_assistance":
            assert need.holders in poor
            assert need.amount == 420_000


def test_a_need_of_a_household_is_on_its_lowest_id() -> None:
    persons = known_persons(UNTIL, KEYS)
    status = next(
        n for n in known_needs(UNTIL, KEYS) if n.key.startswith("a.") and "family" in n.kind
    )

    assert status.person == min(id_ for name, id_ in persons.items() if name.startswith("a."))


def test_the_dead_and_the_comfortable_need_nothing() -> None:
    with_needs = {name for need in NEEDS for name in need.holders}

    dead = {"j.husband", "v.mother", "ad.father", "ae.father", "af.mother", "as.guardian"}
    assert not with_needs & (dead | {"h.alone", "g.wife", "s.father", "y.alone", "ap.alone"})


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("0d", date(2028, 2, 29)),
        ("1y", date(2027, 2, 28)),
        ("4y", date(2024, 2, 29)),
        ("-1d", date(2028, 3, 1)),
    ],
)
def test_a_time_before_a_leap_day_exists(text: str, day: date) -> None:
    assert ago(text, date(2028, 2, 29)) == day


def test_nonsense_is_no_time() -> None:
    with pytest.raises(ValueError, match="not a time"):
        ago("soon", UNTIL)


def test_the_child_benefit_follows_the_order_of_children_and_the_age_of_the_first() -> None:
    born = {line.words[0]: ago(line.words[2], UNTIL) for line in PEOPLE}
    children = [n for n in NEEDS if n.kind == "child_benefit"]
    for need in children:
        family = need.holders[0].split(".", maxsplit=1)[0]
        siblings = sorted(
            (n.holders[0] for n in children if n.holders[0].startswith(f"{family}.")),
            key=lambda name: born[name],
        )
        place = siblings.index(need.holders[0])
        first = 360_000 if born[siblings[0]] > ago("3y", UNTIL) else 275_000

        whole = [first, 165_000, 110_000][place]
        house = next(
            (
                n.holders
                for n in NEEDS
                if n.kind == "family_at_risk" and need.holders[0] in n.holders
            ),
            (),
        )
        heads = sum(monthly(name) for name in house) / max(len(house), 1)
        share = 1.0 if not house else 0.75 if heads < 1.25 * MINIMUM else 0.5
        assert need.amount == whole * share
