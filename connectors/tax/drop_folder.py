"""Read tax files from a drop folder: each applied once, or refused whole.

Order of effects for one file, and what a crash right after each means:

    1. copy it, hashing     nothing happened: the copy has no name and is gone with the process
    2. check the copy       the same; a refusal is a note beside the manifest, written whole,
                            and is come to again if the note is lost
    3. publish page by page (relay: one transaction with the cursor) the cursor says how many rows
                            are out; the file is copied and checked again and goes on from there.
                            If another file lies there by then, we stop: half of it is published
    4. committed: move the data file, then the manifest, to done
                            the cursor names the pair until it has left the inbox, so ``committed``
                            finishes the move after a restart, and nobody reads it again

The claim on a file is the Kafka transaction: a second process is fenced there, and reading is
harmless. Completeness: until the inbox has been drained once, closed months are only noted; then
the latest one is stated as the first complete read; from there on each file that closes a month
states it. It never goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from connectors.source import Complete, Cursor, Page, SourceRecord
from connectors.tax.cursor import Applied, Current, Place, brief
from connectors.tax.inbox import Delivery, Inbox
from connectors.tax.manifest import Manifest, RefusedError, last_day
from connectors.tax.rows import Limits, Row, check, rows
from schemas.errors import PermanentError, TransientError

PAGE_ROWS: Final = 2_000
PAGE_BYTES: Final = 2_000_000
POLL_SECONDS: Final = 0.5


@dataclass(slots=True)
class _Open:
    """A file being published: the checked copy, and the row that comes next."""

    delivery: Delivery
    copy: IO[bytes]
    rows: Iterator[Row]
    next_row: int
    ahead: Row | None  # read, but not yet in a page


class TaxSource:
    """A ``Source`` over ``<drop>/inbox``; ``done`` is created when needed."""

    def __init__(
        self,
        drop: Path,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        limits: Limits | None = None,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        self._inbox = Inbox(drop)
        self._clock = clock  # seconds, monotonic
        self._sleep = sleep
        self._limits = limits or Limits()
        self._page_rows = page_rows
        self._open: _Open | None = None
        self._queue: list[Delivery] = []  # the lowest number last
        self._returned: Cursor | None = None

    def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
        """Return the next rows of the current file, or begin the next file; see ``Source``."""
        place = Place.of(cursor)
        if cursor != self._returned:
            self._queue.clear()  # what it leaves out may have to be read again
        deadline = self._clock() + wait_seconds
        while True:
            try:
                page = self._page(place)
            except OSError as error:
                self.close()
                raise TransientError(f"the drop folder cannot be read: {error.strerror}") from error
            remaining = deadline - self._clock()
            if page is not None:
                self._returned = page.cursor
            if page is not None or remaining <= 0:
                return page
            self._sleep(min(POLL_SECONDS, remaining))

    def committed(self, cursor: Cursor) -> None:
        """Move what is applied to done; what has left already is not missed."""
        for pair in Place.of(cursor).leaving:
            try:
                self._inbox.move(pair)
            except OSError as error:
                raise TransientError(f"a file cannot be moved to done: {error.strerror}") from error

    def close(self) -> None:
        if self._open is not None:
            self._open.copy.close()
            self._open = None

    def _page(self, place: Place) -> Page | None:
        if not self._inbox.path.is_dir():
            raise PermanentError("the drop folder has no inbox; create it or mend the setting")
        place = replace(place, leaving=tuple(a for a in place.leaving if self._inbox.holds(a)))
        if place.current is not None:
            try:
                return self._go_on(place, self._resumed(place.current))
            except RefusedError as error:
                raise _half_published(place.current) from error
        self.close()  # the cursor does not know the file that was open
        while delivery := self._next_delivery(place):
            try:
                return self._begin(place, delivery)
            except RefusedError as error:
                self._inbox.refuse(delivery.path, delivery.mark, delivery.file_mark, error)
        return _drained(place)

    def _next_delivery(self, place: Place) -> Delivery | None:
        """Return the delivery with the lowest number; the inbox is listed once for many."""
        if not self._queue:
            self._queue = self._inbox.deliveries()[::-1]
        leaving = {(pair.manifest, pair.mark) for pair in place.leaving}
        while self._queue:
            delivery = self._queue.pop()
            name = delivery.path.name
            if (name, delivery.mark) not in leaving and (
                self._inbox.mark_of(name) == delivery.mark
            ):
                return delivery
        return None

    def _begin(self, place: Place, delivery: Delivery) -> Page:
        """Return the first page of a file, or the page that drops a duplicate.

        Raises:
            RefusedError: the file is refused.
        """
        manifest = delivery.manifest
        digest = brief(manifest.sha256)
        copy = self._inbox.copy(manifest, self._limits.file_bytes)
        try:
            used = place.applied.get(manifest.number)
            if used not in {None, digest}:
                raise RefusedError("number_used")
            if digest in place.applied.values():
                copy.close()
                return _finished(place, delivery, [], suppressed=manifest.rows)
            check(copy, manifest, self._limits)
        except RefusedError:
            copy.close()
            raise
        self._hold(delivery, copy, 1)
        return self._go_on(place, self._open_file())

    def _resumed(self, current: Current) -> _Open:
        """Return the open file at the row that ``current`` names.

        Raises:
            PermanentError: the file is no longer there as it was.
        """
        held = self._open
        if held is not None and (
            held.delivery.manifest.number,
            held.delivery.manifest.sha256,
            held.next_row,
        ) == (current.number, current.sha256, current.next_row):
            return held
        self.close()
        for delivery in self._inbox.deliveries():
            manifest = delivery.manifest
            if (manifest.number, manifest.sha256) != (current.number, current.sha256):
                continue
            copy = self._inbox.copy(manifest, self._limits.file_bytes)
            self._hold(delivery, copy, current.next_row)
            return self._open_file()
        raise _half_published(current)

    def _hold(self, delivery: Delivery, copy: IO[bytes], next_row: int) -> None:
        ahead = None
        whole = rows(copy, delivery.manifest, self._limits)
        for row in whole:
            if row.number >= next_row:
                ahead = row
                break
        self._open = _Open(delivery, copy, whole, next_row, ahead)

    def _open_file(self) -> _Open:
        assert self._open is not None
        return self._open

    def _go_on(self, place: Place, held: _Open) -> Page:
        """Return the next page of the open file, the last one with what closes it."""
        records: list[SourceRecord] = []
        size = 0
        manifest = held.delivery.manifest
        while held.ahead and len(records) < self._page_rows and size < PAGE_BYTES:
            records.append(_record(manifest, held.ahead))
            size += len(held.ahead.raw)
            held.next_row = held.ahead.number + 1
            held.ahead = next(held.rows, None)
        if held.ahead is None:
            self.close()
            return _finished(place, held.delivery, records)
        current = Current(manifest.number, manifest.sha256, held.next_row)
        return Page(records, replace(place, current=current).cursor())


def _half_published(current: Current) -> PermanentError:
    return PermanentError(
        f"manifest {current.number} is published up to row {current.next_row - 1}, but its file "
        f"is gone or changed; put back the file with SHA-256 {current.sha256}"
    )


def _record(manifest: Manifest, row: Row) -> SourceRecord:
    content = {
        "kind": manifest.kind,
        "manifest": manifest.number,
        "row": row.number,
        "unit": manifest.unit,
        "cells": row.cells
        and dict(zip(manifest.header, row.cells, strict=True)),  # None: no record
    }
    return SourceRecord(f"{manifest.kind}/{manifest.number}/{row.number}", row.raw, content)


def _finished(
    place: Place, delivery: Delivery, records: list[SourceRecord], suppressed: int = 0
) -> Page:
    """Return the page after which the file is applied."""
    manifest = delivery.manifest
    pair = Applied(
        delivery.path.name, delivery.mark, manifest.file, delivery.file_mark, manifest.sha256
    )
    closed = max(place.closed or "", manifest.closes or "") or None
    after = replace(
        place,
        applied={**place.applied, manifest.number: brief(manifest.sha256)},
        current=None,
        leaving=(*place.leaving, pair),
        closed=closed,
    )
    complete = None
    if closed and place.stated and last_day(closed) > place.stated:
        complete = Complete(last_day(closed), snapshot=False)
        after = replace(after, stated=complete.through)
    return Page(records, after.cursor(), complete, suppressed)


def _drained(place: Place) -> Page | None:
    """Return the statement of the first complete read, once and only if a month is closed."""
    if place.stated is not None or place.closed is None:
        return None
    complete = Complete(last_day(place.closed), snapshot=True)
    return Page([], replace(place, stated=complete.through).cursor(), complete)
