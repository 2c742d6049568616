"""Where the FHIR server keeps its versions: one SQLite file that survives a restart.

The simulator writes to it with ``load``, which is not part of FHIR; the server, another
process, only reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from ops.simulator.health_records import Version

_SCHEMA = """
CREATE TABLE IF NOT EXISTS version (
    place INTEGER PRIMARY KEY,   -- order of writing
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    updated_at TEXT NOT NULL,    -- UTC with milliseconds, so text order is time order
    body BLOB,                   -- absent: a deletion
    UNIQUE (type, id, number)
);
CREATE INDEX IF NOT EXISTS by_time ON version (updated_at DESC, place DESC);
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A version as the server hands it out."""

    type: str
    id: str
    number: int
    updated_at: str
    body: bytes | None


class FhirStore:
    """Versions of resources, oldest ones kept for ever."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def load(self, versions: Iterable[Version]) -> None:
        """Write ``versions`` in one transaction; they are visible all at once."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(
                "INSERT INTO version (type, id, number, updated_at, body) VALUES (?, ?, ?, ?, ?)",
                ((v.type, v.id, v.number, v.updated_at, _body(v)) for v in versions),
            )
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def history(self, since: str, offset: int, count: int) -> list[Stored]:
        """Return versions at or after ``since``, newest first."""
        rows = self._connection.execute(
            "SELECT type, id, number, updated_at, body FROM version WHERE updated_at >= ?"
            " ORDER BY updated_at DESC, place DESC LIMIT ? OFFSET ?",
            (since, count, offset),
        )
        return [Stored(*row) for row in rows]

    def latest(self, type_: str, id_: str) -> Stored | None:
        """Return the newest version, perhaps a deletion, or None if there never was one."""
        row = self._connection.execute(
            "SELECT type, id, number, updated_at, body FROM version"
            " WHERE type = ? AND id = ? ORDER BY number DESC LIMIT 1",
            (type_, id_),
        ).fetchone()
        return Stored(*row) if row else None

    def total(self, since: str = "") -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM version WHERE updated_at >= ?", (since,)
        ).fetchone()
        return int(row[0])

    def close(self) -> None:
        self._connection.close()


def _body(version: Version) -> bytes | None:
    if version.body is None:
        return None
    meta = {"versionId": str(version.number), "lastUpdated": version.updated_at}
    return orjson.dumps(version.body | {"id": version.id, "meta": meta})
