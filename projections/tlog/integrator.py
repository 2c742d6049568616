"""Turn numbered leaves into tiles, and say so in a signed checkpoint. One integrator at a time.

    1  read rows after the tree's size, in one statement     committed and numbered before: D8
    2  full tiles and bundles: write, fsync, rename          nobody looks at them yet
    3  at most a second later: partial tiles, the same way, and the fsync of all folders
    4  kept.log_head says size and root; COMMIT               from here this size has this root
    5  the checkpoint: write, fsync, rename, fsync            from here the leaves are published
    6  a copy of it each minute; partial tiles of full ones are removed

A crash anywhere is a start from the checkpoint: the same rows give the same bytes, which are found
to be there or are written. After 4 the next one publishes nothing before it has come to that very
size and root. What differs from what was published stops it for good (``PermanentError``): a table
that was set back or changed would be another log, and this one never signs two roots for one size.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event as Flag
from typing import Any, Final

import psycopg

from projections.tlog import layout
from projections.tlog.build import Row, builder
from projections.tlog.folder import Folder
from projections.tlog.note import Checkpoint, Signer
from projections.tlog.tiles import Tiles
from projections.tlog.tree import Edge
from schemas.errors import PermanentError, TransientError

log = logging.getLogger(__name__)

BATCH: Final = 4096
PUBLISH_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.1
KEPT: Final = "checkpoints"  # one a minute, by day and size
_KEEP_SECONDS: Final = 60.0
_LOCK: Final = 0x6875_6208  # any number, the same in every process: "hub", 8

AT: Final = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
ROWS: Final = f"""
SELECT number, {AT}, kind, body::text FROM kept.audit_leaves
 WHERE number > %s ORDER BY number LIMIT %s
"""  # noqa: S608 - a constant
_HEAD: Final = "SELECT origin, size, root FROM kept.log_head"
_SIGN: Final = """
INSERT INTO kept.log_head (origin, size, root) VALUES (%s, %s, %s)
ON CONFLICT (single) DO UPDATE SET origin = excluded.origin, size = excluded.size,
    root = excluded.root, at = now()
"""

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class Integrator:
    """The one that writes; it holds the lock of the database and the folder."""

    connection: Connection
    folder: Folder
    signer: Signer
    build: Callable[[Row], bytes]
    now: Callable[[], datetime]
    edge: Edge = field(default_factory=Edge)
    published: Checkpoint | None = None
    _promised: Checkpoint | None = None  # signed before: nothing is published short of it
    _full: list[str] = field(default_factory=list)  # since the last checkpoint
    _kept_at: float = float("-inf")

    def open(self) -> None:
        """Find out where to go on.

        Raises:
            PermanentError: table and folder are not of one log any more; the text says how.
        """
        note = self.folder.checkpoint()
        try:
            self.published = None if note is None else self.signer.read(note)
        except ValueError as error:
            raise PermanentError(
                f"the checkpoint in the audit log's folder cannot be gone on from: {error}; put "
                "back the log's key and HUB_AUDIT_ORIGIN, or move the folder away to begin another"
            ) from None
        head = self._head()
        if self.published is not None:
            self._go_on(self.published)
        if head is not None and head.size >= self.edge.size:
            self._promised = head
            self._meet(head)
        if self.published is None and self._promised is None:
            self.publish()

    def step(self) -> int:
        """Write the next leaves, as far as tiles are full; return how many were read.

        Raises:
            PermanentError: the table lacks a number, or a tile is published with other bytes.
            OSError: the disk is full or broken.
        """
        most, first = BATCH, self.edge.size
        if self._promised is not None:
            most = min(BATCH, self._promised.size - first)
        rows = self._rows(first, most)
        full = self.edge.append(map(self.build, rows))
        self.folder.write(full)
        self._full += [name for name, _ in full]
        if self._promised is not None:
            self._meet(self._promised)
        return len(rows)

    @property
    def is_behind(self) -> bool:
        """Whether leaves were read that no checkpoint speaks of."""
        size = -1 if self.published is None else self.published.size
        return self._promised is None and self.edge.size > size

    def publish(self) -> Checkpoint:
        """Publish a checkpoint of all leaves read; nothing if that is what is published.

        Raises:
            OSError: the disk is full or broken.
        """
        checkpoint = self.edge.checkpoint()
        if checkpoint == self.published:
            return checkpoint
        self.folder.write(self.edge.partials())
        self.folder.sync()
        self.connection.execute(_SIGN, [self.signer.origin, *checkpoint])
        note = self.signer.sign(checkpoint)
        self.folder.publish(note)
        self.published = checkpoint
        self._keep(note, checkpoint.size)
        self.folder.remove_partials(self._full)
        self._full = []
        return checkpoint

    def _rows(self, after: int, most: int) -> list[Row]:
        rows = [Row(*row) for row in self.connection.execute(ROWS, [after, most])]
        if rows and (rows[0].number != after + 1 or rows[-1].number != after + len(rows)):
            raise PermanentError(
                f"the table of leaves has no gapless numbers after {after}; the audit log cannot "
                "go on from it"
            )
        return rows

    def _head(self) -> Checkpoint | None:
        row = self.connection.execute(_HEAD).fetchone()
        if row is None or row[0] != self.signer.origin:
            return None  # never signed, or another log
        return Checkpoint(row[1], row[2])

    def _go_on(self, last: Checkpoint) -> None:
        """Take up the tree of the checkpoint; its last leaves must be those of the table."""
        tiles = Tiles(self.folder.root, last.size)
        self.edge = tiles.edge()
        if self.edge.checkpoint() != last:
            raise PermanentError(
                "the tiles of the audit log do not give the root of its checkpoint; put the "
                "folder back from a copy, or move it away to have it built again"
            )
        if not last.size:
            return
        index = (last.size - 1) // layout.WIDTH
        written = tiles.bundle(index)
        rows = self._rows(index * layout.WIDTH, len(written))
        if len(rows) < len(written):
            raise PermanentError(
                f"the audit log has {last.size} leaves published and the table has "
                f"{index * layout.WIDTH + len(rows)}: the database was set back; restore it to a "
                "later state"
            )
        for row, leaf in zip(rows, written, strict=True):
            if self.build(row) != leaf:
                raise PermanentError(
                    f"leaf {row.number} of the table is not the one that is published; the "
                    "database was changed or set back, or audit_key is another"
                )

    def _meet(self, promised: Checkpoint) -> None:
        """Hold on until the tree is what was signed before."""
        if self.edge.size < promised.size:
            if not self._rows(promised.size - 1, 1):
                raise PermanentError(
                    f"{promised.size} leaves were signed and the table has fewer: the database "
                    "was set back; restore it to a later state"
                )
            return
        if self.edge.checkpoint() != promised:
            raise PermanentError(
                f"the table gives another root for {promised.size} leaves than was signed before; "
                "leaves were changed, so nothing is published"
            )
        self._promised = None

    def _keep(self, note: bytes, size: int) -> None:
        """Keep a copy of a checkpoint, for whoever wants to compare."""
        if time.monotonic() - self._kept_at < _KEEP_SECONDS:
            return
        self.folder.write([(f"{KEPT}/{self.now().date().isoformat()}/{size}", note)])
        self.folder.sync()
        self._kept_at = time.monotonic()


def run(
    dsn: str,
    root: Path,
    *,
    signer: Signer,
    audit_key: bytes,
    stop: Flag,
    now: Callable[[], datetime],
    publish_seconds: float = PUBLISH_SECONDS,
) -> None:
    """Integrate until ``stop`` is set; then publish what was read, and return.

    Raises:
        TransientError: the database went away, or the disk is full or broken; begin again.
        PermanentError: table and folder are not of one log any more.
    """
    try:
        with ExitStack() as open_things:
            connection = open_things.enter_context(
                psycopg.connect(
                    dsn, autocommit=True, connect_timeout=5, application_name="hub-integrator"
                )
            )
            if not _wait_for_lock(connection, stop):
                return
            folder = Folder(root)
            open_things.callback(folder.close)
            integrator = Integrator(connection, folder, signer, builder(audit_key), now)
            integrator.open()
            _work(integrator, stop, publish_seconds)
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error
    except OSError as error:
        raise TransientError(
            f"the audit log's folder cannot be written ({error.strerror}); nothing was signed"
        ) from error


def _work(integrator: Integrator, stop: Flag, publish_seconds: float) -> None:
    published_at = float("-inf")
    while not stop.is_set():
        read = integrator.step()
        if integrator.is_behind and time.monotonic() - published_at >= publish_seconds:
            published_at = time.monotonic()
            checkpoint = integrator.publish()
            log.info("checkpoint_published", extra={"leaves": checkpoint.size})
        if read < BATCH:
            stop.wait(POLL_SECONDS)
    if integrator.is_behind:
        integrator.publish()


def _wait_for_lock(connection: Connection, stop: Flag) -> bool:
    while not stop.is_set():
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if row == (True,):
            return True
        stop.wait(POLL_SECONDS)
    return False
