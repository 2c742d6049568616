"""Settled is believed only after nothing has moved for several looks in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from ops.progress import Applied, Progress
from ops.settings import Settings
from ops.trial import Trial, Watch


def looks(tmp_path: Path, events: Iterable[int]) -> list[bool]:
    """What ``wait_until_settled`` makes of looks at these many events applied."""
    verdicts: list[bool] = []

    class Looked(Trial):
        def due(self) -> Counter[str]:
            return Counter()

        def wait(self, seconds: float, done: Callable[[Progress], bool], watch: Watch) -> Progress:
            for count in events:
                part = Applied("t", 0, count, count, 0, 0, caught_up=True)
                verdicts.append(done(Progress(applied=[part])))
            return Progress()

    settings = Settings(home=tmp_path, cache=tmp_path)
    Looked(settings=settings, people=1, days=1, seed=1, until=date(2026, 1, 1)).wait_until_settled(
        1
    )
    return verdicts


def test_looks_that_differ_are_not_settled(tmp_path: Path) -> None:
    assert not any(looks(tmp_path, range(1, 20)))


def test_a_change_begins_the_count_again(tmp_path: Path) -> None:
    assert looks(tmp_path, [1, 1, 1, 1, 2, 2, 2, 2, 2]) == [False] * 8 + [True]
