"""The tail of a partition into a schema that is indexed already: what arrived during a replay.

The chunk store itself stores it, on a connection that reads ``live`` as that schema and sends
nothing: the same repeats, conflicts, closures and causes as in the live path.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import psycopg

from projections import chunk_sql, chunk_store
from projections.chunk_store import ChunkWork, Quarantined
from projections.replay_session import cursor_in
from schemas.ids import Keys
from streams.chunk import Place, Source
from streams.judgement import Bad, Numbering, judge
from streams.refold import Range, Tick, entry, pieces

_READ: Final = "SELECT next, epoch, partition_sequence, unnumbered FROM live.progress"
_WHERE: Final = " WHERE topic = %s AND partition = %s"


class Tail(NamedTuple):
    """Where a tail goes, and up to where."""

    dsn: str
    schema: str
    wanted: Range


async def catch_up(tail: Tail, source: Source, keys: Keys, tick: Tick) -> int:
    """Apply a partition's records up to the end of the range; return how many there were.

    Where to begin is read from the schema's own progress.

    Raises:
        TransientError, PermanentError: as ``refold.pieces`` and ``judgement.judge`` say.
    """
    dsn, schema, wanted = tail
    place = Place(wanted.topic, wanted.partition)
    connection = await psycopg.AsyncConnection.connect(
        dsn,
        **{**chunk_sql.SESSION, "application_name": "hub-replay"},  # type: ignore[arg-type]
    )
    async with connection:
        await chunk_store.prepare(connection)
        connection.cursor_factory = cursor_in(schema)
        identity = (source.cluster_id, source.topic_id)
        await connection.execute(chunk_sql.INSERT_PROGRESS, [*place, *identity])
        row = await (await connection.execute(_READ + _WHERE, place)).fetchone()
        assert row is not None, "inserted"
        stored, epoch, last, unnumbered = row
        numbering = Numbering(last, unnumbered)
        applied = 0

        async def seal_conflict(offset: int, event_id: bytes) -> Quarantined:
            return entry(keys, place, Bad(offset, "conflict", None, event_id))

        rest = Range(
            client_config=wanted.client_config,
            topic=wanted.topic,
            partition=wanted.partition,
            start=stored,
            end=wanted.end,
        )
        async for records, position in pieces(rest):
            judged = judge(place, source.registry, records, source.types, numbering)
            numbering = judged.numbering
            work = ChunkWork(
                topic=wanted.topic,
                partition=wanted.partition,
                epoch=epoch,
                expected=stored,
                next=position,
                first_offset=stored,
                last_offset=position - 1,
                records=len(records),
                root=b"",
                rows=judged.rows,
                events=judged.events,
                further_facts=judged.further_facts,
                closures=judged.closures,
                partition_sequence=numbering.last,
                unnumbered=numbering.unnumbered,
                completions=judged.completions,
                replacements=judged.replacements,
                quarantined=[entry(keys, place, bad) for bad in judged.bad],
                must_repeat=judged.must_repeat,
            )
            if position > stored:
                await chunk_store.apply(connection, work, seal_conflict)
            stored = position
            applied += len(records)
            tick(len(records))
    return applied
