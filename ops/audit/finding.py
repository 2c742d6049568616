"""Which leaf speaks of what somebody asks for."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

from projections.tlog.build import Row
from projections.tlog.integrator import AT
from schemas.errors import HubError

Connection = psycopg.Connection[tuple[Any, ...]]

_COLUMNS: Final = f"number, {AT}, kind, body::text"
_NUMBER: Final = re.compile(r"#?([1-9]\d{0,17})")
_PLACE: Final = re.compile(r"([\w.-]+)/(\d{1,9})/(\d{1,18})", re.ASCII)
_MOST: Final = 20

_BY_NUMBER: Final = f"SELECT {_COLUMNS} FROM kept.audit_leaves WHERE number = %s"  # noqa: S608
_SPEAKING: Final = f"""
SELECT {_COLUMNS} FROM kept.audit_leaves
 WHERE (body ? 'event' AND body ->> 'event' = %(name)s)
    OR (body ? 'request' AND body ->> 'request' = %(name)s)
 ORDER BY id LIMIT {_MOST}
"""  # noqa: S608
_EVENT: Final = """
SELECT topic, partition, "offset" FROM live.facts WHERE event_id = %(event)s AND ordinal = 0
UNION ALL
SELECT topic, partition, "offset" FROM live.quarantined WHERE event_id = %(event)s
 LIMIT 1
"""
_CHUNK: Final = f"""
SELECT {_COLUMNS} FROM kept.audit_leaves
 WHERE kind = 'chunk' AND body ->> 'topic' = %(topic)s
   AND (body ->> 'partition')::integer = %(partition)s
   AND (body ->> 'last_offset')::bigint >= %(offset)s
 ORDER BY (body ->> 'last_offset')::bigint LIMIT 1
"""  # noqa: S608


class NotOnRecordError(HubError):
    """Nothing in the log speaks of it, or not yet."""


class Place(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


class Asked(NamedTuple):
    """A leaf, and the record in its chunk that is meant."""

    row: Row
    place: Place | None


def find(connection: Connection, name: str) -> Asked:
    """Return the leaf that is meant.

    Args:
        connection: to the hub's database, as its owner.
        name: a leaf's number, a record's ``topic/partition/offset``, or the id of an event, a
            decision or a request.

    Raises:
        NotOnRecordError: there is none, it has no number yet, or there are several.
    """
    if number := _NUMBER.fullmatch(name):
        rows = connection.execute(_BY_NUMBER, [int(number[1])]).fetchall()
        if not rows:
            raise NotOnRecordError("no leaf has that number")
        return Asked(Row(*rows[0]), None)
    if place := _PLACE.fullmatch(name):
        return _in_chunk(connection, Place(place[1], int(place[2]), int(place[3])))
    rows = connection.execute(_SPEAKING, {"name": name}).fetchall()
    if rows:
        return Asked(_one([Row(*row) for row in rows]), None)
    if (found := _place_of(connection, name)) is not None:
        return _in_chunk(connection, found)
    raise NotOnRecordError("nothing on record speaks of that id; see `hub audit --help`")


def _one(rows: list[Row]) -> Row:
    if len(rows) > 1:
        named = ", ".join(f"#{row.number}" for row in rows if row.number is not None)
        raise NotOnRecordError(f"{len(rows)} leaves speak of it, ask for one by number: {named}")
    return _numbered(rows[0])


def _numbered(row: Row) -> Row:
    if row.number is None:
        raise NotOnRecordError("its leaf has no number yet; the sequencer gives it: `hub status`")
    return row


def _place_of(connection: Connection, name: str) -> Place | None:
    try:
        event = UUID(name)
    except ValueError:
        return None
    row = connection.execute(_EVENT, {"event": event}).fetchone()
    return None if row is None else Place(*row)


def _in_chunk(connection: Connection, place: Place) -> Asked:
    row = connection.execute(_CHUNK, place._asdict()).fetchone()
    if row is None:
        raise NotOnRecordError(f"no chunk on record holds {'/'.join(map(str, place))}")
    return Asked(_numbered(Row(*row)), place)
