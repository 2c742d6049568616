"""The figures of the row ``query``: on the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table

from ops.bench.arrivals import EVENLY, HOW
from ops.bench.querying import GOAL_MS, HEALTH, NAME, Asked, Queried

UNIT: Final = "ms"
_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
_SHOWN: Final = ("p50", "p90", "p99", "max")
_TITLES: Final = {HEALTH: "/v1/health, evenly"}


def show(console: Console, found: Queried) -> None:
    """Print the latencies, and who used the cores."""
    title = f"{found.rate:.0f} questions a second, about {found.people:,} people, milliseconds"
    table = Table(title=title, title_justify="left")
    table.add_column("they come", no_wrap=True)
    for column in (*_SHOWN, "API", "server", "load"):
        table.add_column(column, justify="right", no_wrap=True)
    for what in (*HOW, HEALTH):
        asked = found.of(what)
        table.add_row(
            _TITLES.get(what, what),
            *(f"{asked.ms(_SHARES[name]):.1f}" for name in _SHOWN),
            *(f"{each:.2f}" for each in _cpu(asked).values()),
        )
    console.print(table)
    console.print(
        "API, server (PostgreSQL) and load: milliseconds of processor time a question. No error, "
        f"and {found.leaves:,} reads left {found.leaves:,} leaves. "
        f"The goal is a p99 below {GOAL_MS:.0f} ms."
    )


def _cpu(asked: Asked) -> dict[str, float]:
    """Return milliseconds of processor time a question."""
    used = {"api": asked.api_cpu, "postgres": asked.postgres_cpu, "load": asked.load_cpu}
    return {name: 1000 * seconds / len(asked.latencies) for name, seconds in used.items()}


def objects(found: Queried, environment: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the row as ``build/bench.json`` has it; its value is the p99 of even arrivals."""
    return [
        {
            "name": NAME,
            "value": round(found.of(EVENLY).ms(0.99), 1),
            "unit": UNIT,
            "goal": GOAL_MS,
            "requests_a_second": found.rate,
            "people": found.people,
            "seconds": found.seconds,
            "errors": 0,
            "leaves": found.leaves,
            "latencies": {
                what: {name: round(found.of(what).ms(s), 1) for name, s in _SHARES.items()}
                for what in (*HOW, HEALTH)
            },
            "cpu_milliseconds_a_question": {
                what: {name: round(each, 2) for name, each in _cpu(found.of(what)).items()}
                for what in (*HOW, HEALTH)
            },
            "rounds": {
                what: [round(one.ms(0.99), 1) for one in found.rounds if one.what == what]
                for what in (*HOW, HEALTH)
            },
            "environment": dict(environment),
        }
    ]
