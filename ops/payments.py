"""``hub payments``: what was paid too little or too much, for a person to decide."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ops.operators import reader
from ops.run.api import queries
from ops.settings import Settings
from projections.payment_queries import PaymentQueries
from streams.rules.uz import PACK

_COMMAND: Final = "hub payments"


def payments(
    each: Annotated[
        bool, typer.Option("--each", help="Every finding by itself; the reading is on record.")
    ] = False,
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """List the months for which too little or too much was paid, as far as is known now.

    A finding is a difference between what the law of a month grants, by what is known now, and
    what registries state was paid. Nothing is corrected by it: a person decides. Nobody is named.

    Examples:
      hub payments
      hub payments --each
      hub payments --each -o json > findings.json
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    with queries(Settings.from_environment()) as answers:
        asked = PaymentQueries(answers)
        answer = asked.open_each(reader(_COMMAND)) if each else asked.open_by_month()
    if output == "json":
        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    else:
        render(answer, Console(), each=each)


def render(answer: dict[str, Any], console: Console, *, each: bool = False) -> None:
    """Print findings for people."""
    rows = answer["findings"]
    if not rows:
        console.print("[bold]nothing was found to be paid wrongly[/]")
    else:
        console.print(_each(rows) if each else _by_month(rows))
    if answer["waiting"]:
        console.print(f"{answer['waiting']:,} entries wait for past months to be judged again")


def _by_month(rows: list[dict[str, Any]]) -> Table:
    table = Table("month", "kind", title=f"Open findings, in {PACK.currency.unit}")
    for name in ("too little", "sum", "too much", "sum"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row["month"][:7],
            row["kind"],
            f"{row['too_little']:,}",
            PACK.currency.units(row["too_little_minor"]),
            f"{row['too_much']:,}",
            PACK.currency.units(row["too_much_minor"]),
        )
    return table


def _each(rows: list[dict[str, Any]]) -> Table:
    table = Table("month", "kind", "person", title=f"Open findings, in {PACK.currency.unit}")
    for name in ("due", "paid", "difference"):
        table.add_column(name, justify="right")
    for name in ("because of", "found at"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            row["month"][:7],
            row["kind"],
            row["person"][:8],
            PACK.currency.units(row["entitled_minor"]),
            PACK.currency.units(row["paid_minor"]),
            PACK.currency.units(row["difference_minor"], "+"),
            row["event_id"][:8],
            row["found_at"][:19],
        )
    return table
