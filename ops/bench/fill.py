"""Put a made-up country into a hub's fact tables, as its workers would have done it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Final, Protocol
from uuid import UUID

import psycopg

from ops.bench.families import Families, Stated, identifier
from projections import chunk_sql
from projections.chunk_rows import HEADER, TRAILER, EventColumns, Fact, row
from schemas.ids import MICROSECONDS_A_DAY, days
from schemas.sealing import seal
from streams.facts import closes, facts

EVENTS_A_CHUNK: Final = 20_000
_TOPIC: Final = "bench"
_ANALYZE: Final = "ANALYZE live.facts, live.closures, live.causes"
_COMPLETE: Final = """
INSERT INTO live.completeness VALUES (%s, %s, %s, %s, true, now(), '')
"""
_PROGRESS: Final = """
INSERT INTO live.progress (topic, partition, cluster_id, topic_id, next, epoch, partition_sequence)
VALUES (%s, 0, 'bench', 'bench', %s, 1, %s)
"""


class KeyStore(Protocol):
    """Where sealing keys come from; ``projections.keystore`` keeps its contract."""

    def keys(self, wanted: Iterable[tuple[bytes, str]]) -> dict[tuple[bytes, str], bytes]: ...


def fill(
    dsn: str, keystore: KeyStore, families: Families, partitions: int, through: date
) -> Iterator[int]:
    """Store all of ``families``; say after each commit how many events are stored.

    The tables must be empty. All registries are stated complete through ``through``; everybody is
    queued, as after a first reading.
    """
    events, stored = iter(families), 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(chunk_sql.CREATE_CHUNK.encode())
        while chunk := list(islice(events, EVENTS_A_CHUNK)):
            _store(connection, keystore, chunk, stored, families.on)
            stored += len(chunk)
            yield stored
        for registry in ("civil", "tax", "health"):
            for partition in range(partitions):
                event = UUID(bytes=identifier(f"complete {registry} {partition}"))
                connection.execute(_COMPLETE, [event, registry, partition, through])
        connection.execute(_PROGRESS, [_TOPIC, stored, stored])
        connection.execute(_ANALYZE)


def _store(
    connection: psycopg.Connection, keystore: KeyStore, chunk: list[Stated], first: int, on: date
) -> None:
    owners = {(stated.subject, "health") for stated in chunk if stated.health is not None}
    sealing = keystore.keys(owners) if owners else {}
    rows = []
    for offset, stated in enumerate(chunk, start=first):
        event_id = identifier(f"{stated.record} {stated.version}")
        block = None
        if stated.health is not None:
            block = seal(sealing[stated.subject, "health"], event_id, "health", stated.health)
        meta = {"subject": stated.subject, "change": stated.change, "version": stated.version}
        record = {**stated.fields, "health": block, "meta": meta}
        columns = EventColumns(
            event_id,
            (days(on) - stated.days_ago) * MICROSECONDS_A_DAY,
            identifier(f"record {stated.record}"),
            stated.version,
            b"",
            offset,
            closes(record),
            stated.change,
        )
        found: list[Fact] = facts(stated.type, record)
        rows += [row(columns, ordinal, fact) for ordinal, fact in enumerate(found)]
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(chunk_sql.COPY.encode()) as copy:
            copy.write(HEADER + b"".join(rows) + TRAILER)
        for statement in (chunk_sql.INSERT_FIRST_FACTS, chunk_sql.INSERT_FURTHER_FACTS):
            cursor.execute(statement.encode(), [_TOPIC, 0])
        cursor.execute(chunk_sql.INSERT_CLOSURES.encode())
        cursor.execute(chunk_sql.INSERT_CAUSES.encode())
