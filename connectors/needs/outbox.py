"""Read the outbox by number: what the sequencer numbered, without a gap.

Two connectors read it, each with a cursor of its own: ``needs`` takes what the hub concluded,
``operator`` what operators decided, and each passes over what is the other's. The cursor is the
last number read. Rows are never changed once numbered, so a page read again is the same page. A
page of which nothing is ours is read over without a word, up to ``_SILENT_PAGES`` of them; then the
cursor is stored, so that a restart does not begin before them. Bodies are JSON:

- ``need``: type, version, subject, change, fields, sealed (base64 or null), digest (hex),
  causation_id;
- ``quarantine``: id, source, source_key, rule, field, original (base64, sealed under the entry's
  own key); it was recorded when the row was written;
- ``operator``: type, version, on; of a link alias, person, reason, before (the version before it,
  or null); of an erasure subject, class, decision, basis, until.
"""

from __future__ import annotations

import contextlib
import time
from base64 import b64decode
from collections.abc import Callable, Collection
from typing import Any, Final

import orjson
import psycopg

from connectors.source import Cursor, Entry, Page, SourceRecord
from schemas.errors import PermanentError, TransientError
from schemas.ids import parse

PAGE_ROWS: Final = 1_000
NEEDS: Final = ("need", "quarantine")
OPERATOR: Final = ("operator",)
ERASURE: Final = "hub.erasure_decided"
_POLL_SECONDS: Final = 0.1
_SILENT_PAGES: Final = 50
_SELECT: Final = """
SELECT number, kind, body, (extract(epoch FROM at) * 1000000)::bigint
  FROM kept.outbox WHERE number > %s ORDER BY number LIMIT %s
"""


class OutboxSource:
    """A source over kept.outbox; keeps the contract of ``connectors.source.Source``."""

    def __init__(
        self,
        dsn: str,
        *,
        kinds: Collection[str] = NEEDS,
        page_rows: int = PAGE_ROWS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dsn = dsn
        self._kinds = kinds
        self._page_rows = page_rows
        self._clock = clock
        self._sleep = sleep
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._passed = 0  # nothing of ours stands up to here

    def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
        """See ``connectors.source.Source``."""
        after = max(int(cursor or 0), self._passed)
        deadline = self._clock() + wait_seconds
        while True:
            rows = self._read(after)
            if rows:
                _refuse_gap(after, rows)
                after = rows[-1][0]
                ours = [row for row in rows if row[1] in self._kinds]
                if ours or after - int(cursor or 0) >= _SILENT_PAGES * self._page_rows:
                    return _page(ours, after)
                self._passed = after
            elif self._clock() >= deadline:
                return None
            else:
                self._sleep(_POLL_SECONDS)

    def committed(self, cursor: Cursor) -> None:
        """Keep everything: unsent or sent, the outbox is a record."""

    def close(self) -> None:
        """See ``connectors.source.Source``."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    def _read(self, after: int) -> list[tuple[Any, ...]]:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._dsn, autocommit=True, connect_timeout=5, application_name="hub-needs"
                )
            return self._connection.execute(_SELECT, [after, self._page_rows]).fetchall()
        except psycopg.OperationalError as error:
            self.close()
            raise TransientError("the hub's database does not answer; see `hub status`") from error


def _refuse_gap(after: int, rows: list[tuple[Any, ...]]) -> None:
    expected = range(after + 1, after + 1 + len(rows))
    if any(row[0] != number for row, number in zip(rows, expected, strict=True)):
        raise PermanentError(
            f"the outbox has no row number {after + 1} to {rows[-1][0]} without a gap: "
            "restore kept.outbox, or find out who deleted from it"
        )


def _page(rows: list[tuple[Any, ...]], last: int) -> Page:
    return Page(
        records=[_RECORDS[kind](body) for _, kind, body, _ in rows if kind in _RECORDS],
        cursor=Cursor(str(last)),
        entries=[_entry(body, at) for _, kind, body, at in rows if kind == "quarantine"],
    )


def _need(body: bytes) -> SourceRecord:
    content = orjson.loads(body)
    source_key = f"need/{content['fields']['need']}/{content['version']}"
    return SourceRecord(source_key, body, content)


def _decision(body: bytes) -> SourceRecord:
    content = orjson.loads(body)
    if content.get("type") == ERASURE:
        record = f"erasure/{content['subject']}/{content['class']}/{content['decision']}"
    else:
        record = f"identity/{content['alias']}"
    return SourceRecord(f"{record}/{content['version']}", body, content)


_RECORDS: Final = {"need": _need, "operator": _decision}


def _entry(body: bytes, recorded_at_us: int) -> Entry:
    content = orjson.loads(body)
    return Entry(
        id=parse(content["id"]),
        source=content["source"],
        source_key=content["source_key"],
        rule=content["rule"],
        field=content["field"],
        recorded_at_us=recorded_at_us,
        original=b64decode(content["original"]),
    )
