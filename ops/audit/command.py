"""``hub audit``: what is on record, proved to somebody who does not trust us."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import psycopg
import typer
from rich.console import Console

from ops.audit.checking import check
from ops.audit.export import export_to
from ops.audit.finding import Asked, NotOnRecordError, find
from ops.audit.place import log_folder, signer
from ops.audit.records import records_of
from ops.progress_bar import progress_bar
from ops.settings import Settings
from projections.tlog.build import builder
from projections.tlog.folder import read
from projections.tlog.layout import CHECKPOINT
from projections.tlog.note import Checkpoint
from projections.tlog.proof import proof_file, record_part
from projections.tlog.tiles import Tiles
from schemas.errors import HubError, PermanentError, TransientError

app = typer.Typer(
    help="Prove, show, check and hand out what is on record.",
    epilog="docs/audit.md says what a proof proves. `hub-verify` checks it without the hub.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_NAME = typer.Argument(
    help="Id of an event, a decision or a request; topic/partition/offset; or a leaf's number.",
    show_default=False,
)
_STATE = """
SELECT count(*), coalesce(max(number), 0), count(*) FILTER (WHERE number IS NULL)
  FROM kept.audit_leaves
"""


@app.command()
def status() -> None:
    """Show how far the log is, and whether it keeps up.

    Examples:
      hub audit status
    """
    settings = Settings.from_environment()
    published = _published(settings)
    with _database(settings) as connection:
        leaves, numbered, waiting = connection.execute(_STATE).fetchone() or (0, 0, 0)
    size = 0 if published is None else published.size
    print(f"log          {settings.audit_origin}")
    print(f"published    {size:,} leaves" + ("" if published else ", no checkpoint yet"))
    if published is not None:
        print(f"root         {published.root.hex()}")
    print(f"to publish   {numbered - size:,} leaves")
    print(f"to number    {waiting:,} leaves, of {leaves:,} in the table")
    if numbered < size:
        raise PermanentError("the table has fewer leaves than are published: it was set back")


@app.command()
def key() -> None:
    """Print the public key that outsiders check the log with.

    Examples:
      hub audit key
    """
    print(signer(Settings.from_environment()).verifier_key)


@app.command()
def show(name: Annotated[str, _NAME]) -> None:
    """Show a leaf as it is published.

    Examples:
      hub audit show 12
      hub audit show 7f1c9f0e-3f5d-8b1a-9f00-1d2c3b4a5968
    """
    settings = Settings.from_environment()
    asked = _find(settings, name)
    leaf = builder(settings.secrets.audit_key)(asked.row)
    print(orjson.dumps(orjson.loads(leaf), option=orjson.OPT_INDENT_2).decode())


@app.command()
def prove(
    name: Annotated[str, _NAME],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; default: the terminal.")
    ] = None,
    with_record: Annotated[
        bool,
        typer.Option("--with-record", help="Put the event's record in, not its hash only."),
    ] = False,
) -> None:
    """Write a proof file, which `hub-verify proof` checks without the hub.

    A record holds what the event says in clear, by pseudonym; without it the proof has its hash.

    Examples:
      hub audit prove 7f1c9f0e-3f5d-8b1a-9f00-1d2c3b4a5968 -o event.tlog-proof
      hub audit prove registry.civil.events.v1/0/17 --with-record
    """
    settings = Settings.from_environment()
    content = make_proof(settings, name, with_record=with_record)
    if output is None:
        sys.stdout.buffer.write(content)
        return
    output.write_bytes(content)
    print(f"{output}: check it with `hub-verify proof {output} --key KEY`")


@app.command()
def verify() -> None:
    """Check the whole log: entries, tiles, checkpoints kept, and each leaf's row in the table.

    Examples:
      hub audit verify
    """
    settings = Settings.from_environment()
    vkey, folder = signer(settings).verifier_key, log_folder(settings)
    with _bar("leaves") as progress:
        found = check(settings.hub_dsn, folder, vkey, settings.secrets.audit_key, progress)
    print(
        f"{found.checkpoint.size:,} leaves verify and are those of the table; {found.kept} "
        "earlier checkpoints are of the same log"
    )


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist, or an older copy.")],
) -> None:
    """Copy the log as it is published, whole and at one size, to hand it out.

    Examples:
      hub audit export /media/auditor/log
    """
    settings = Settings.from_environment()
    with _bar("files") as progress:
        size = export_to(log_folder(settings), folder, signer(settings), progress)
    print(f"{folder}: {size:,} leaves; check it with `hub-verify log {folder} --key KEY`")


def make_proof(settings: Settings, name: str, *, with_record: bool = False) -> bytes:
    """Return the proof file of what ``name`` names.

    Raises:
        NotOnRecordError: it is not on record, or not published yet.
        TransientError: the database or Kafka does not answer.
    """
    asked = _find(settings, name)
    row, place = asked
    note, published = read(log_folder(settings), CHECKPOINT), _published(settings)
    if note is None or published is None or row.number > published.size:
        raise NotOnRecordError(
            f"leaf {row.number} is not published yet; the integrator does it: `hub audit status`"
        )
    record = None
    if place is not None:
        records = records_of(settings.kafka("reader"), orjson.loads(row.body))
        record = record_part(records, place.offset, with_value=with_record)
        if record is None:
            raise NotOnRecordError("there is no record at that offset: it marks a transaction")
    tiles, index = Tiles(log_folder(settings), published.size), row.number - 1
    leaf = tiles.entry(index)
    if builder(settings.secrets.audit_key)(row) != leaf:
        raise HubError(f"leaf {row.number} is not what is published; run `hub audit verify`")
    return proof_file(leaf, index, tiles.inclusion(index), note, record)


def _find(settings: Settings, name: str) -> Asked:
    with _database(settings) as connection:
        return find(connection, name)


def _published(settings: Settings) -> Checkpoint | None:
    note = read(log_folder(settings), CHECKPOINT)
    try:
        return None if note is None else signer(settings).read(note)
    except ValueError as error:
        raise PermanentError(f"the checkpoint in {log_folder(settings)}: {error}") from None


@contextmanager
def _database(settings: Settings) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    try:
        with psycopg.connect(settings.hub_dsn, connect_timeout=5) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress on the terminal, if there is one."""
    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
