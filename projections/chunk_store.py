"""Store what one chunk of events comes to: one fenced transaction, all or nothing.

Order inside the transaction, and why:

    1  COPY the rows into a temporary table      nothing of ours is locked yet: a worker frozen here
                                                 (the server cannot time it out) holds up nobody
    2  lock kept.generation FOR SHARE            a swap of schemas waits for us, or we for it
    3  lock live.progress WHERE next AND epoch   the fence: one owner, one order, no chunk twice
    4  insert facts, sorted by key               sorted: two partitions cannot deadlock on repeats
    5  compare what was suppressed               another digest under the same id: quarantine
    6  closures, replacements, completeness, causes, quarantine, outbox, audit leaf, progress
    7  COMMIT

A crash before 7 leaves nothing, after it everything; if the answer to 7 is lost, the retry finds
its own epoch and the next position already there, and takes that for the success it was. From 2
on the server ends our session if we fall silent for ``IDLE_SECONDS``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from projections import chunk_sql as sql
from projections import leaves
from schemas.errors import HubError, PermanentError

Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]


class EpochLostError(HubError):
    """Another worker has claimed the partition; what we hold of it is void."""


class Completion(NamedTuple):
    """A registry has stated everything up to a date."""

    event_id: bytes
    registry: str
    through: int  # days since 1970
    snapshot: bool
    known_from: int  # microseconds since 1970
    digest: bytes
    offset: int


class Replacement(NamedTuple):
    """The first event of a record that names the event of another record which it replaces."""

    event_id: bytes
    replaced: bytes
    known_from: int  # microseconds since 1970
    offset: int


class Quarantined(NamedTuple):
    """A bad record, ready to leave: its original is sealed in ``body``."""

    offset: int
    entry: bytes
    rule: str
    field: str | None
    event_id: bytes | None
    body: bytes  # JSON for the outbox


class Progress(NamedTuple):
    """What a claim returns."""

    epoch: int
    next: int
    partition_sequence: int
    unnumbered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkWork:
    """Everything that one transaction writes."""

    topic: str
    partition: int
    epoch: int
    expected: int  # live.progress.next before
    next: int  # and after
    first_offset: int
    last_offset: int
    records: int
    root: bytes  # Merkle tree hash over the records, each as ``merkle.entry``
    rows: bytes  # facts in COPY's binary format, see chunk_rows
    events: int
    further_facts: int
    closures: int
    partition_sequence: int
    unnumbered: int
    completions: Sequence[Completion] = ()
    replacements: Sequence[Replacement] = ()
    quarantined: Sequence[Quarantined] = ()
    must_repeat: Sequence[int] = ()  # offsets of events that must have been applied before


class Outcome(NamedTuple):
    """What became of the chunk's records."""

    applied: int
    suppressed: int
    quarantined: int


# Called inside the transaction for a record whose id was applied with other content; takes its
# offset and event id, and returns it sealed.
SealConflict = Callable[[int, bytes], Awaitable[Quarantined]]


async def prepare(connection: Connection) -> None:
    """Make a new connection ready; it must have been opened with ``chunk_sql.SESSION``."""
    await connection.set_autocommit(True)
    await connection.execute(sql.CREATE_CHUNK.encode())


async def claim(
    connection: Connection, topic: str, partition: int, cluster_id: str, topic_id: str
) -> Progress:
    """Take the partition: whoever had it is fenced from here on.

    Raises:
        PermanentError: the progress stored is of another cluster or topic.
    """
    async with connection.transaction():
        await connection.execute(sql.LOCK_GENERATION)
        await connection.execute(sql.INSERT_PROGRESS, [topic, partition, cluster_id, topic_id])
        cursor = await connection.execute(sql.CLAIM, [topic, partition])
        row = await cursor.fetchone()
        assert row is not None
        *progress, stored_cluster, stored_topic = row
        if (stored_cluster, stored_topic) != (cluster_id, topic_id):
            raise PermanentError(
                f"the progress of {topic}/{partition} belongs to cluster {stored_cluster}, topic "
                f"id {stored_topic}; this Kafka is cluster {cluster_id}, topic id {topic_id}, "
                "where offsets mean something else; rebuild the tables, or mend HUB_DSN or "
                "HUB_BOOTSTRAP_SERVERS"
            )
        return Progress(*progress)


async def apply(connection: Connection, work: ChunkWork, seal: SealConflict) -> Outcome | None:
    """Store ``work``; None if this very work was committed before.

    Raises:
        EpochLostError: the partition has another owner; nothing was stored.
        PermanentError: an event that must be a repeat is none; nothing was stored.
        psycopg.Error: it may be stored or not; call again to know.
    """
    async with connection.transaction():
        if work.events:
            async with connection.cursor() as cursor, cursor.copy(sql.COPY) as copy:
                await copy.write(work.rows)
        if not await _is_ours_to_store(connection, work):
            return None
        known = await _insert_facts(connection, work)
        for completion in work.completions:
            known |= await _complete(connection, work.partition, completion)
        _check_repeats(work, known)
        conflicts = [(o, event_id) for o, (event_id, same) in known.items() if not same]
        quarantined = [*work.quarantined, *[await seal(*conflict) for conflict in conflicts]]
        outcome = Outcome(
            applied=work.events + len(work.completions) - len(known),
            suppressed=len(known) - len(conflicts),
            quarantined=len(quarantined),
        )
        await _quarantine(connection, work, quarantined)
        await put_on_record(connection, work, outcome)
        await _advance(connection, work, outcome)
    return outcome


async def _is_ours_to_store(connection: Connection, work: ChunkWork) -> bool:
    """Lock the progress; False if it stands already where ``work`` would move it."""
    await connection.execute(sql.LOCK_GENERATION)
    cursor = await connection.execute(sql.LOCK_PROGRESS, [work.topic, work.partition])
    stored_next, epoch = await cursor.fetchone() or (None, None)
    if epoch != work.epoch:
        raise EpochLostError(f"{work.topic}/{work.partition}: another worker has claimed it")
    if stored_next == work.next:
        return False
    if stored_next != work.expected:
        raise PermanentError(
            f"{work.topic}/{work.partition}: progress stands at {stored_next} under our own epoch, "
            f"not at {work.expected}; somebody else writes live.progress"
        )
    return True


async def _insert_facts(connection: Connection, work: ChunkWork) -> dict[int, tuple[bytes, bool]]:
    """Insert what is new; return by offset the id of each event that is not: is it the same?"""
    known: dict[int, tuple[bytes, bool]] = {}
    if not work.events:
        return known
    place = [work.topic, work.partition]
    cursor = await connection.execute(sql.INSERT_FIRST_FACTS, place)
    if cursor.rowcount < work.events:
        rows = await (await connection.execute(sql.KNOWN_EVENTS, place)).fetchall()
        known = {offset: (event_id.bytes, same) for offset, event_id, same in rows}
        await connection.execute(sql.FORGET_KNOWN, [list(known)])
    if work.further_facts:
        await connection.execute(sql.INSERT_FURTHER_FACTS, place)
    if work.closures:
        await connection.execute(sql.INSERT_CLOSURES)
    await connection.execute(sql.INSERT_CAUSES)
    if fresh := [each for each in work.replacements if each.offset not in known]:
        await _replace(connection, fresh)
    return known


async def _replace(connection: Connection, fresh: Sequence[Replacement]) -> None:
    events = [UUID(bytes=each.event_id) for each in fresh]
    replaced = [UUID(bytes=each.replaced) for each in fresh]
    known_from = [each.known_from for each in fresh]
    await connection.execute(sql.INSERT_REPLACEMENTS, [events, replaced, known_from])


async def _complete(
    connection: Connection, partition: int, completion: Completion
) -> dict[int, tuple[bytes, bool]]:
    event_id, registry, through, snapshot, known_from, digest, offset = completion
    identifier = UUID(bytes=event_id)
    cursor = await connection.execute(
        sql.INSERT_COMPLETION,
        [identifier, registry, partition, through, snapshot, known_from, digest],
    )
    if cursor.rowcount:
        return {}
    cursor = await connection.execute(sql.COMPLETION_DIGEST, [identifier])
    row = await cursor.fetchone()
    return {offset: (event_id, row == (digest,))}


def _check_repeats(work: ChunkWork, known: Mapping[int, object]) -> None:
    for offset in work.must_repeat:
        if offset not in known:
            raise PermanentError(
                f"{work.topic}/{work.partition}/{offset}: partition_sequence steps back, but the "
                "event is new; find out who wrote it before going on"
            )


async def _quarantine(
    connection: Connection, work: ChunkWork, quarantined: Sequence[Quarantined]
) -> None:
    for each in quarantined:
        await connection.execute(
            sql.INSERT_QUARANTINED,
            [
                work.topic,
                work.partition,
                each.offset,
                UUID(bytes=each.entry),
                each.rule,
                each.field,
                each.event_id and UUID(bytes=each.event_id),
            ],
        )
        await connection.execute(sql.INSERT_OUTBOX, [each.body])


async def put_on_record(connection: Connection, work: ChunkWork, outcome: Outcome) -> None:
    """Write the chunk's leaf, in the transaction that is open."""
    leaf = {
        "topic": work.topic,
        "partition": work.partition,
        "first_offset": work.first_offset,
        "last_offset": work.last_offset,
        "records": work.records,
        "root": work.root.hex(),
        **outcome._asdict(),
    }
    await connection.execute(sql.INSERT_LEAF, leaves.row("chunk", leaf))


async def _advance(connection: Connection, work: ChunkWork, outcome: Outcome) -> None:
    cursor = await connection.execute(
        sql.ADVANCE,
        [
            work.next,
            work.partition_sequence,
            work.unnumbered,
            outcome.applied,
            outcome.suppressed,
            outcome.quarantined,
            work.topic,
            work.partition,
            work.expected,
            work.epoch,
        ],
    )
    assert cursor.rowcount == 1, "the row was locked"
