"""The figures of the row ``audit``: on the terminal, and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from ops.bench.auditing import MOST, NAME, WAYS, WITHOUT, Audited
from ops.bench.log_rates import LIMIT_OF

UNIT = "share of ingest"


def show(console: Console, found: Audited) -> None:
    """Print what being on record costs, then the log's own rates."""
    table = Table(title="Ingest with and without a record, events/s", title_justify="left")
    table.add_column("", no_wrap=True)
    for column in ("median", "costs", "of cores", "own us", "server us"):
        table.add_column(column, justify="right", no_wrap=True)
    for way in WAYS:
        costs = ["", ""]
        if way != WITHOUT:
            costs = [f"{found.cost(way):.1%}", f"{found.cost_of_cores(way):.1%}"]
        table.add_row(
            way,
            f"{found.median(way):,.0f}",
            *costs,
            *(f"{found.microseconds(way, kind):.1f}" for kind in ("own_cpu", "postgres_cpu")),
        )
    console.print(table)
    console.print(f"The most that it may cost is {MOST:.0%} of ingest.")
    log = Table(title=f"A log of {found.log.leaves:,} leaves, a second", title_justify="left")
    log.add_column("")
    for column in ("rate", "of its limit"):
        log.add_column(column, justify="right", no_wrap=True)
    for name, rate in found.log.rates.items():
        limit = LIMIT_OF.get(name)
        share = f"{rate / found.log.rates[limit]:.3f} of {limit}" if limit else ""
        log.add_row(name, f"{rate:,.0f}", share)
    console.print(log)


def objects(found: Audited, environment: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the row as ``build/bench.json`` has it; its value is the worse of the two costs."""
    costs = {way: found.cost(way) for way in WAYS if way != WITHOUT}
    return [
        {
            "name": NAME,
            "value": max(costs.values()),
            "unit": UNIT,
            "goal": MOST,
            "costs": costs,
            "costs_of_cores": {way: found.cost_of_cores(way) for way in costs},
            "rounds": {way: [round(one.rate) for one in found.runs[way]] for way in WAYS},
            "cpu_microseconds_an_event": {
                way: {
                    kind: round(found.microseconds(way, kind), 1)
                    for kind in ("own_cpu", "postgres_cpu")
                }
                for way in WAYS
            },
            "leaves": found.log.leaves,
            "rates": {name: round(rate) for name, rate in found.log.rates.items()},
            "ratios": {
                name: round(found.log.rates[name] / found.log.rates[limit], 3)
                for name, limit in LIMIT_OF.items()
            },
            "spread": {
                way: round(statistics.pstdev([one.rate for one in found.runs[way]])) for way in WAYS
            },
            "environment": dict(environment),
        }
    ]
