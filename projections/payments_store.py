"""The queue of past months to judge again, and what was found. Decides nothing.

``queue_past`` belongs to the assessor's transaction; the rest to the one that works the queue off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import set_json_loads

from projections import leaves
from projections import payments_sql as sql

Row = tuple[Any, ...]


class Rejudgement(NamedTuple):
    """A row of the queue."""

    id: int
    from_month: date
    event_id: bytes


class Found(NamedTuple):
    """A row of live.payment_findings, in its order."""

    person: bytes
    kind: str
    month: date
    entitled_minor: int | None
    paid_minor: int
    event_id: bytes


def queue_past(
    connection: psycopg.Connection[Any], causes: Sequence[int], kinds: Sequence[str], on: date
) -> int:
    """Queue everybody of whose past these causes speak; return how many rows. Before they go."""
    arguments = {"causes": causes, "kinds": list(kinds), "on": on}
    return connection.execute(sql.QUEUE_PAST, arguments).rowcount


class PaymentsStore:
    """One connection of its own, at REPEATABLE READ."""

    def __init__(self, dsn: str) -> None:
        self.connection = psycopg.connect(
            dsn,
            autocommit=True,
            application_name="hub-payments",
            options="-c timezone=UTC -c idle_in_transaction_session_timeout=60s -c jit=off"
            " -c statement_timeout=120s",
            connect_timeout="5",
        )
        set_json_loads(orjson.loads, self.connection)

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def working(self) -> Iterator[bool]:
        """Be the only one at work on past payments; False: another is.

        A session's lock, taken before the snapshot: whoever works next sees what we wrote.
        """
        row = self.connection.execute(sql.LOCK).fetchone()
        if row != (True,):
            yield False
            return
        try:
            yield True
        finally:
            if not self.connection.closed:
                self.connection.execute(sql.UNLOCK)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One snapshot of the live generation."""
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self.connection.execute(sql.LOCK_GENERATION)
            yield

    def first(self, on: date, now: datetime) -> bytes | None:
        """Return who has waited longest; None: nobody."""
        row = self.connection.execute(sql.FIRST, {"on": on, "now": now}).fetchone()
        return None if row is None else bytes(row[0])

    def take(self, person: bytes, on: date, now: datetime) -> list[Rejudgement]:
        """Take all that is due of a person out of the queue."""
        arguments = {"person": UUID(bytes=person), "on": on, "now": now}
        rows = self.connection.execute(sql.TAKE, arguments).fetchall()
        return sorted(Rejudgement(*row) for row in rows)

    def first_month(self) -> date | None:
        """Return the first month of which the hub could say anything."""
        row = self.connection.execute(sql.FIRST_MONTH).fetchone()
        return None if row is None else row[0]

    def latest(self, persons: Collection[bytes], months: Collection[date]) -> list[Row]:
        """Return what was found last: (person, kind, month, entitled, paid)."""
        arguments = {"persons": [UUID(bytes=one) for one in persons], "months": list(months)}
        return self.connection.execute(sql.LATEST, arguments).fetchall()

    def write(self, found: Iterable[Found], leaf: dict[str, object]) -> None:
        """Add what was found, and the leaf of having looked."""
        rows = [(UUID(bytes=one.person), *one[1:5], UUID(bytes=one.event_id)) for one in found]
        if rows:
            with self.connection.cursor() as cursor:
                cursor.executemany(sql.INSERT, rows)
        leaves.leave(self.connection, "payments", leaf)
