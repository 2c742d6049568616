"""Whether two contestants wrote the same facts: one hash over all rows in order."""

from __future__ import annotations

import hashlib
from typing import Final

import psycopg
from psycopg import sql

from ops.settings import Settings

# Every column of live.facts: the topic is one, so even the place in Kafka must be the same.
COMPARED: Final = (
    "event_id",
    "ordinal",
    "person",
    "kind",
    "value",
    "sealed",
    "sensitivity",
    "valid_from",
    "valid_to",
    "known_from",
    "record",
    "version",
    "change",
    "digest",
    "topic",
    "partition",
    "offset",
)


def digest(settings: Settings, database: str) -> str:
    """Return the SHA-256 over the facts of ``database``, ordered by event and ordinal."""
    statement = sql.SQL(
        "COPY (SELECT {} FROM live.facts ORDER BY event_id, ordinal) TO STDOUT"
    ).format(sql.SQL(", ").join(map(sql.Identifier, COMPARED)))
    found = hashlib.sha256()
    with (
        psycopg.connect(settings.local_dsn(database)) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for block in copy:
            found.update(block)
    return found.hexdigest()
