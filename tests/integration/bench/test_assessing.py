"""The row `assess` measures the same households in every way, or says that it did not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from rich.console import Console

from ops.bench import assess_report
from ops.bench.assessing import BULK, FOLD, LIVE, PURE, WAYS, measure
from ops.bench.race import Tick
from ops.keystore import open_keystore
from ops.settings import Settings
from projections import keystore
from projections.migrations import migrate
from schemas.errors import HubError
from streams.assessment import Assessment
from streams.everyone import Batch


@pytest.fixture
def tables(stack: Settings) -> Iterator[Settings]:
    migrate(stack.hub_dsn)
    keystore.initialise(stack.keys_dsn)
    with closing(open_keystore(stack)):
        yield stack


def begin(_: str, __: int) -> Tick:
    return lambda _: None


def test_all_ways_assess_the_same_households(tables: Settings) -> None:
    said: list[str] = []

    results = measure(tables, 400, 1, begin, said.append)

    assert set(results.runs) == set(WAYS)
    assert results.needs > 100
    counts = {way: results.runs[way][0].households for way in WAYS}
    assert counts[BULK] == counts[LIVE] == counts[PURE] == counts[FOLD] > 100
    assert all(took.seconds > 0 for runs in results.runs.values() for took in runs)
    (row,) = assess_report.objects(results, {})
    assert row["name"] == "assess"
    assert row["ratio"] == round(results.median(BULK) / results.median(PURE), 2)
    json.dumps(row)
    console = Console(record=True, width=100)
    assess_report.show(console, results)
    shown = console.export_text()
    assert all(way in shown for way in WAYS)


def test_a_household_left_out_is_noticed(tables: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Batch.assess

    def all_but_one(batch: Batch, pack: Any) -> list[Assessment]:
        return whole(batch, pack)[1:]

    monkeypatch.setattr(Batch, "assess", all_but_one)

    with pytest.raises(HubError, match="no figure of this run counts"):
        measure(tables, 200, 1, begin, lambda _: None)
