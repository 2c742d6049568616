"""The figures of the row ``assess``: on the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from ops.bench.assessing import BULK, GOAL, NAME, PURE, UNIT, WAYS, Results


def show(console: Console, results: Results) -> None:
    """Print the figures."""
    table = Table(title=f"Assessing, {UNIT}", title_justify="left")
    table.add_column("", no_wrap=True)
    for column in ("median", "min", "max", "of pure", "a core", "own us", "server us"):
        table.add_column(column, justify="right", no_wrap=True)
    for way in WAYS:
        runs = results.runs[way]
        rates = [took.rate for took in runs]
        middle = sorted(runs, key=lambda took: took.rate)[len(runs) // 2]
        table.add_row(
            way,
            *(f"{rate:,.0f}" for rate in (results.median(way), min(rates), max(rates))),
            f"{results.median(way) / results.median(PURE):.2f}",
            f"{results.a_core(way):,.0f}",
            *(f"{1e6 * each / middle.households:.0f}" for each in middle[2:]),
        )
    console.print(table)
    console.print(
        f"{BULK} reaches {results.reached():.2f} of {PURE} by the clock, "
        f"{results.reached_a_core():.2f} by processor time; the goal is {GOAL}."
    )


def objects(results: Results, environment: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the row as ``build/bench.json`` has it."""
    return [
        {
            "name": NAME,
            "value": round(results.median(BULK)),
            "unit": UNIT,
            "pure": round(results.median(PURE)),
            "ratio": round(results.reached(), 2),
            "ratio_a_core": round(results.reached_a_core(), 2),
            "goal": GOAL,
            "rates": {way: [round(took.rate) for took in results.runs[way]] for way in WAYS},
            "rates_a_core": {way: round(results.a_core(way)) for way in WAYS},
            "people": results.people,
            "events": results.events,
            "needs": results.needs,
            "environment": dict(environment),
        }
    ]
