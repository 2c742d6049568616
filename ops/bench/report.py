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
    table = Table(title="From Kafka to committed facts, events a second")
    table.add_column("")
    for column in (
        "median",
        "min",
        "max",
        "ours is",
        "batch",
        "start s",
        "own CPU us",
        "PostgreSQL us",
    ):
        table.add_column(column, justify="right")
    for contestant in contestants:
        runs = results.runs[contestant.name]
        rates = [run.rate for run in runs]
        table.add_row(
            contestant.title,
            *(f"{rate:,.0f}" for rate in (results.median(contestant.name), min(rates), max(rates))),
            "" if contestant is OURS else f"{ratio(results, contestant.name):.2f} x",
            f"{results.best_batch(contestant.name):,}",
            f"{min(run.startup_seconds for run in runs):.1f}",
            f"{_cpu(runs, 'own_cpu'):.0f}",
            f"{_cpu(runs, 'postgres_cpu'):.0f}",
        )
    table.add_section()
    for title, rate in results.limits.items():
        table.add_row(f"limit: {title}", f"{rate:,.0f}")
    console.print(table)
    promises = Table(title="What each promises", show_lines=True)
    for column in ("", "promises", "cannot promise"):
        promises.add_column(column)
    for contestant in contestants:
        promises.add_row(contestant.title, contestant.promises, contestant.lacks or "-")
    console.print(promises)
    console.print(f"All ended with the same rows: SHA-256 {results.digest}")


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
