"""The figures of the row ``feeds``: on the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from ops.bench.feeding import AGENCIES, NAME, Feeding

UNIT = "events/s"


def show(console: Console, found: Feeding) -> None:
    """Print the rates."""
    table = Table(title="Feeds, events a second", title_justify="left")
    table.add_column("agencies", justify="right")
    for column in ("median", "min", "max", "records/s", "decode + encode", "of it"):
        table.add_column(column, justify="right", no_wrap=True)
    for count in AGENCIES:
        rates, limit = found.rates[count], found.limit(count)
        shown = (found.median(count), min(rates), max(rates), found.median(count) * count, limit)
        share = f"{found.median(count) / limit:.2f}"
        table.add_row(f"{count}", *(f"{each:,.0f}" for each in shown), share)
    console.print(table)
    alone = ", ".join(f"{name} {rate:,.0f}/s" for name, rate in found.alone.items())
    console.print(f"One core alone: {alone}.")


def objects(found: Feeding, environment: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the row as ``build/bench.json`` has it; its value is that of most agencies."""
    return [
        {
            "name": NAME,
            "value": round(found.median(AGENCIES[-1])),
            "unit": UNIT,
            "agencies": {str(count): round(found.median(count)) for count in AGENCIES},
            "records_a_second": {
                str(count): round(found.median(count) * count) for count in AGENCIES
            },
            "limits": {
                f"decode + encode, {count} agencies": round(found.limit(count))
                for count in AGENCIES
            },
            "alone": {name: round(rate) for name, rate in found.alone.items()},
            "ratios": {
                str(count): round(found.median(count) / found.limit(count), 2) for count in AGENCIES
            },
            "rounds": {str(count): [round(r) for r in found.rates[count]] for count in AGENCIES},
            "environment": dict(environment),
        }
    ]
