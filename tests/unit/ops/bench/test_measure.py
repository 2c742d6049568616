"""The order of a benchmark, with runs that are made up; and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ops.bench import limits, measure, report, rows
from ops.bench.contestants import CONTESTANTS, OURS, PEERS, Contestant
from ops.bench.race import Arena, RaceError, Run
from ops.settings import Settings

ARENA = Arena(Settings(home=Path("/nowhere"), cache=Path("/nowhere")), "t", {}, 1000, 998)
SPEED = {"ours": 40_000, "quix": 16_000, "faust": 10_000}

Digests = Callable[[str], str]


def made_up_run(_: Arena, contestant: Contestant, *, batch: int, **__: Any) -> Run:
    """The middle batch is the fastest."""
    penalty = 1 if batch == contestant.batches[1] else 2
    return Run(batch, 1000, penalty * 1000 / SPEED[contestant.name], 1.5, 0.02, 0.01)


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> Callable[[Digests], measure.Results]:
    @contextmanager
    def no_tables(_: Settings, name: str) -> Iterator[str]:
        yield name

    monkeypatch.setattr(measure, "empty_tables", no_tables)
    monkeypatch.setattr(measure, "run", made_up_run)
    monkeypatch.setattr(limits, "copying", lambda *_: {"COPY only": 90_000.0})
    monkeypatch.setattr(limits, "decoding", lambda _: {"decode only": 200_000.0})

    def measured(digest: Digests) -> measure.Results:
        monkeypatch.setattr(rows, "digest", lambda _, database: digest(database))
        return measure.measure(ARENA, CONTESTANTS, 3, lambda *_: lambda _: None, lambda _: None)

    return measured


def test_each_runs_three_times_at_the_batch_that_was_fastest(
    results: Callable[[Digests], measure.Results],
) -> None:
    found = results(lambda _: "same")

    for contestant in CONTESTANTS:
        assert sorted(found.tried[contestant.name]) == sorted(contestant.batches)
        assert [run.batch for run in found.runs[contestant.name]] == [contestant.batches[1]] * 3
    assert measure.ratio(found, "quix") == pytest.approx(2.5)
    assert set(found.limits) == {"COPY only", "decode only"}


@pytest.mark.parametrize("culprit", ["bench_faust_1", "bench_quix_3", "bench_ours_2"])
def test_other_rows_are_a_finding_whoever_has_them(
    culprit: str, results: Callable[[Digests], measure.Results]
) -> None:
    with pytest.raises(RaceError, match=culprit[-1]):
        results(lambda database: "other" if database == culprit else "same")


def test_the_json_file_says_all_that_was_asked_for(
    results: Callable[[Digests], measure.Results], tmp_path: Path
) -> None:
    report.write(
        tmp_path / "deep" / "bench.json",
        report.objects(results(lambda _: "same"), CONTESTANTS, {"cpus": 2}),
    )

    [measured] = json.loads((tmp_path / "deep" / "bench.json").read_text("utf-8"))
    assert measured["name"] == report.NAME
    assert measured["value"] == 40_000
    assert measured["unit"] == "events/s"
    assert measured["peers"] == {"quix": 16_000, "faust": 10_000}
    assert measured["limits"] == {"COPY only": 90_000, "decode only": 200_000}
    assert measured["environment"]["cpus"] == 2
    assert measured["environment"]["batch_sizes_tried"]["ours"] == sorted(OURS.batches)


def test_what_a_peer_cannot_promise_is_printed(
    results: Callable[[Digests], measure.Results],
) -> None:
    console = Console(record=True, width=200)
    report.show(console, results(lambda _: "same"), CONTESTANTS)

    printed = console.export_text()
    assert "2.50 x" in printed
    assert "no fencing" in printed
    assert all(peer.title in printed for peer in PEERS)


def test_every_batch_size_divides_the_usual_number_of_events() -> None:
    for contestant in CONTESTANTS:
        assert all(200_000 % batch == 0 for batch in contestant.batches)
