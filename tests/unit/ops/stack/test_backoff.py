"""The supervisor's patience."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ops.run.backoff import (
    LONGEST_DELAY_SECONDS,
    RECOVERED_SECONDS,
    Watch,
    after_end,
    after_start,
    delay_seconds,
)


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_the_wait_grows_and_never_passes_its_bound(failures: int, chance: float) -> None:
    wait = delay_seconds(failures, chance)

    assert 0 < wait <= LONGEST_DELAY_SECONDS
    assert wait <= delay_seconds(failures + 1, chance)


def test_quick_failures_wait_longer_each_time() -> None:
    watch, now, waits = Watch(), 100.0, []

    for _ in range(4):
        watch = after_end(after_start(watch, now), now + 1, chance=0.0)
        waits.append(watch.next_start - now - 1)
        now = watch.next_start

    assert waits == [0.5, 1.0, 2.0, 4.0]
    assert watch.restarts == 3


def test_a_long_run_is_forgiven() -> None:
    watch = after_start(Watch(failures=9, started=1.0), now=10.0)

    watch = after_end(watch, now=10.0 + RECOVERED_SECONDS, chance=0.0)

    assert watch.failures == 1
