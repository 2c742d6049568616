"""``hub verify``: prove that sources, ledger, topics and tables say the same."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import orjson
import typer
from rich.console import Console

from ops.settings import Settings
from ops.verify.compare import CHECKS
from ops.verify.run import verify as run


class Output(StrEnum):
    """How to say it."""

    TEXT = "text"
    JSON = "json"


_NAMES = ", ".join(check.name for check in CHECKS)


def verify(
    without_ledger: Annotated[
        bool, typer.Option("--without-ledger", help="Sources, topics and tables only.")
    ] = False,
    only: Annotated[str | None, typer.Option(help=f"One check: {_NAMES}.")] = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for work that is under way.")
    ] = 60.0,
    output: Annotated[Output, typer.Option("--output", "-o", help="text or json.")] = Output.TEXT,
) -> None:
    """Compare what the sources hold, the ledger, the topics and the tables.

    Ends with 0 when all are equal, 1 for the first difference, 3 when work is still under way.
    """
    report = run(
        Settings.from_environment(),
        with_ledger=not without_ledger,
        only=only,
        wait_seconds=wait,
    )
    if output is Output.JSON:
        typer.echo(orjson.dumps(report.as_json()).decode())
    else:
        report.show(Console())
    raise typer.Exit(report.exit_code)
