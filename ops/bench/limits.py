"""What no contestant can pass: the decoder alone, and PostgreSQL alone.

Each is one loop over what was prepared in memory, so it shows the limit of one core (decoding) and
of one session (COPY), with nothing of Kafka, groups, offsets or progress in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Final

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from fastavro import schemaless_reader

from ops.bench.peers.mapping import COLUMNS, event_types
from ops.bench.race import Arena, empty_tables
from schemas.catalogue import EventType
from schemas.codec import decode_chunk
from streams.clients import for_aiokafka

CHUNK: Final = 4000  # records
_NAMES: Final = ", ".join(f'"{name}"' for name in COLUMNS)
_COPY_STRAIGHT: Final = f"COPY live.facts ({_NAMES}) FROM STDIN (FORMAT binary)"
_CREATE: Final = "CREATE TEMPORARY TABLE chunk (LIKE live.facts) ON COMMIT DELETE ROWS"
_COPY_ASIDE: Final = f"COPY chunk ({_NAMES}) FROM STDIN (FORMAT binary)"
_INSERT: Final = (
    f"INSERT INTO live.facts ({_NAMES}) SELECT {_NAMES} FROM chunk"  # noqa: S608 - names of ours
    " ORDER BY event_id, ordinal ON CONFLICT DO NOTHING"
)


def decoding(arena: Arena) -> dict[str, float]:
    """Return events a second of decoding what the topic holds: plain fastavro, and strictly."""
    types = event_types(arena.types)
    values = asyncio.run(fetch(arena))
    return {
        "decode only (fastavro)": _rate(lambda: _decode_plainly(values, types), len(values)),
        "decode only (strict)": _rate(lambda: _decode_strictly(values, types), len(values)),
    }


def _decode_plainly(values: Sequence[bytes], types: Mapping[int, EventType]) -> None:
    for value in values:
        row = types[int.from_bytes(value[1:5], "big")]
        schemaless_reader(BytesIO(value[5:]), row.parsed, None)


def _decode_strictly(values: Sequence[bytes], types: Mapping[int, EventType]) -> None:
    for first in range(0, len(values), CHUNK):
        decode_chunk(values[first : first + CHUNK], types)


def _rate(work: Callable[[], None], events: int) -> float:
    started = time.perf_counter()
    work()
    return events / (time.perf_counter() - started)


async def fetch(arena: Arena) -> list[bytes]:
    """Return the value of every committed record of the topic."""
    consumer = AIOKafkaConsumer(
        **for_aiokafka(arena.settings.kafka("reader")),
        isolation_level="read_committed",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        places = [
            TopicPartition(arena.topic, number) for number in range(arena.settings.partitions)
        ]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        values: list[bytes] = []
        while len(values) < arena.records:
            fetched = await consumer.getmany(timeout_ms=5000)
            if not fetched:
                break
            for records in fetched.values():
                values += [record.value for record in records]
        return values
    finally:
        await consumer.stop()


def copying(arena: Arena, full: str) -> dict[str, float]:
    """Return rows a second of putting the facts of database ``full`` into the same empty tables.

    The rows go over in PostgreSQL's own binary form, a transaction for each chunk.
    """
    chunks = _binary_chunks(arena, full)
    rates = {}
    for title, statements in {
        "COPY only": (_COPY_STRAIGHT,),
        "COPY aside, then INSERT": (_COPY_ASIDE, _INSERT),
    }.items():
        with (
            empty_tables(arena.settings, "bench_limit") as database,
            psycopg.connect(arena.settings.local_dsn(database), autocommit=True) as connection,
        ):
            connection.execute(_CREATE)
            rates[title] = _rate(
                lambda connection=connection, statements=statements: _store(  # type: ignore[misc]
                    connection, chunks, *statements
                ),
                arena.distinct,
            )
    return rates


def _store(
    connection: psycopg.Connection, chunks: Sequence[bytes], copy_in: str, insert: str | None = None
) -> None:
    for chunk in chunks:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(copy_in.encode()) as copy:
                copy.write(chunk)
            if insert is not None:
                cursor.execute(insert.encode())


def _binary_chunks(arena: Arena, full: str) -> list[bytes]:
    chunks = []
    with psycopg.connect(arena.settings.local_dsn(full)) as connection:
        for partition in range(arena.settings.partitions):
            offsets = connection.execute(
                'SELECT "offset" FROM live.facts WHERE partition = %s ORDER BY "offset"',
                [partition],
            ).fetchall()
            for first in range(0, len(offsets), CHUNK):
                within = offsets[first : first + CHUNK]
                statement = (
                    f"COPY (SELECT {_NAMES} FROM live.facts WHERE partition = {partition}"  # noqa: S608
                    f' AND "offset" BETWEEN {within[0][0]} AND {within[-1][0]})'
                    " TO STDOUT (FORMAT binary)"
                )
                with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                    chunks.append(b"".join(copy))
    return chunks
