"""Read the tables as they stand, in chunks, while the stream goes on (the DBLog method).

A chunk is read with an ordinary SELECT by key range; then a *high watermark*, a logical message of
our own, is written to the log. The chunk is held back until the stream reaches that mark. A row of
it whose key was streamed up to there is dropped: that change has been published, and every later
one will be, for the slot is older than the chunk. What is left has not changed since the slot
began, or changes after the mark and is streamed then.

DBLog opens its window with a low watermark just before the SELECT. Ours opens earlier, with all
keys streamed that we still remember, so it needs no low mark: a commit stands in the log a moment
before others see it, and a SELECT may show a row older than a change streamed already. Dropping
more is harmless, since a streamed row stands in for each row dropped, and it repeats less.

Source:
    Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-Capture Framework" (2020).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import psycopg
from psycopg import sql

from connectors.civil.checks import columns_of
from connectors.civil.cursor import Progress
from connectors.civil.records import CivilRecord, Key, civil_record
from connectors.civil.tables import KEY, SCHEMA, next_table

_REMEMBERED: Final = 50_000  # keys; some 10 MB


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows as one SELECT showed them."""

    records: tuple[CivilRecord, ...]
    progress: Progress | None  # after this chunk; None: all tables are done
    today: date  # the server's


def read_chunk(connection: psycopg.Connection[Any], progress: Progress, limit: int) -> Chunk:
    """Return the next ``limit`` rows in key order, from more than one table if need be."""
    records: list[CivilRecord] = []
    at: Progress | None = progress
    while at is not None and len(records) < limit:
        rows = _rows(connection, at, limit - len(records))
        if len(rows) < limit - len(records):
            following = next_table(at.table)
            at = Progress(following, None) if following else None
        else:
            at = Progress(at.table, rows[-1].key[1])
        records += rows
    row = connection.execute("SELECT current_date").fetchone()
    assert row is not None
    return Chunk(tuple(records), at, row[0])


def _rows(connection: psycopg.Connection[Any], progress: Progress, limit: int) -> list[CivilRecord]:
    columns = columns_of(connection, progress.table)
    query = sql.SQL("SELECT {} FROM {} {} ORDER BY {} LIMIT {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(SCHEMA, progress.table),
        sql.SQL("WHERE {} > %s").format(sql.Identifier(KEY))
        if progress.after is not None
        else sql.SQL(""),
        sql.Identifier(KEY),
        sql.Literal(limit),
    )
    cursor = connection.execute(query, () if progress.after is None else (progress.after,))
    result = cursor.pgresult  # the server's own text: the very bytes that the stream has
    assert result is not None
    return [
        civil_record(
            progress.table,
            {column: result.get_value(row, at) for at, column in enumerate(columns)},
        )
        for row in range(result.ntuples)
    ]


@dataclass(slots=True)
class Window:
    """A chunk that waits for its high watermark. Pure."""

    mark: bytes
    chunk: Chunk
    waiting: dict[Key, CivilRecord]
    suppressed: int = 0

    def drop(self, key: Key) -> None:
        if self.waiting.pop(key, None) is not None:
            self.suppressed += 1


@dataclass(slots=True)
class Recent:
    """The keys that were streamed last; the oldest are forgotten. Pure."""

    limit: int = _REMEMBERED
    _keys: dict[Key, None] = field(default_factory=dict)  # in order of arrival

    def add(self, key: Key) -> None:
        self._keys.pop(key, None)
        self._keys[key] = None
        if len(self._keys) > self.limit:
            del self._keys[next(iter(self._keys))]

    def open_window(self, mark: bytes, chunk: Chunk) -> Window:
        """Return the window of ``chunk``, without what was streamed already."""
        window = Window(mark, chunk, {record.key: record for record in chunk.records})
        for key in window.waiting.keys() & self._keys.keys():
            window.drop(key)
        return window
