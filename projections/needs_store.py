"""The assessor's side of the database: causes and facts out, needs in. Decides nothing.

All of one assessment is one transaction, in this order:

    lock kept.generation FOR SHARE -> take causes (SKIP LOCKED) -> lock persons (sorted)
    -> read facts -> write needs, history, outbox, leaves, assessments -> delete causes -> COMMIT

A crash before COMMIT leaves nothing: the causes are there for the next assessor. After it, all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg.types.json import set_json_loads

from projections import completeness, leaves
from projections import needs_sql as sql
from projections.arrays import uuids
from projections.needs_rows import (
    NO_EVENT,
    AssessmentRow,
    Cause,
    MembershipRow,
    Mover,
    NeedRow,
    Pending,
    StoredNeed,
    Writes,
)

__all__ = (
    "NO_EVENT",
    "AssessmentRow",
    "Cause",
    "Mover",
    "NeedRow",
    "NeedsStore",
    "StoredNeed",
    "Writes",
    "connect",
)

Row = tuple[Any, ...]


def connect(dsn: str) -> psycopg.Connection[Row]:
    """Return a connection made for the assessor."""
    connection = psycopg.connect(dsn, autocommit=True, **sql.SESSION)  # type: ignore[arg-type]
    set_json_loads(orjson.loads, connection)
    connection.execute(sql.CREATE_ROWS.encode())
    return connection


class NeedsStore:
    """One connection; every call belongs to the transaction that is open on it."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self.connection = connection

    def lock_generation(self) -> None:
        self._rows(sql.LOCK_GENERATION)

    def take_causes(self, limit: int) -> list[Cause]:
        """Take the oldest causes that nobody else has."""
        return [Cause(*row) for row in self._rows(sql.TAKE_CAUSES, [limit])]

    def take_causes_of(self, persons: Collection[bytes]) -> list[Cause]:
        """Take the causes of these persons, and of the records they have facts of."""
        wanted = [uuids(persons)]
        rows = self._rows(sql.TAKE_CAUSES_OF_PERSONS, wanted)
        rows += self._rows(sql.TAKE_CAUSES_OF_RECORDS, wanted)
        return [Cause(*row) for row in rows]

    def persons_of_records(self, records: Collection[bytes]) -> list[tuple[bytes, bytes]]:
        """Return (record, person) for everybody who has facts of a record."""
        if not records:
            return []
        return [(row[0], row[1]) for row in self._rows(sql.PERSONS_OF_RECORDS, [uuids(records)])]

    def records_of_events(self, events: Collection[bytes]) -> list[tuple[bytes, bytes]]:
        """Return (event, record) for those of ``events`` that have arrived."""
        if not events:
            return []
        return [(row[0], row[1]) for row in self._rows(sql.RECORDS_OF_EVENTS, [uuids(events)])]

    def maybe_lonely(self, persons: Collection[bytes], born_by: date) -> list[tuple[bytes, bytes]]:
        """Return (who may be alone, or not, because of another; that other of ``persons``)."""
        arguments = {"persons": uuids(persons), "born_by": born_by.isoformat()}
        return [(row[0], row[1]) for row in self._rows(sql.MAYBE_LONELY, arguments)]

    def seen(self) -> int:
        """Return the transaction below which everything is visible to what is read from now on."""
        return int(self._rows(sql.SEEN)[0][0])

    def seen_of(self, persons: Collection[bytes]) -> dict[bytes, int]:
        """Return what the last assessment had seen of everybody who was ever in a household."""
        return dict(self._rows(sql.SEEN_OF, {"persons": uuids(persons)})) if persons else {}

    def movers(self, gained: Collection[bytes], lost: Collection[bytes]) -> list[Mover]:
        """Return the events ``gained``, and those that closed the events ``lost``."""
        arguments = {"gained": uuids(gained), "lost": uuids(lost)}
        return [Mover(*row) for row in self._rows(sql.MOVERS, arguments)]

    def lock_persons(self, persons: Iterable[bytes]) -> None:
        """Wait for everybody's lock; sorted, so that two assessors never wait in a circle."""
        keys = sorted({int.from_bytes(person[:8], signed=True) for person in persons})
        self._rows(sql.LOCK_PERSONS, [keys])

    def facts(
        self,
        persons: Collection[bytes],
        kinds: Sequence[str],
        since: date,
        known_at: datetime | None = None,
    ) -> list[Row]:
        """Return the facts of ``persons``: the fields of ``streams.lifecycle.Fact``.

        Args:
            persons: whose.
            kinds: of which kinds.
            since: of incomes only those from this day on.
            known_at: as if nothing had become known later; None: all.
        """
        if not persons:
            return []
        arguments = {
            "persons": uuids(persons),
            "kinds": list(kinds),
            "since": since,
            "known_at": known_at or "infinity",
        }
        return self._rows(sql.FACTS, arguments)

    def households_of(self, persons: Collection[bytes]) -> dict[bytes, list[bytes]]:
        """Return the members of every household that any of ``persons`` was last counted in."""
        return dict(self._rows(sql.HOUSEHOLDS_OF, [uuids(persons)]))

    def registered_at(self, dwellings: Collection[str]) -> set[bytes]:
        """Return who has ever been registered at one of ``dwellings``."""
        if not dwellings:
            return set()
        return {row[0] for row in self._rows(sql.REGISTERED_AT, [list(dwellings)])}

    def needs_of(self, persons: Collection[bytes]) -> dict[bytes, StoredNeed]:
        """Return what was said last, by need."""
        rows = self._rows(sql.NEEDS_OF, [uuids(persons)])
        return {row[0]: StoredNeed(*row) for row in rows}

    def completeness(self) -> dict[str, completeness.Complete]:
        rows = self._rows(completeness.SELECT, {"known_at": "infinity"})
        return completeness.by_registry(rows)

    def queue_due(self, on: date, now: datetime, *, closed: date | None, most: int) -> int:
        """Queue the households whose answer may change with time; return how many.

        One transaction, under the clock's lock: a crash leaves nothing, and to repeat it is to do
        nothing, because who is in the queue is not queued again.

        Args:
            on: the day.
            now: the moment.
            closed: the last day of the months whose incomes count by now; None: none can.
            most: of the calendar's causes in the queue.
        """
        with self.connection.transaction():
            self.lock_generation()
            self._rows(sql.LOCK_CLOCK)
            cursor = self.connection.execute(
                sql.QUEUE_DUE, {"on": on, "now": now, "closed": closed, "most": most}
            )
            return cursor.rowcount

    def pending(self) -> Pending:
        """Return what households wait for."""
        return Pending(*self._rows(sql.PENDING)[0])

    def take_time(self, *, alone: bool) -> bool:
        """Hold the date until the session ends; False if another session forbids it.

        Whoever judges by the real date shares it; the virtual clock must have it alone.
        """
        return bool(self._rows(sql.TAKE_TIME if alone else sql.HOLD_TIME)[0][0])

    def write(self, writes: Writes, causes: Collection[int]) -> None:
        """Store what was concluded and forget the causes."""
        if writes.needs:
            self._copy(sql.COPY_NEEDS, (_need_row(row) for row in writes.needs))
            self.connection.execute(sql.UPSERT_NEEDS)
        if writes.said:
            self._copy(sql.COPY_HISTORY, (_history_row(*said) for said in writes.said))
            self._copy(sql.COPY_OUTBOX, (("need", body) for body in writes.outbox))
            self._copy(leaves.COPY, (leaves.row("decision", body) for body in writes.leaves))
        if writes.assessments:
            self._copy(sql.COPY_ASSESSMENTS, (_assessment_row(row) for row in writes.assessments))
            self.connection.execute(sql.UPSERT_ASSESSMENTS)
        if writes.memberships:
            self._copy(sql.COPY_MEMBERSHIPS, (_membership_row(row) for row in writes.memberships))
        if writes.gone:
            self.connection.execute(sql.DELETE_ASSESSMENTS, [uuids(writes.gone)])
        self.connection.execute(sql.DELETE_CAUSES, [list(causes)])

    def _rows(
        self, statement: LiteralString, arguments: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> list[Row]:
        return self.connection.execute(statement, arguments, binary=True).fetchall()

    def _copy(self, statement: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _need_row(row: NeedRow) -> list[object]:
    return [
        row.need.hex(),
        row.version,
        row.person.hex(),
        row.household.hex(),
        *row[4:11],
        uuids(row.evidence),
        row.reason,
        row.reason_digest,
        row.event_id.hex(),
        row.assessed_on,
    ]


def _history_row(row: NeedRow, causation: bytes | None) -> list[object]:
    return [
        row.event_id.hex(),
        *_need_row(row)[:13],
        None if causation is None else causation.hex(),
    ]


def _membership_row(row: MembershipRow) -> list[object]:
    household, anchor = (each and each.hex() for each in row[1:3])
    return [row.person.hex(), household, anchor, row.assessed_on]


def _assessment_row(row: AssessmentRow) -> list[object]:
    return [
        row.household.hex(),
        row.anchor.hex(),
        uuids(row.members),
        *row[3:7],
        row.near_misses.decode(),
        *row[8:10],
        None if row.settles_by is None else row.settles_by.hex(),
    ]
