"""What the relay of the feeds keeps in the hub's database, and asks of it.

``plan`` is one transaction: index rows of the numbers that are about to be sent, and a leaf for
each feed. It comes before the Kafka transaction. A crash between the two leaves rows and leaves of
numbers that were not sent: the next plan begins with the same numbers and takes their place. Only
the relay that holds the advisory lock writes, on the very session that holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

from projections import resends
from projections.agencies import agencies, grants_of
from projections.arrays import uuids
from projections.leaves import leave
from projections.resends import Resend
from schemas.errors import TransientError
from schemas.rights import Grants

_LOCK: Final = 0x6875_620A
_IDLE_SECONDS: Final = 30  # a frozen relay's transaction is gone after this
_HOLD: Final = "SELECT number FROM kept.generation FOR SHARE"  # against a swap of schemas
_PROGRESS: Final = "SELECT topic, partition, next FROM live.progress"
_APPLIED: Final = """
SELECT event_id, topic, partition, "offset" FROM live.facts
 WHERE event_id = ANY (%s::uuid[]) AND ordinal = 0
"""
_DISTRICTS: Final = "SELECT id, kept.place_of(id, now()) FROM unnest(%s::uuid[]) AS asked (id)"
# Where the subject was registered when what came before was told: when the hub learnt of it, or
# when the grant began to count, if that was later.
_TOLD: Final = """
SELECT DISTINCT e.id, m.since, kept.place_of(e.subject, v.at)
  FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[]) AS e (id, subject, record, version)
 CROSS JOIN unnest(%s::timestamptz[]) AS m (since)
 CROSS JOIN LATERAL (
    SELECT greatest(f.known_from, m.since) AS at FROM live.facts f
     WHERE f.record = e.record AND f.version < e.version
     UNION
    SELECT greatest(n.known_from, m.since) FROM live.need_history n
     WHERE n.need = e.record AND n.version < e.version) AS v
"""
_REPLACE: Final = "DELETE FROM kept.feed_index WHERE agency = %s AND last >= %s"
_INSERT: Final = "INSERT INTO kept.feed_index (agency, first, last, packed) VALUES (%s, %s, %s, %s)"
_REPLACE_RUN: Final = """
DELETE FROM kept.feed_index WHERE agency = %s AND first >= %s AND last <= %s
"""
_MANY: Final = 256  # small rows that become one
_SMALL: Final = f"""
SELECT agency, first, last, packed FROM kept.feed_index
 WHERE agency = %s AND last < %s AND length(packed) < 16384 ORDER BY first LIMIT {_MANY}
"""  # noqa: S608 - a constant
_INDEX: Final = """
SELECT agency, first, last, packed FROM kept.feed_index
 WHERE agency = %s AND last >= %s AND first <= %s ORDER BY first
"""


class IndexRow(NamedTuple):
    """The places of a run of numbers; see ``streams.feeds.places``."""

    agency: str
    first: int
    last: int
    packed: bytes


class Later(NamedTuple):
    """An event that is not the first of its record."""

    id: bytes
    subject: bytes
    record: bytes  # of what the hub says of a need: the need
    version: int


def _numbers(rows: Sequence[IndexRow]) -> int:
    return sum(row.last - row.first + 1 for row in rows)


class FeedStore:
    """The relay's session. Reconnects by itself; then it asks for the relay's place again."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def rights(self) -> dict[str, Grants]:
        """Return what every agency was ever granted."""
        with self._session() as connection:
            return {
                each.agency: grants_of(connection, each.agency) for each in agencies(connection)
            }

    def applied_up_to(self) -> dict[tuple[str, int], int]:
        """Return by topic and partition the first offset that is not applied yet."""
        with self._session() as connection, connection.transaction():
            connection.execute(_HOLD)
            rows = connection.execute(_PROGRESS).fetchall()
        return {(topic, partition): next_ for topic, partition, next_ in rows}

    def applied(self, events: Sequence[bytes]) -> dict[bytes, tuple[str, int, int]]:
        """Return by event id where it was applied: topic, partition, offset."""
        with self._session() as connection, connection.transaction():
            connection.execute(_HOLD)
            rows = connection.execute(_APPLIED, [uuids(events)], binary=True).fetchall()
        return {event.bytes: (topic, part, offset) for event, topic, part, offset in rows}

    def districts(self, persons: Collection[bytes]) -> dict[bytes, str]:
        """Return by person the code of the district; none where it is not known."""
        with self._session() as connection, connection.transaction():
            connection.execute(_HOLD)
            rows = connection.execute(_DISTRICTS, [uuids(persons)], binary=True).fetchall()
        return {person.bytes: district for person, district in rows if district is not None}

    def told(
        self, later: Sequence[Later], since: Collection[datetime]
    ) -> dict[bytes, list[tuple[datetime, str]]]:
        """Return by event id where what came before it was told, under grants since when."""
        columns = [uuids(column) for column in list(zip(*later, strict=True))[:3]]
        versions = [each.version for each in later]
        with self._session() as connection, connection.transaction():
            connection.execute(_HOLD)
            rows = connection.execute(
                _TOLD, [*columns, versions, sorted(since)], binary=True
            ).fetchall()
        found: dict[bytes, list[tuple[datetime, str]]] = {}
        for event, moment, district in rows:
            if district is not None:
                found.setdefault(event.bytes, []).append((moment, district))
        return found

    def plan(self, rows: Sequence[IndexRow], leaves: Sequence[Mapping[str, object]]) -> None:
        """Store index rows, instead of those from the same numbers on, and leave audit leaves.

        Raises:
            TransientError: the database does not answer, or another relay is at work.
        """
        with self._session() as connection, connection.transaction():
            connection.execute(_HOLD)
            for row in rows:
                connection.execute(_REPLACE, [row.agency, row.first])
                connection.execute(_INSERT, [row.agency, row.first, row.last, row.packed])
            for body in leaves:
                leave(connection, "feed", body)

    def index(self, agency: str, first: int, last: int) -> list[IndexRow]:
        """Return the rows in which the numbers ``first`` to ``last`` are."""
        with self._session() as connection:
            rows = connection.execute(_INDEX, [agency, first, last], binary=True).fetchall()
        return [IndexRow(*row) for row in rows]

    def compact(self, agency: str, below: int, join: Callable[[list[IndexRow]], IndexRow]) -> bool:
        """Make one row of many small ones, all of numbers below ``below``; False: there are few.

        One transaction: a crash leaves either.
        """
        with self._session() as connection, connection.transaction():
            rows = [
                IndexRow(*row)
                for row in connection.execute(_SMALL, [agency, below], binary=True).fetchall()
            ]
            if len(rows) < _MANY or rows[-1].last - rows[0].first + 1 != _numbers(rows):
                return False
            one = join(rows)
            connection.execute(_REPLACE_RUN, [agency, one.first, one.last])
            connection.execute(_INSERT, [one.agency, one.first, one.last, one.packed])
        return True

    def next_resend(self) -> Resend | None:
        """Return the resend that has waited longest."""
        with self._session() as connection:
            return resends.waiting(connection)

    def resend(self, identifier: str) -> Resend | None:
        """Return a resend that has not ended."""
        with self._session() as connection:
            return resends.unfinished(connection, UUID(identifier))

    def end_resend(
        self, resend: Resend, rule: str | None, sent: int, withheld: int, now: datetime
    ) -> None:
        """Note that a resend was carried out, or why not; fine if that is noted."""
        with self._session() as connection:
            resends.end(connection, resend, rule, sent, withheld, now)

    def close(self) -> None:
        """Let go of the connection and with it of the relay's place; idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _session(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._open()
            yield self._connection
        except psycopg.OperationalError as error:
            self.close()
            raise TransientError("the hub's database does not answer; see `hub status`") from error

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        connection = psycopg.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=5,
            application_name="hub-feeds",
            options=f"-c idle_in_transaction_session_timeout={_IDLE_SECONDS}s",
        )
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if row != (True,):
            connection.close()
            raise TransientError("another process runs the feeds; this one waits for its place")
        return connection
