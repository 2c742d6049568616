"""``hub status``: what runs in this home, and how it fares."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops import progress_view
from ops.progress import Progress
from ops.progress import progress as observe
from ops.run.components import read_states
from ops.settings import Settings
from ops.stack.record import Record
from ops.stack.stack import SERVERS, SUPERVISOR, Stack
from schemas.errors import HubError

FINDING, DEPENDENCY_DOWN = 1, 3
_MEBIBYTE = 1024 * 1024

_console = Console(highlight=False)


class Output(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One process."""

    name: str
    health: str  # "answers", "running", or what is wrong
    well: bool
    pid: int | None = None
    port: int | None = None
    version: str = ""
    uptime_seconds: int | None = None
    memory_mib: int | None = None
    restarts: int | None = None  # components only
    last_error: str = ""


def status(
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
) -> None:
    """Show every process with its port, version, health, and how far the work is.

    Exit code 3 when a server does not answer, 1 when a component is not running.

    Examples:
      hub status
      hub status -o json
    """
    settings = Settings.from_environment()
    rows = server_rows(settings) + component_rows(settings)
    progress = _progress(settings, rows)
    if output is Output.JSON:
        processes = [asdict(row) for row in rows]
        seen = progress.as_json() if isinstance(progress, Progress) else {"unknown": progress}
        print(json.dumps({"processes": processes, "progress": seen}, indent=1, default=str))
    else:
        _print(settings, rows, progress)
    raise typer.Exit(exit_code(rows))


def exit_code(rows: list[Row]) -> int:
    """Return 3 for a silent server, 1 for a component that does not run, 0 otherwise."""
    if any(not row.well and row.name in SERVERS for row in rows):
        return DEPENDENCY_DOWN
    return 0 if all(row.well for row in rows) else FINDING


def server_rows(settings: Settings) -> list[Row]:
    """Ask each server of the stack."""
    stack = Stack(settings)
    rows = []
    for name, server in SERVERS.items():
        record = stack.record(name)
        if record is None:
            rows.append(Row(name=name, health="does not run: `hub up`", well=False))
            continue
        answers = server.answers(settings)
        health = "answers" if answers else f"silent: see {stack.log_path(name)}"
        rows.append(_row(record, health, answers))
    return rows


def component_rows(settings: Settings) -> list[Row]:
    """Return every component that was started and not stopped."""
    stack = Stack(settings)
    states = read_states(settings)
    names = [name for name in stack.recorded() if name not in SERVERS]
    supervised = stack.record(SUPERVISOR) is not None
    rows = []
    for name in sorted({*names, *states}, key=lambda name: (name != SUPERVISOR, name)):
        state = states.get(name, {})
        restarts, error = state.get("restarts"), str(state.get("last_error", ""))
        known = {"restarts": restarts if isinstance(restarts, int) else None, "last_error": error}
        if (record := stack.record(name)) is not None:
            alone = "" if supervised else ", unsupervised: `hub up --all`"
            rows.append(_row(record, f"running{alone}", supervised, **known))
        else:
            health = "starts again soon" if supervised else "ended: `hub up --all`"
            rows.append(Row(name=name, health=health, well=False, **known))  # type: ignore[arg-type]
    return rows


def _row(record: Record, health: str, well: bool, **known: object) -> Row:
    return Row(
        name=record.name,
        health=health,
        well=well,
        pid=record.pid,
        port=record.port or None,
        version=record.version,
        uptime_seconds=round(record.uptime_seconds()),
        memory_mib=round(record.memory_bytes() / _MEBIBYTE),
        **known,  # type: ignore[arg-type]
    )


def _progress(settings: Settings, rows: list[Row]) -> Progress | str:
    """Return how far the work is, or why that cannot be said."""
    elsewhere = {
        "postgres": settings.hub_dsn_override,
        "kafka": settings.bootstrap_override,
        "registry": settings.registry_override,
    }
    if silent := [row.name for row in rows if not row.well and elsewhere.get(row.name) == ""]:
        return f"not known without {', '.join(silent)}"
    try:
        return observe(settings)
    except HubError as error:
        return str(error)


def _print(settings: Settings, rows: list[Row], progress: Progress | str) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), title=str(settings.home), title_justify="left")
    for column in ("process", "health", "pid", "port", "version", "up", "MiB", "restarts"):
        table.add_column(column, no_wrap=column != "health")
    for row in rows:
        up = "" if row.uptime_seconds is None else str(timedelta(seconds=row.uptime_seconds))
        numbers = (row.pid, row.port, row.version, up, row.memory_mib, row.restarts)
        health = f"[{'green' if row.well else 'red'}]{row.health}[/]"
        cells = ("" if number is None else str(number) for number in numbers)
        table.add_row(row.name, health, *cells)
    _console.print(table)
    for row in rows:
        if row.last_error:
            _console.print(f"{row.name} last {row.last_error}", markup=False, soft_wrap=True)
    total = sum(row.memory_mib or 0 for row in rows)
    _console.print(f"{total} MiB in all")
    if isinstance(progress, Progress):
        _console.print(progress_view.table(progress))
    else:
        _console.print(f"progress: {progress}", markup=False)
