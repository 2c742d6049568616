"""Connections of a replay: statements written for ``live``, run on another schema.

The statements of the chunk store and of the assessor name ``live``. A rebuild must mean exactly
what they mean, so it runs those very statements with the name replaced, and has none of its own for
the same thing. What leaves the hub (outbox, audit leaves) is left out on the way: it left when the
live path stored it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import errors
from psycopg.abc import Query

from projections import chunk_sql, generation
from schemas.errors import PermanentError, TransientError

Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]

SESSION: Final = {
    "application_name": "hub-replay",
    "options": (
        "-c timezone=UTC -c jit=off -c work_mem=128MB -c maintenance_work_mem=256MB"
        " -c idle_in_transaction_session_timeout=60s -c client_min_messages=warning"
    ),
    "connect_timeout": "5",
    "keepalives_idle": "10",
}
_LIVE: Final = re.compile(r"\blive\.")
_SENT_BEFORE: Final = {chunk_sql.INSERT_LEAF, chunk_sql.INSERT_OUTBOX, chunk_sql.LOCK_GENERATION}
_LOCK_MILLISECONDS: Final = 500  # whoever comes behind us waits so long at most, then may pass
_ATTEMPTS: Final = 200
_PAUSE_SECONDS: Final = 1.0


class Into(NamedTuple):
    """Where a rebuild goes: a connection and the schema that is not ``live`` yet."""

    connection: Connection
    schema: str


def connect(dsn: str) -> Connection:
    """Return a connection made for a replay, committing each statement.

    Raises:
        TransientError: the database does not answer.
    """
    try:
        return psycopg.connect(dsn, autocommit=True, **SESSION)  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def in_schema(statement: str, schema: str) -> str:
    """Return ``statement`` with every name of ``live`` read in ``schema``."""
    return _LIVE.sub(f"{schema}.", statement)


def local_cursor_in(schema: str) -> type[psycopg.Cursor[Row]]:
    """Return a cursor that runs the assessor's statements on ``schema``."""

    class SchemaCursor(psycopg.Cursor[Row]):
        def execute(self, query: Query, *arguments: Any, **options: Any) -> Any:
            return super().execute(_here(query, schema), *arguments, **options)

        def copy(self, statement: Query, *arguments: Any, **options: Any) -> Any:
            return super().copy(_here(statement, schema), *arguments, **options)

    return SchemaCursor


def cursor_in(schema: str) -> type[psycopg.AsyncCursor[Row]]:
    """Return a cursor that runs the chunk store's statements on ``schema`` and sends nothing."""

    class SchemaCursor(psycopg.AsyncCursor[Row]):
        async def execute(self, query: Query, *arguments: Any, **options: Any) -> Any:
            if query in _SENT_BEFORE:
                return await super().execute("SELECT")
            return await super().execute(_here(query, schema), *arguments, **options)

    return SchemaCursor


def _here(query: Query, schema: str) -> bytes:
    statement = query.decode() if isinstance(query, bytes) else str(query)
    if "kept." in statement:
        raise PermanentError("a rebuild may write nothing outside its schema")
    return in_schema(statement, schema).encode()


@contextmanager
def standstill(connection: Connection, stop: threading.Event | None = None) -> Iterator[int]:
    """Give the generation's number in a transaction while which nobody else writes.

    Every writing transaction locks the row of ``kept.generation`` FOR SHARE, which takes ROW SHARE
    on the table. EXCLUSIVE on the table conflicts with that and, unlike the row's own lock, is
    fair: sharers that overlap for ever cannot starve it. It is asked for only briefly at a time,
    because whoever comes after it waits behind it.

    Raises:
        TransientError: somebody held a lock all the time.
    """
    wait = stop or threading.Event()
    for _ in range(_ATTEMPTS):
        connection.execute("BEGIN")
        try:
            connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_MILLISECONDS}ms'")
            connection.execute(generation.EXCLUDE)
            row = connection.execute("SELECT number FROM kept.generation FOR UPDATE").fetchone()
        except errors.LockNotAvailable:
            connection.execute("ROLLBACK")
            wait.wait(_PAUSE_SECONDS)
            continue
        assert row is not None
        break
    else:
        raise TransientError(
            "somebody holds kept.generation for long: see pg_stat_activity for who; try again"
        )
    try:
        yield int(row[0])
    except BaseException:
        if not connection.closed:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
