"""Show the row `replay`, and leave it as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from ops.bench.replaying import NAME, Replaying

UNIT = "events/s"


def show(console: Console, found: Replaying, quix: float | None) -> None:
    """Print the rates, and what came after folding."""
    table = Table(
        title=f"Replay, events a second, {found.processes} processes", title_justify="left"
    )
    for column in ("", "median", "min", "max", "replay is"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    table.add_row("replay: first read to facts committed", *_three(found.folded), "")
    ratio = f"{found.rate / found.limit_rate:.2f} of it"
    table.add_row("decode + COPY alone", *_three(found.limit), ratio)
    if quix is not None:
        table.add_row("Quix Streams, live", f"{quix:,.0f}", "", "", f"{found.rate / quix:.2f} x")
    console.print(table)
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.phases.items())
    console.print(f"of the last round: {phases}; {sum(found.phases.values()):.1f} s in all")


def _three(rates: list[float]) -> tuple[str, str, str]:
    return f"{statistics.median(rates):,.0f}", f"{min(rates):,.0f}", f"{max(rates):,.0f}"


def objects(
    found: Replaying, quix: float | None, environment: Mapping[str, object]
) -> list[dict[str, object]]:
    """Return the row as ``build/bench.json`` has it."""
    ratios = {"decode + COPY alone": round(found.rate / found.limit_rate, 2)}
    if quix is not None:
        ratios["quix"] = round(found.rate / quix, 2)
    return [
        {
            "name": NAME,
            "value": round(found.rate),
            "unit": UNIT,
            "peers": {} if quix is None else {"quix": round(quix)},
            "limits": {"decode + COPY alone": round(found.limit_rate)},
            "ratios": ratios,
            "rounds": {
                "replay": [round(rate) for rate in found.folded],
                "limit": [round(rate) for rate in found.limit],
            },
            "seconds": {name: round(each, 2) for name, each in found.phases.items()},
            "processes": found.processes,
            "environment": environment,
        }
    ]
