"""``hub keys``: the epochs of the key store, and its backup."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ops.keystore import epochs_of, open_keystore
from ops.operators import login
from ops.privacy import backup as backups
from ops.progress_bar import progress_bar
from ops.settings import Settings
from projections import rotation

app = typer.Typer(
    help="Look after the keys under which personal data is sealed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def status(
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """Show the epochs: how many keys each has, and what waits for the next one.

    Examples:
      hub keys status
      hub keys status -o json
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    settings = Settings.from_environment()
    found = rotation.status(settings.keys_dsn)
    files = epochs_of(settings).numbers()
    if output == "json":
        print(orjson.dumps(_json(found, files), option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("epoch", "state", "began", "destroyed", "key file")
    table.add_column("keys", justify="right")
    for epoch in found.epochs:
        keys = sum(
            n for number, state, n in found.counts if (number, state) == (epoch[0], "active")
        )
        table.add_row(
            str(epoch.number),
            epoch.state,
            _minute(epoch.began_at),
            _minute(epoch.destroyed_at),
            "there" if epoch.number in files else "gone",
            f"{keys:,}",
        )
    console = Console()
    console.print(table)
    for state, text in (("erased", "erased"), ("never", "never to be made")):
        console.print(f"{sum(n for _, each, n in found.counts if each == state):,} keys are {text}")
    if found.waiting:
        console.print(
            f"{found.waiting:,} were erased in this epoch: old pages, the write-ahead log and "
            "backups of the key store open them until `hub keys rotate`"
        )
    if any(epoch.state == "retired" for epoch in found.epochs):
        console.print("a change of epoch was begun and is not done: `hub keys rotate` goes on")


@app.command()
def rotate(*, yes: Yes = False) -> None:
    """Begin a new epoch, wrap every key anew, and destroy the old epoch's key.

    From then on nothing that was erased can be opened: not from old pages, the write-ahead log or a
    backup. Everything else goes on meanwhile. Killed anywhere, the same command goes on from there.
    Backups of the key store that were taken before are worth nothing afterwards: take a new one.

    Examples:
      hub keys rotate
      hub keys rotate --yes
    """
    settings = Settings.from_environment()
    open_keystore(settings).close()  # a home of before epochs gets its first
    console = Console()
    found = rotation.status(settings.keys_dsn)
    keys = sum(n for _, state, n in found.counts if state == "active")
    last = [epoch.number for epoch in found.epochs if epoch.state != "destroyed"]
    console.print(
        f"{keys:,} keys will be wrapped under a new epoch; what can be opened under epoch "
        f"{', '.join(map(str, last))} only, backups too, is lost for good"
    )
    if not yes:
        typer.confirm("Go on?", abort=True)
    with progress_bar(console) as bar:
        task = bar.add_task("wrapping keys", total=None)
        rotated = rotation.rotate(
            settings.keys_dsn,
            settings.hub_dsn,
            epochs_of(settings),
            who=login(),
            show=lambda done, total: bar.update(task, completed=done, total=total),
        )
    was = ", ".join(map(str, rotated.destroyed))
    again = " (a change that was begun before)" if rotated.is_resumed else ""
    console.print(
        f"epoch {rotated.epoch}{again}: {rotated.keys:,} keys wrapped anew, epoch {was} destroyed; "
        "a running process forgets it within a minute. Take a new backup: `hub keys backup`"
    )


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to; must not exist.")]) -> None:
    """Write every wrapped key into a file; without its epoch's key it is worth nothing.

    Keep `secrets/epochs` elsewhere. How long a backup is kept adds to how long an erasure takes.

    Examples:
      hub keys backup /backup/keys-2026-11-22
    """
    settings = Settings.from_environment()
    count = backups.write(settings.keys_dsn, file, datetime.now(UTC))
    print(f"{count:,} rows written to {file}")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="From `hub keys backup`.")]) -> None:
    """Put back keys that are missing. What was erased since stays erased.

    What the key store has, it keeps. In the same transaction every erasure that operators ever
    decided is carried out again, by the events of `hub.operator.events.v1`. Does the same twice.

    Examples:
      hub keys restore /backup/keys-2026-11-22
    """
    settings = Settings.from_environment()
    done = backups.restore(settings, file)
    print(
        f"{done.added:,} of {done.rows:,} rows put back; {done.erased:,} erased again", flush=True
    )
    if done.unopened:
        print(
            f"hub: {done.unopened:,} rows are of an epoch that was destroyed: this backup is too "
            "old for them",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def _json(found: rotation.Status, files: list[int]) -> dict[str, object]:
    return {
        "epochs": [epoch._asdict() | {"has_file": epoch.number in files} for epoch in found.epochs],
        "keys": [{"epoch": e, "state": s, "count": n} for e, s, n in found.counts],
        "erased_in_this_epoch": found.waiting,
    }


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
