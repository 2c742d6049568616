"""When requests are planned, and what latencies come to."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.bench.arrivals import BY_CHANCE, EVENLY, percentile, planned


def test_even_arrivals_are_a_gap_apart() -> None:
    assert planned(4, 200.0, EVENLY) == [0.0, 0.005, 0.01, 0.015]


def test_arrivals_by_chance_have_the_same_rate_and_no_gap_in_common() -> None:
    times = planned(20_000, 200.0, BY_CHANCE)
    gaps = [later - earlier for earlier, later in pairwise(times)]

    assert times == sorted(times) == planned(20_000, 200.0, BY_CHANCE)
    assert times != planned(20_000, 200.0, BY_CHANCE, seed=2)
    assert statistics.mean(gaps) == pytest.approx(0.005, rel=0.03)
    assert statistics.pstdev(gaps) == pytest.approx(0.005, rel=0.05)  # exponential


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50.0), (0.9, 90.0), (0.99, 99.0), (0.999, 100.0), (1.0, 100.0)]
)
def test_percentiles_are_values_that_were_seen(share: float, expected: float) -> None:
    values = [float(n) for n in range(100, 0, -1)]

    assert percentile(values, share) == expected


def test_one_of_a_hundred_is_beyond_the_99th() -> None:
    assert percentile([1.0] * 99 + [500.0], 0.99) == 1.0
    assert percentile([1.0] * 98 + [500.0] * 2, 0.99) == 500.0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_as_many_as_the_share_says_do_not_exceed_it(values: list[float], share: float) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(each <= found for each in values) >= share * len(values) - 1e-9
    below = [each for each in values if each < found]
    assert len(below) < share * len(values) + 1e-9
