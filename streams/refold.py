"""One partition of a topic, from the beginning, as rows for COPY: what a replay does in a process.

The same judgement as in the worker's lane (``judgement.judge``), without what a worker needs and a
replay does not: no claim (nobody else reads for this schema), no audit leaf and no quarantine
entry (they were made when the live path stored the record), no causes. A crash leaves nothing: a
partition is one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from projections.chunk_store import Quarantined
from projections.replay_fold import Counts, Part, rows_of
from projections.replay_session import Into
from schemas.codec import Decoded, decode_chunk
from schemas.errors import PermanentError, TransientError
from schemas.ids import Keys
from streams.chunk import KafkaRecord, Place, Source
from streams.clients import for_aiokafka
from streams.judgement import Bad, Numbering, judge

CHUNK_RECORDS: Final = 4000
_FETCH_BYTES: Final = 4_194_304
_STALL_MILLISECONDS: Final = 10_000

Tick = Callable[[int], None]  # told how many more records were read


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What is to be read of one partition."""

    client_config: Mapping[str, Any] = field(repr=False)  # of Kafka; holds a password
    topic: str
    partition: int
    start: int
    end: int  # exclusive, a position: at most the last stable offset
    until: int | None = None  # microseconds: leave out what was recorded later


@dataclass(slots=True)
class Folded:
    """What became of a partition."""

    counts: Counts
    must_repeat: list[tuple[str, int, int]] = field(default_factory=list)
    last_recorded: int = 0


class Piece(NamedTuple):
    """Some records, and the reader's position after them."""

    records: Sequence[KafkaRecord]
    position: int


async def pieces(wanted: Range) -> AsyncGenerator[Piece, None]:
    """Return the committed records of a range, in order; the last position is its end.

    Raises:
        TransientError: Kafka does not answer.
        PermanentError: Kafka no longer has the range.
    """
    if wanted.start >= wanted.end:
        return
    consumer = AIOKafkaConsumer(
        **for_aiokafka(wanted.client_config),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    place = TopicPartition(wanted.topic, wanted.partition)
    position = wanted.start
    try:
        await consumer.start()
        try:
            await asyncio.sleep(0)  # its tasks cannot be ended before they have begun
            consumer.assign([place])
            consumer.seek(place, position)
            idle = 0
            while position < wanted.end:
                found = await consumer.getmany(place, timeout_ms=500, max_records=CHUNK_RECORDS)
                before, position = position, await consumer.position(place)
                idle = idle + 1 if position == before else 0
                if idle * 500 > _STALL_MILLISECONDS:
                    raise TransientError(
                        f"Kafka gives nothing more of {wanted.topic}/{wanted.partition} at "
                        f"{position}, before {wanted.end}"
                    )
                records = [each for each in found.get(place, ()) if each.offset < wanted.end]
                yield Piece(records, min(position, wanted.end))
        finally:
            await consumer.stop()
            await asyncio.sleep(0)  # its sockets close in the next turn
    except KafkaError as error:
        if "OffsetOutOfRange" in type(error).__name__:
            raise PermanentError(
                f"Kafka no longer has {wanted.topic}/{wanted.partition} from {position} on: the "
                "topic was truncated, and cannot be replayed"
            ) from error
        raise TransientError("Kafka does not answer; see `hub status`") from error


def fold(wanted: Range, source: Source, keys: Keys, into: Into, tick: Tick) -> Folded:
    """Put a whole partition into empty tables; one transaction.

    Raises:
        PermanentError: a hole in the partition sequence; a topic that Kafka no longer has whole.
        TransientError: Kafka does not answer.
    """
    part = Part(into=into, topic=wanted.topic, partition=wanted.partition)
    with into.connection.transaction():
        return asyncio.run(_Folding(wanted, source, keys, part, tick).run())


@dataclass(slots=True)
class _Folding:
    wanted: Range
    source: Source
    keys: Keys
    part: Part
    tick: Tick
    numbering: Numbering = field(default_factory=lambda: Numbering(0))
    must_repeat: list[tuple[str, int, int]] = field(default_factory=list)

    async def run(self) -> Folded:
        position = self.wanted.start
        with self.part.copying() as copy:
            async with aclosing(pieces(self.wanted)) as found:
                async for records, after in found:
                    kept = self._until(records)
                    self.tick(len(kept))
                    if kept:
                        copy.write(self._rows(kept))
                    if len(kept) < len(records):
                        position = kept[-1].offset + 1 if kept else position
                        break
                    position = after
        about = self.source
        last, unnumbered = self.numbering
        counts = self.part.finish(about.cluster_id, about.topic_id, position, last, unnumbered)
        return Folded(counts, self.must_repeat)

    def _rows(self, records: Sequence[KafkaRecord]) -> memoryview:
        place = Place(self.wanted.topic, self.wanted.partition)
        about = self.source
        judged = judge(place, about.registry, records, about.types, self.numbering)
        self.numbering = judged.numbering
        self.must_repeat += [(*place, offset) for offset in judged.must_repeat]
        self.part.events += judged.events
        self.part.replacements += judged.replacements
        conflicts = self.part.complete(judged.completions)
        bad = [*judged.bad, *[Bad(o, "conflict", None, event_id) for o, event_id in conflicts]]
        self.part.bad += [entry(self.keys, place, each) for each in bad]
        return rows_of(judged.rows)

    def _until(self, records: Sequence[KafkaRecord]) -> Sequence[KafkaRecord]:
        """Leave out what was recorded after the moment asked for; it only ever grows."""
        until = self.wanted.until
        if until is None or not records:
            return records
        low, high = 0, len(records)
        while low < high:
            middle = (low + high) // 2
            if self._recorded(records, middle) <= until:
                low = middle + 1
            else:
                high = middle
        return records[:low]

    def _recorded(self, records: Sequence[KafkaRecord], index: int) -> int:
        """Return when a record was recorded; an unreadable one, when the next readable was."""
        for record in records[index:]:
            found = decode_chunk([record.value], self.source.types)[0]
            if isinstance(found, Decoded):
                recorded: int = found.record["meta"]["recorded_at"]
                return recorded
        return 0


def entry(keys: Keys, place: Place, bad: Bad) -> Quarantined:
    """Return a bad record as ``live.quarantined`` has it; its original left long ago."""
    identifier = keys.quarantine_id("hub", f"{place.topic}/{place.partition}/{bad.offset}")
    return Quarantined(bad.offset, identifier, bad.rule, bad.field, bad.event_id, b"")


def conflict(keys: Keys, topic: str, partition: int, offset: int, event_id: bytes) -> Quarantined:
    """Return a record whose id was stated before with other content."""
    return entry(keys, Place(topic, partition), Bad(offset, "conflict", None, event_id))
