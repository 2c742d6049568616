"""What was worked out by hand for the known people is what the oracle gives."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from ops.simulator.known_people import known_needs, known_persons
from ops.simulator.plan import plan
from ops.verify.needs import KINDS, expected_needs
from tests.unit.ops.verify.planned import KEYS, RECORDED_AT, published

SOUM = 100


@pytest.mark.parametrize(
    ("until", "days"),
    [
        (date(2026, 9, 30), 0),
        (date(2026, 9, 30), 5),
        (date(2026, 9, 30), 30),
        (date(2026, 3, 1), 10),
        (date(2027, 1, 15), 5),
        (date(2028, 2, 29), 5),
    ],
)
def test_hand_and_oracle_agree(until: date, days: int) -> None:
    persons = set(known_persons(until, KEYS).values())
    right = {
        (need.person, need.kind): need.amount and need.amount * SOUM
        for need in known_needs(until, KEYS)
    }

    found = expected_needs(published(plan(150, days, 3, until)), until, RECORDED_AT)

    names = {person: name for name, person in known_persons(until, KEYS).items()}
    given = {(n.person, n.kind): n.amount_minor for n in found if n.person in persons}
    assert {(names[p], kind, a) for (p, kind), a in given.items()} == {
        (names[p], kind, a) for (p, kind), a in right.items()
    }


def test_a_small_country_has_every_kind_of_need() -> None:
    until = date(2026, 9, 30)

    found = Counter(
        need.kind
        for need in expected_needs(published(plan(2000, 10, 1, until)), until, RECORDED_AT)
    )

    assert all(found[kind] > 4 for kind in KINDS), found
