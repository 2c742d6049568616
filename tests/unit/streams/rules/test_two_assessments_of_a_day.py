"""Of two assessments of one day the gravest counts, whichever came first."""

from __future__ import annotations

import pytest

from streams.lifecycle import holding
from streams.person import people
from tests.unit.streams.rules.world import NOW, ON, World, ident


@pytest.mark.parametrize("order", [(1, 3), (3, 1), (2, 3), (3, 2), (1, 2), (2, 1)])
def test_the_gravest_group_of_a_day_counts(order: tuple[int, int]) -> None:
    world = World().man("1he")
    for number, group in enumerate(order):
        world.state(
            f"disability {number}",
            ("1he", "disability", {"assessed_on": "2024-01-01"}),
            days=("2024-01-01", None),
            health={"group": group, "until": None},
        )

    found = people(holding(world.facts, NOW), world.opened)[ident("1he")].disability(ON)

    assert found is not None
    assert found.group == min(order)
