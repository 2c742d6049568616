"""A chunk's facts in PostgreSQL's binary COPY format. Pure.

The whole chunk becomes one run of bytes: while it waits for the database it takes a tenth of the
memory of decoded records, and the driver has nothing left to convert. Format: PostgreSQL 18,
"COPY", "Binary Format"; dates count days and timestamps microseconds from 2000-01-01.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

import orjson

# The columns of the temporary table that a chunk is copied into, in the order packed below.
COLUMNS: Final = (
    ("event_id", "uuid"),
    ("ordinal", "smallint"),
    ("person", "uuid"),
    ("known_from", "timestamptz"),
    ("record", "uuid"),
    ("version", "bigint"),
    ("digest", "bytea"),
    ('"offset"', "bigint"),
    ("closes", "boolean"),
    ("change", "text"),
    ("kind", "text"),
    ("value", "jsonb"),
    ("sealed", "bytea"),
    ("sensitivity", "text"),
    ("valid_from", "date"),
    ("valid_to", "date"),
)
HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"

_FIXED: Final = Struct("!h i16s ih i16s iq i16s iq i16s iq i?")
_LENGTH: Final = Struct("!i")
_DATE: Final = Struct("!ii")
_NULL: Final = b"\xff\xff\xff\xff"
_POSTGRES_DAY: Final = 10_957  # 2000-01-01, in days since 1970
_POSTGRES_MICROSECOND: Final = _POSTGRES_DAY * 86_400_000_000
_JSONB_VERSION: Final = b"\x01"


class EventColumns(NamedTuple):
    """What every row of one event shares."""

    event_id: bytes
    known_from: int  # microseconds since 1970
    record: bytes
    version: int
    digest: bytes
    offset: int
    closes: bool
    change: str


class Fact(NamedTuple):
    """What one event says about one person."""

    person: bytes
    kind: str
    value: dict[str, Any]  # JSON values: ids as text, dates as YYYY-MM-DD
    valid_from: int | None = None  # days since 1970; None: not dated
    valid_to: int | None = None  # the last day, inclusive; None: open
    sealed: bytes | None = None
    sensitivity: str | None = None  # the sealed block's class


def row(event: EventColumns, ordinal: int, fact: Fact) -> bytes:
    """Return one fact as a COPY tuple."""
    event_id, known_from, record, version, digest, offset, closes, change = event
    person, kind, value, valid_from, valid_to, sealed, sensitivity = fact
    json = orjson.dumps(value)
    fixed = _FIXED.pack(
        len(COLUMNS),
        16,
        event_id,
        2,
        ordinal,
        16,
        person,
        8,
        known_from - _POSTGRES_MICROSECOND,
        16,
        record,
        8,
        version,
        16,
        digest,
        8,
        offset,
        1,
        closes,
    )
    return b"".join(
        (
            fixed,
            _word(change),
            _word(kind),
            _LENGTH.pack(len(json) + 1),
            _JSONB_VERSION,
            json,
            _NULL if sealed is None else _LENGTH.pack(len(sealed)) + sealed,
            _word(sensitivity),
            _day(valid_from),
            _day(valid_to),
        )
    )


@lru_cache(maxsize=1024)
def _word(word: str | None) -> bytes:
    if word is None:
        return _NULL
    encoded = word.encode()
    return _LENGTH.pack(len(encoded)) + encoded


@lru_cache(maxsize=65_536)
def _day(day: int | None) -> bytes:
    return _NULL if day is None else _DATE.pack(4, day - _POSTGRES_DAY)
