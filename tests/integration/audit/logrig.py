"""A hub's audit log of a test's own: a table, a sequencer, a folder, and who signs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag

import psycopg

from projections import leaves
from projections.sequencer import Sequencer
from projections.tlog import integrator
from projections.tlog.build import builder
from projections.tlog.folder import Folder
from projections.tlog.integrator import Integrator
from projections.tlog.note import Signer

ORIGIN = "hub.test/audit"
SEED = bytes(range(32))
AUDIT_KEY = bytes(range(32, 64))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class LogRig:
    """Everything that a leaf passes through."""

    dsn: str
    folder: Path
    signer: Signer

    def leave(self, count: int = 1, kind: str = "read", **body: object) -> None:
        """Write leaves and number them."""
        with (
            psycopg.connect(self.dsn) as connection,
            connection.cursor() as cursor,
            cursor.copy(leaves.COPY) as copy,
        ):
            for n in range(count):
                copy.write_row(leaves.row(kind, {"what": "test", "n": n, **body}))
        self.number()

    def number(self) -> None:
        with closing(Sequencer(self.dsn)) as sequencer:
            while not sequencer.is_first():
                pass
            while sequencer.number():
                pass

    def integrate(self) -> int:
        """Publish all that is numbered; return the size."""
        with (
            psycopg.connect(self.dsn, autocommit=True) as connection,
            closing(Folder(self.folder)) as folder,
        ):
            one = Integrator(connection, folder, self.signer, builder(AUDIT_KEY), lambda: NOW)
            one.open()
            while one.step():
                pass
            return one.publish().size

    def run(self, stop: Flag, seconds: float = 0.0) -> None:
        integrator.run(
            self.dsn,
            self.folder,
            signer=self.signer,
            audit_key=AUDIT_KEY,
            stop=stop,
            now=lambda: NOW,
            publish_seconds=seconds,
        )

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def size(self) -> int:
        """Return what is published; -1 before the first checkpoint."""
        try:
            return self.signer.read(self.checkpoint).size
        except FileNotFoundError:
            return -1

    def wait_for(self, size: int) -> None:
        """Wait until so many leaves are published."""
        self.wait_until(lambda: self.size() >= size, f"{size} leaves are published")

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {what}"
            time.sleep(0.01)

    @property
    def checkpoint(self) -> bytes:
        return (self.folder / "checkpoint").read_bytes()


def rig_of(dsn: str, folder: Path) -> LogRig:
    return LogRig(dsn, folder, Signer.of(ORIGIN, SEED))


def run_alone(dsn: str, folder: Path) -> None:
    """Integrate in a process of its own, until it is killed."""
    rig_of(dsn, folder).run(Flag())
