"""Read pages over one connection to the registry, from a cursor until something fails.

A page ends when it is full or when the stream has nothing more at hand, also inside a transaction:
memory is bounded whatever the size of a transaction, and a single change goes out at once.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import date
from time import monotonic
from typing import Any, Final

import psycopg

from connectors.civil import slot
from connectors.civil.changes import Changed, Changes, Committed
from connectors.civil.checks import check_database
from connectors.civil.cursor import CivilCursor, Place, Progress
from connectors.civil.failures import registry_errors
from connectors.civil.pgoutput import decode
from connectors.civil.records import CivilRecord
from connectors.civil.snapshot import Recent, Window, read_chunk
from connectors.civil.stream import SESSION, ReplicationStream
from connectors.source import Complete, Cursor, Page, SourceRecord

_WATERMARK: Final = "hub.watermark"
_HEARTBEAT: Final = "hub.heartbeat"
_REST_SECONDS: Final = 0.05  # for the rest of a transaction that is on its way
_EMIT: Final = "SELECT pg_logical_emit_message(true, %s, %s::bytea)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CivilSettings:
    """How the connector reads the civil registry."""

    dsn: str = field(repr=False)  # of the registry's database
    slot: str = "hub_civil"
    publication: str = "hub"
    chunk_rows: int = 2_000  # of the snapshot; held in memory until their watermark arrives
    page_records: int = 2_000
    page_bytes: int = 4_000_000  # a page ends with the record that exceeds it
    heartbeat_seconds: float = 10.0  # without a page, after which one is provoked


@dataclass(slots=True)
class _Batch:
    """What the next page will hold."""

    records: list[SourceRecord] = field(default_factory=list)
    size: int = 0  # bytes of the originals
    not_ours: int = 0


class Session:
    """What one connection remembers."""

    def __init__(self, settings: CivilSettings) -> None:
        """Connect; ``begin`` or ``resume`` comes next.

        Raises:
            TransientError: the server does not answer.
            PermanentError: it refuses us.
        """
        self._settings = settings
        with registry_errors("connecting"):
            self._sql: psycopg.Connection[Any] = psycopg.connect(
                settings.dsn,
                autocommit=True,
                options=SESSION,
                application_name="hub civil",
                connect_timeout=10,
            )
        self._stream: ReplicationStream | None = None
        self._cursor: CivilCursor  # after the last page made ready
        self._changes: Changes
        self._batch = _Batch()
        self._latest: str | None = None
        self._window: Window | None = None
        self._recent = Recent()
        self._ready: deque[Page] = deque()
        self._given: Cursor | None = None  # the cursor of the page returned last
        self._paged_at = self._beat_at = monotonic()

    def begin(self) -> Page:
        """Make sure of a slot and return a first page without records, so that it gets a cursor."""
        stream = self._connect_stream()
        with registry_errors("creating the slot"):
            cursor = slot.begin(
                self._sql, stream.identify(), self._settings.slot, self._settings.publication
            )
        self._follow(stream, cursor)
        return self._give(Page([], cursor.dump()))

    def resume(self, cursor: CivilCursor) -> None:
        """Go on after ``cursor``.

        Raises:
            PermanentError: the server no longer holds everything that comes after it.
        """
        stream = self._connect_stream()
        with registry_errors("checking the slot"):
            slot.check(self._sql, stream.identify(), self._settings.slot, cursor)
        self._follow(stream, cursor)
        self._given = cursor.dump()

    def goes_on_from(self, cursor: Cursor | None) -> bool:
        return cursor is not None and cursor == self._given

    def confirm(self, lsn: int) -> None:
        if self._stream is not None:
            self._stream.confirm(lsn)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._sql.close()

    def next_page(self, wait_seconds: float) -> Page | None:
        """Return the next page; None if there was nothing for so long."""
        deadline = monotonic() + wait_seconds
        while not self._ready:
            self._open_window()
            self._beat()
            payload = self._read(self._patience(deadline))
            if payload is not None:
                self._take(payload)
            if payload is None or self._is_full() or monotonic() >= deadline:
                self._end_page()
                if not self._ready and monotonic() >= deadline:
                    return None
        return self._give(self._ready.popleft())

    def _connect_stream(self) -> ReplicationStream:
        with registry_errors("checking the database"):
            check_database(self._sql, self._settings.publication)
        self._stream = ReplicationStream(self._settings.dsn)
        return self._stream

    def _follow(self, stream: ReplicationStream, cursor: CivilCursor) -> None:
        stream.start(self._settings.slot, self._settings.publication, cursor.place.lsn)
        self._cursor = cursor
        self._changes = Changes(cursor.place)
        self._latest = cursor.latest

    def _patience(self, deadline: float) -> float:
        """Return how many seconds to wait for the next message."""
        if not self._batch.records:
            return max(0.0, min(deadline - monotonic(), self._settings.heartbeat_seconds))
        return 0.0 if self._changes.between else _REST_SECONDS

    def _read(self, timeout_seconds: float) -> bytes | None:
        assert self._stream is not None
        return self._stream.read(timeout_seconds)

    def _take(self, payload: bytes) -> None:
        for item in self._changes.feed(decode(payload)):
            match item:
                case Changed(record):
                    self._batch.records.append(record.record)
                    self._batch.size += len(record.record.original)
                    self._note(record)
                    if self._cursor.snapshot is not None:
                        self._recent.add(record.key)
                        if self._window is not None:
                            self._window.drop(record.key)
                case Committed(_, marks, not_ours):
                    self._batch.not_ours += not_ours
                    if self._window is not None and (_WATERMARK, self._window.mark) in marks:
                        self._close_window(self._window)

    def _is_full(self) -> bool:
        return (
            len(self._batch.records) >= self._settings.page_records
            or self._batch.size >= self._settings.page_bytes
        )

    def _end_page(self) -> None:
        """Make a page ready if there is reason for one."""
        if self._batch.records or self._has_moved_idly():
            self._make_ready(self._batch.records, self._cursor.snapshot)

    def _has_moved_idly(self) -> bool:
        """Nothing to publish, but a place to remember, so that the server can let go of its log.

        A server that stops waits until its readers have confirmed all it sent; it asks for that.
        """
        assert self._stream is not None
        asked, self._stream.asked = self._stream.asked, False
        if not asked and monotonic() - self._paged_at < self._settings.heartbeat_seconds:
            return False
        if self._changes.between and self._stream.reached > self._changes.place.lsn:
            self._changes.place = Place(self._stream.reached)
        return self._changes.place.lsn > self._cursor.place.lsn

    def _make_ready(
        self,
        records: list[SourceRecord],
        snapshot: Progress | None,
        complete: Complete | None = None,
        suppressed: int = 0,
    ) -> None:
        self._cursor = replace(
            self._cursor, place=self._changes.place, snapshot=snapshot, latest=self._latest
        )
        self._ready.append(
            Page(records, self._cursor.dump(), complete, suppressed, self._batch.not_ours)
        )
        self._batch = _Batch()

    def _give(self, page: Page) -> Page:
        self._given = page.cursor
        self._paged_at = monotonic()
        return page

    def _note(self, record: CivilRecord) -> None:
        """Remember the latest day on which the registry says to have registered anything."""
        day = record.registered_on
        if day is not None and (self._latest is None or day > self._latest):
            self._latest = day

    def _open_window(self) -> None:
        if self._cursor.snapshot is None or self._window is not None:
            return
        mark = secrets.token_bytes(16)  # a mark of an earlier run must not close this window
        with registry_errors("reading the snapshot"):
            chunk = read_chunk(self._sql, self._cursor.snapshot, self._settings.chunk_rows)
            self._window = self._recent.open_window(mark, chunk)
            self._sql.execute(_EMIT, (_WATERMARK, mark))  # after the SELECT, or rows would be lost

    def _close_window(self, window: Window) -> None:
        """Put what is left of the chunk behind everything streamed up to its watermark."""
        if self._batch.records:
            self._make_ready(self._batch.records, self._cursor.snapshot)
        chunk, self._window = window.chunk, None
        for record in chunk.records:
            self._note(record)
        complete = None
        if chunk.progress is None:
            latest = date.fromisoformat(self._latest) if self._latest else chunk.today
            complete = Complete(through=latest, snapshot=True)
            self._recent = Recent()
        records = [record.record for record in window.waiting.values()]
        self._make_ready(records, chunk.progress, complete, window.suppressed)

    def _beat(self) -> None:
        """Write a heartbeat if nothing has come for long: its way back moves the cursor."""
        now = monotonic()
        if now - max(self._paged_at, self._beat_at) >= self._settings.heartbeat_seconds:
            self._beat_at = now
            with registry_errors("writing a heartbeat"):
                self._sql.execute(_EMIT, (_HEARTBEAT, self._settings.slot.encode()))
