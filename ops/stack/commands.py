"""``hub up``, ``hub down``, ``hub fetch``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops.lazy import load
from ops.run import components
from ops.settings import Settings
from ops.simulator import fhir_process
from ops.stack import artifacts, kafka, registry
from ops.stack.stack import Stack

_console = Console(highlight=False, soft_wrap=True)


def up(
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also connectors, workers, assessor, clock, sequencer, API."),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="With --all: how many.")] = 2,
) -> None:
    """Start Kafka, the schema registry and PostgreSQL; adopt what already runs.

    Safe to repeat at any time, also after a crash or `kill -9`. Returns once each answers.

    Examples:
      hub up
      hub up --all --workers 4
      HUB_PORT_BASE=31000 hub up
    """
    settings = Settings.from_environment()
    stack = Stack(settings)
    stack.up(_say)
    if everything:
        initialise = load("ops.initialise:initialise")
        _say("creating topics, schemas and tables")
        initialise(settings)
        components.start(stack, workers, _say)
    _console.print(_places(settings, everything))


def down() -> None:
    """Stop exactly what `hub up` and `hub simulate` started in this home, and nothing else.

    Examples:
      hub down
      HUB_HOME=/srv/hub hub down
    """
    settings = Settings.from_environment()
    Stack(settings).down(_say)
    if fhir_process.stop(settings.home):
        _say("stopping the simulated FHIR server")
    _say("nothing runs")


def fetch() -> None:
    """Download what the stack runs, and compare every archive with its SHA-256.

    Goes on where an earlier run stopped; with a full cache it only compares.

    Examples:
      hub fetch
    """
    settings = Settings.from_environment()
    folder = kafka.archives(settings)
    with _console.status("fetching and comparing archives") as status:
        count = artifacts.fetch(
            folder, verify=True, done=lambda each: status.update(f"fetched {each.file_name}")
        )
    registry.unpack(settings)
    _say(f"{len(artifacts.pinned())} archives are as listed in {folder}, {count} fetched now")


def _say(text: str) -> None:
    _console.print(text, markup=False)


def _places(settings: Settings, everything: bool) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows = {
        "Kafka": settings.bootstrap_servers,
        "schema registry": settings.registry_url,
        "PostgreSQL": settings.hub_dsn if not settings.hub_dsn_override else "as HUB_DSN says",
        "data and logs": str(settings.home),
    }
    if everything:
        rows["API"] = settings.api_url
    for name, place in rows.items():
        table.add_row(name, place)
    return table
