"""Needs of a rebuild while everybody is assessed: reasons out, digests and causes in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

from projections import needs_store
from projections.arrays import uuids
from projections.replay_session import Row, local_cursor_in

_REASONS: Final = """
SELECT uuid_send(need), uuid_send(person), uuid_send(event_id), reason FROM live.needs
 WHERE person = ANY (%s::uuid[]) AND status <> 'ended'
"""
_DIGESTS: Final = """
UPDATE live.needs SET reason_digest = fresh.digest
  FROM unnest(%s::uuid[], %s::bytea[]) AS fresh (need, digest) WHERE needs.need = fresh.need
"""
_QUEUE: Final = """
INSERT INTO live.causes (person, event_id)
SELECT person, '00000000-0000-0000-0000-000000000000' FROM unnest(%s::uuid[]) AS person
"""
SEEN: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class Reason(NamedTuple):
    """Why a need was said to be, sealed for the event that said it."""

    person: bytes
    event_id: bytes
    block: bytes


def connect(dsn: str, schema: str) -> psycopg.Connection[Row]:
    """Return the assessor's connection, but to ``schema``."""
    connection = needs_store.connect(dsn)
    connection.execute("SET application_name = 'hub-replay'")
    connection.cursor_factory = local_cursor_in(schema)
    return connection


def reasons_of(
    connection: psycopg.Connection[Row], persons: Collection[bytes]
) -> dict[bytes, Reason]:
    """Return the reasons of every need that was not said to have ended."""
    wanted = [uuids(persons)]
    rows: list[Any] = connection.execute(_REASONS, wanted, binary=True).fetchall()
    return {row[0]: Reason(*row[1:]) for row in rows}


def set_digests(connection: psycopg.Connection[Row], digests: Mapping[bytes, bytes]) -> None:
    """Store by need what its reason comes to."""
    if digests:
        needs = [UUID(bytes=need) for need in digests]
        connection.execute(_DIGESTS, [needs, list(digests.values())])


def queue(connection: psycopg.Connection[Row], persons: Collection[bytes]) -> None:
    """Have the assessor judge ``persons`` once the rebuild is live."""
    if persons:
        connection.execute(_QUEUE, [[UUID(bytes=person) for person in sorted(persons)]])
