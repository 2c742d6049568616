"""``hub replay``: rebuild every derived table from the topics, compare, and put it in place."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from ops.replay import until
from ops.replay.report import Report, View
from ops.replay.run import Job
from ops.settings import Settings

_FINDING = 1


class Output(StrEnum):
    """How to print."""

    TEXT = "text"
    JSON = "json"


def replay(  # noqa: PLR0917 - each is an option
    check: Annotated[
        bool, typer.Option("--check", help="Rebuild and compare; swap nothing, keep nothing.")
    ] = False,
    swap_anyway: Annotated[
        bool, typer.Option("--swap-anyway", help="Swap although differences were found.")
    ] = False,
    back: Annotated[
        bool, typer.Option("--back", help="Put the tables that were live before in place again.")
    ] = False,
    drop_previous: Annotated[
        bool, typer.Option("--drop-previous", help="Drop the tables that were live before.")
    ] = False,
    until_: Annotated[
        list[str] | None,
        typer.Option(
            "--until",
            metavar="TIME|PLACE",
            help="Only up to a time (recorded_at), or topic/partition=offset, which may be "
            "repeated; for a look at the past, never swapped.",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="With --until: keep the tables, for psql.")
    ] = False,
    drop_kept: Annotated[
        bool, typer.Option("--drop-kept", help="Drop all tables that --keep kept.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes; as many as there are cores.", min=1, max=64)
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TEXT,
) -> None:
    """Rebuild all derived tables from the topics beside the live ones, compare, and swap.

    Everything goes on meanwhile. Exit code 1: differences were found and nothing was swapped.

    Examples:
      hub replay                      rebuild, compare, swap
      hub replay --check              rebuild and compare only
      hub replay --back               what was live before is live again
      hub replay --until 2026-05-03T12:00:00 --keep
      hub replay --until registry.civil.events.v1/0=12345
    """
    if sum(map(bool, (check, back, drop_previous, until_, drop_kept))) > 1:
        raise typer.BadParameter("only one of --check, --back, --until and the two --drop")
    if keep and not until_:
        raise typer.BadParameter("--keep goes with --until")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # drop what was begun then, too
    view = View(Console(stderr=output is Output.JSON), silent=output is Output.JSON)
    settings = Settings.from_environment()
    job = Job(settings, view, workers or os.cpu_count() or 1)
    if drop_previous:
        job.drop_previous()
    elif drop_kept:
        job.drop_kept()
    elif back:
        _tell(job.back(), output)
    elif until_:
        wanted = until.parse(until_, partitions=settings.partitions, now=datetime.now(UTC))
        _tell(job.past(wanted, keep=keep), output)
    else:
        report = job.present(swap=not check, anyway=swap_anyway)
        _tell(report, output)
        if report.differences and not swap_anyway:
            raise typer.Exit(_FINDING)


def _tell(report: Report, output: Output) -> None:
    if output is Output.JSON:
        print(report.as_json())
    else:
        print("\n".join(report.lines()))
