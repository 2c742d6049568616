"""Show the results, and leave them as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from ops.bench.contestants import OURS, Contestant
from ops.bench.measure import Results, ratio
from ops.bench.race import Run

UNIT: Final = "events/s"
NAME: Final = "kafka_to_committed_facts"


def show(console: Console, results: Results, contestants: Sequence[Contestant]) -> None:
    """Print the figures, then what each contestant promises and lacks."""
    console.print(_rates(results, contestants))
    console.print(_costs(results, contestants))
    console.print(_limits(results))
    console.print(_promises(contestants))
    console.print(f"All ended with the same rows, SHA-256 {results.digest[:32]}…")


def _rates(results: Results, contestants: Sequence[Contestant]) -> Table:
    table = _table("From Kafka to committed facts, events a second")
    for column in ("median", "min", "max", "ours is", "batch"):
        table.add_column(column, justify="right", no_wrap=True)
    for contestant in contestants:
        rates = [run.rate for run in results.runs[contestant.name]]
        table.add_row(
            contestant.title,
            *(f"{rate:,.0f}" for rate in (results.median(contestant.name), min(rates), max(rates))),
            "" if contestant is OURS else f"{ratio(results, contestant.name):.2f} x",
            f"{results.best_batch(contestant.name):,}",
        )
    return table


def _costs(results: Results, contestants: Sequence[Contestant]) -> Table:
    table = _table("Processor time an event, in microseconds; not in the rate: starting up")
    for column in ("own process", "PostgreSQL", "start s"):
        table.add_column(column, justify="right", no_wrap=True)
    for contestant in contestants:
        runs = results.runs[contestant.name]
        table.add_row(
            contestant.title,
            f"{_cpu(runs, 'own_cpu'):.1f}",
            f"{_cpu(runs, 'postgres_cpu'):.1f}",
            f"{min(run.startup_seconds for run in runs):.1f}",
        )
    return table


def _limits(results: Results) -> Table:
    table = _table("What nobody can pass, events a second")
    table.add_column("one core or session", justify="right", no_wrap=True)
    for title, rate in results.limits.items():
        table.add_row(title, f"{rate:,.0f}")
    return table


def _promises(contestants: Sequence[Contestant]) -> Table:
    table = _table("What each promises")
    table.show_lines = True
    for column in ("promises", "cannot promise"):
        table.add_column(column)
    for contestant in contestants:
        table.add_row(contestant.title, contestant.promises, contestant.lacks or "-")
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    return table


def objects(
    results: Results, contestants: Sequence[Contestant], environment: Mapping[str, object]
) -> list[dict[str, object]]:
    """Return the results as ``build/bench.json`` has them."""
    peers = [contestant.name for contestant in contestants if contestant is not OURS]
    surroundings = {
        **environment,
        "batch_sizes_tried": {name: sorted(tried) for name, tried in results.tried.items()},
    }
    return [
        {
            "name": NAME,
            "value": round(results.median(OURS.name)),
            "unit": UNIT,
            "peers": {name: round(results.median(name)) for name in peers},
            "limits": {title: round(rate) for title, rate in results.limits.items()},
            "ratios": {name: round(ratio(results, name), 2) for name in peers},
            "rounds": {
                name: [round(run.rate) for run in runs] for name, runs in results.runs.items()
            },
            "cpu_microseconds_an_event": {
                name: {kind: round(_cpu(runs, kind), 1) for kind in ("own_cpu", "postgres_cpu")}
                for name, runs in results.runs.items()
            },
            "tried": {
                name: {str(batch): round(rate) for batch, rate in tried.items()}
                for name, tried in results.tried.items()
            },
            "cannot_promise": {c.name: c.lacks for c in contestants if c.lacks},
            "rows_sha256": results.digest,
            "environment": surroundings,
        }
    ]


def _cpu(runs: Sequence[Run], kind: str) -> float:
    """Return microseconds of processor time an event, in the median run."""
    seconds: list[float] = [getattr(run, kind) / run.events for run in runs]
    return 1e6 * statistics.median(seconds)


def write(path: Path, content: Sequence[Mapping[str, object]]) -> None:
    """Write the JSON file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
