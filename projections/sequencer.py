"""Number what goes out: committed rows of outbox and audit log, in one order, without a gap.

One sequencer at a time (a session's advisory lock), numbering in its own transaction. It sees
committed rows only, and a row that commits late still has no number and gets the next one; whoever
reads by number can miss nothing. (``id > last`` over an identity column would: ids are drawn before
the commit.) A crash inside the transaction numbers nothing.
"""

from __future__ import annotations

import logging
import time
from threading import Event as Flag
from typing import Any, Final, LiteralString

import psycopg

from projections import replay_schema
from schemas.errors import TransientError

log = logging.getLogger(__name__)

_LOCK: Final = 0x6875_6202  # any number, the same in every process: "hub", 2
_BATCH: Final = 5_000
POLL_SECONDS: Final = 0.1
_SWEEP_SECONDS: Final = 2.0


def _numbering(table: LiteralString) -> LiteralString:
    return f"""
WITH fresh AS (
    SELECT id, row_number() OVER (ORDER BY id) AS step
      FROM (SELECT id FROM {table} WHERE number IS NULL ORDER BY id LIMIT %s) AS unnumbered
)
UPDATE {table} AS rows SET number = step + (SELECT coalesce(max(number), 0) FROM {table})
  FROM fresh WHERE rows.id = fresh.id
"""  # noqa: S608 - two constants


_STATEMENTS: Final = (_numbering("kept.outbox"), _numbering("kept.audit_leaves"))


class Sequencer:
    """The one that numbers; others of its kind wait."""

    def __init__(self, dsn: str) -> None:
        self._connection: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(
            dsn, autocommit=True, connect_timeout=5, application_name="hub-sequencer"
        )
        self._is_first = False

    def is_first(self) -> bool:
        """Return whether this is the sequencer; asks for the place if it is free."""
        if not self._is_first:
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
            self._is_first = row == (True,)
        return self._is_first

    def number(self) -> int:
        """Number what is committed, up to a batch; return how many rows."""
        assert self._is_first, "ask is_first before"
        with self._connection.transaction():
            self._connection.execute("SELECT number FROM kept.generation FOR SHARE")
            return sum(
                self._connection.execute(statement, [_BATCH]).rowcount for statement in _STATEMENTS
            )

    def sweep(self) -> None:
        """Drop what a killed replay left; this process is the one that always runs."""
        for schema in replay_schema.sweep(self._connection):
            log.info("orphan_dropped", extra={"table": schema})

    def close(self) -> None:
        """Let go of the connection and with it of the place."""
        self._connection.close()


def run(dsn: str, stop: Flag, poll_seconds: float = POLL_SECONDS) -> None:
    """Number until ``stop`` is set.

    Raises:
        TransientError: the database went away; begin again.
    """
    try:
        sequencer = Sequencer(dsn)
        try:
            swept_at = float("-inf")
            while not stop.is_set():
                if time.monotonic() - swept_at >= _SWEEP_SECONDS and sequencer.is_first():
                    swept_at = time.monotonic()
                    sequencer.sweep()
                if not sequencer.is_first() or not sequencer.number():
                    stop.wait(poll_seconds)
        finally:
            sequencer.close()
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error
