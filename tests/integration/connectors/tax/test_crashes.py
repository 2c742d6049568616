"""Wherever the process dies, every row comes once, and every pair ends in done."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from connectors.source import Cursor
from schemas.errors import TransientError
from tests.integration.connectors.tax.deliveries import DropFolder, csv_bytes, income_rows
from tests.integration.connectors.tax.relaying import Crash, Fault, Published, relay_all

ROWS = {1: 5, 2: 0, 3: 4, 4: 1}
KEYS = [f"income/{number}/{row}" for number, count in ROWS.items() for row in range(1, count + 1)]


def fill(drop: DropFolder) -> None:
    for number, count in ROWS.items():
        drop.deliver(number, csv_bytes(income_rows(count, number)), rows=count, closes="2026-08")
    drop.deliver(9, csv_bytes(income_rows(5, 1)), rows=5)  # the first file again
    drop.deliver(10, csv_bytes(income_rows(5, 77)), rows=6)  # refused


def check(drop: DropFolder, published: Published) -> None:
    assert published.keys == KEYS
    assert published.suppressed == 5
    assert [c.snapshot for c in published.complete] == [True]
    inbox, done = drop.names()
    assert inbox == ["income-0010.csv", "income-0010.manifest.json", "income-0010.refused.json"]
    assert len(done) == 2 * (len(ROWS) + 1)


@pytest.mark.parametrize("fault", [Fault.READ, Fault.PUBLISHED, Fault.TOLD])
@pytest.mark.parametrize("turn", range(12))
def test_a_crash_at_each_step_of_each_page(drop: DropFolder, fault: Fault, turn: int) -> None:
    fill(drop)
    faults = [Fault.NONE] * turn + [fault]

    published = relay_all(lambda: drop.source(page_rows=2), Published(), iter(faults))

    check(drop, published)


@pytest.mark.parametrize("seed", range(20))
def test_crashes_one_after_another(drop: DropFolder, seed: int) -> None:
    chance = random.Random(seed)
    fill(drop)
    faults = iter([chance.choice(list(Fault)) for _ in range(40)])

    published = relay_all(lambda: drop.source(page_rows=chance.randint(1, 6)), Published(), faults)

    check(drop, published)


@pytest.mark.parametrize("move", range(10))
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_in_the_middle_of_a_move(
    drop: DropFolder, monkeypatch: pytest.MonkeyPatch, move: int, after: bool
) -> None:
    """The data file may have moved and the manifest not."""
    fill(drop)
    moves = 0
    rename = Path.rename

    def dying(path: Path, target: Path) -> Path:
        nonlocal moves
        moves += 1
        if moves - 1 != move:
            return rename(path, target)
        if after:
            rename(path, target)
        raise Crash

    monkeypatch.setattr(Path, "rename", dying)

    check(drop, relay_all(lambda: drop.source(page_rows=2), Published()))
    assert moves > move


def test_a_move_that_fails_can_be_tried_again(
    drop: DropFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.deliver(1, csv_bytes(income_rows(1)), rows=1)
    source = drop.source()
    page = source.next_page(None, 0)
    assert page is not None
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", _full_disk)
        with pytest.raises(TransientError, match="No space left"):
            source.committed(page.cursor)

    source.committed(page.cursor)

    assert drop.names()[0] == []


def _full_disk(*_: object) -> Path:
    raise OSError(28, "No space left on device")


def test_an_older_cursor_reads_again_what_came_after(drop: DropFolder) -> None:
    """From each page's cursor, a new process comes to the same end."""
    fill(drop)
    source = drop.source(page_rows=2)
    cursors: list[Cursor | None] = [None]
    keys: list[list[str]] = [[]]
    while page := source.next_page(cursors[-1], 0):
        cursors.append(page.cursor)
        assert len(cursors) < 50
        keys.append(keys[-1] + [record.source_key for record in page.records])

    for cursor, before in zip(cursors, keys, strict=True):
        other = drop.source(page_rows=3)
        found = list(before)
        at = cursor
        while page := other.next_page(at, 0):
            found += [record.source_key for record in page.records]
            at = page.cursor
            assert len(found) <= len(KEYS)
        assert found == KEYS
