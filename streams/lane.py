"""One partition: claim it, then store its chunks one after the other.

A lane is a task of its own, so one partition's records are decoded while PostgreSQL works for
another. Its life:

    claim -> read from the claimed position -> store chunk after chunk -> revoked: end
      ^                                              |
      +---- wait; still assigned? <---- epoch lost --+

What ends the worker: whatever waiting does not mend (``PermanentError``), or a chunk missing
between Kafka and here (a restart reads it again). What only waits: a database that is gone or
stalls, with bounded memory, because nothing more is fetched meanwhile (``chunk.readable``).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import tenacity

from projections import merkle
from projections.chunk_store import (
    ChunkWork,
    EpochLostError,
    Outcome,
    Progress,
    Quarantined,
    SealConflict,
)
from schemas.errors import TransientError
from schemas.ids import Keys
from streams.chunk import MAX_RECORDS, Chunk, Claim, Place, Source, join
from streams.judgement import Bad, Judged, Numbering, after_offset, judge
from streams.quarantine import Sealer, quarantined

_log = logging.getLogger(__name__)
# Longer than Kafka needs to tell a worker that was frozen that its partitions are gone.
_RECLAIM_SECONDS: Final = 10.0
_T = TypeVar("_T")


class Reader(Protocol):
    """Who reads from Kafka."""

    async def start_reading(self, claim: Claim) -> None: ...
    def stop_reading(self, places: Iterable[Place]) -> None: ...
    def wake(self) -> None: ...
    async def show_progress(self, offsets: Mapping[Place, int]) -> None: ...


class Store(Protocol):
    """Where chunks go; see ``projections.chunk_store`` for what the calls promise."""

    async def claim(
        self, topic: str, partition: int, cluster_id: str, topic_id: str
    ) -> Progress: ...
    async def apply(self, work: ChunkWork, seal: SealConflict) -> Outcome | None: ...


@dataclass(slots=True)
class Wiring:
    """What every lane shares."""

    store: Store
    sealer: Sealer
    keys: Keys
    sources: Mapping[str, Source]  # by topic
    parallel: asyncio.Semaphore  # chunks in work at once
    reader: Reader | None = None


class Lane:
    """One assignment of one partition."""

    def __init__(self, place: Place, wiring: Wiring) -> None:
        self.place = place
        self.task: asyncio.Task[None] | None = None
        self.stored = 0  # the position up to which everything is committed
        self._wiring = wiring
        self._source = wiring.sources[place.topic]
        self._claim: Claim | None = None
        self._chunks: deque[Chunk] = deque()
        self._news = asyncio.Event()
        self._closed = asyncio.Event()

    def put(self, chunk: Chunk) -> None:
        if chunk.claim is self._claim:
            self._chunks.append(chunk)
            self._news.set()

    def close(self) -> None:
        """End after the chunk in hand; what waits will be read again by the next owner."""
        self._closed.set()
        self._news.set()

    async def run(self) -> None:
        assert self._wiring.reader is not None
        while not self._closed.is_set():
            progress = await self._patiently(self._take_claim)
            if progress is None:
                return
            claim = self._claim = Claim(self.place, progress.epoch, progress.next)
            await self._wiring.reader.start_reading(claim)
            try:
                await self._store_chunks(claim, progress)
            except EpochLostError:
                self._wiring.reader.stop_reading([self.place])
                self._claim = None
                self._chunks.clear()
                if self._closed.is_set():
                    return  # the new owner was quicker than our last chunk
                _log.warning("partition_lost", extra=self._where(epoch=claim.epoch))
                # Two that would both claim it do not try at the same time.
                await self._wait_closed(_RECLAIM_SECONDS + claim.epoch % 5)

    async def _take_claim(self) -> Progress:
        progress = await self._wiring.store.claim(
            *self.place, self._source.cluster_id, self._source.topic_id
        )
        _log.info(
            "partition_claimed",
            extra=self._where(epoch=progress.epoch, next_offset=progress.next),
        )
        return progress

    async def _store_chunks(self, claim: Claim, progress: Progress) -> None:
        assert self._wiring.reader is not None
        self.stored = progress.next
        numbering = Numbering(progress.partition_sequence, progress.unnumbered)
        while (chunk := await self._next_chunk()) is not None:
            async with self._wiring.parallel:
                numbering = await self._store(claim, chunk, numbering)
            claim.released += chunk.size
            self._wiring.reader.wake()
            if self.stored != chunk.next:
                return  # closed before it could be stored

    async def _next_chunk(self) -> Chunk | None:
        """Return all that waits, as one chunk of bounded size; None once closed."""
        while not self._chunks and not self._closed.is_set():
            self._news.clear()
            await self._news.wait()
        if self._closed.is_set():
            return None
        chunk = self._chunks.popleft()
        while self._chunks and len(chunk.records) + len(self._chunks[0].records) <= MAX_RECORDS:
            chunk = join(chunk, self._chunks.popleft())
        return chunk

    async def _store(self, claim: Claim, chunk: Chunk, numbering: Numbering) -> Numbering:
        if chunk.next <= self.stored:
            return numbering  # stored before
        if chunk.start > self.stored:
            raise TransientError(
                f"{self.place.topic}/{self.place.partition}: read on to {chunk.start} while only "
                f"{self.stored} was stored; start again to read it again"
            )
        records = after_offset(chunk.records, self.stored)
        judged = judge(self.place, self._source.registry, records, self._source.types, numbering)
        values = {record.offset: record.value for record in records}

        async def seal(bad: Bad) -> Quarantined:
            return await quarantined(
                self._wiring.sealer, self._wiring.keys, self.place, bad, values[bad.offset]
            )

        async def seal_conflict(offset: int, event_id: bytes) -> Quarantined:
            return await seal(Bad(offset, "conflict", None, event_id))

        async def attempt() -> tuple[Outcome | None]:
            sealed = [await seal(bad) for bad in judged.bad]
            work = self._work(claim, chunk, judged, list(values.items()), sealed)
            return (await self._wiring.store.apply(work, seal_conflict),)

        done = await self._patiently(attempt)
        if done is None:
            return numbering
        self.stored = chunk.next
        if (outcome := done[0]) is not None:
            where = self._where(next_offset=chunk.next, records=len(records))
            _log.info("chunk_stored", extra=where | outcome._asdict())
        return judged.numbering

    def _work(
        self,
        claim: Claim,
        chunk: Chunk,
        judged: Judged,
        values: list[tuple[int, bytes | None]],
        sealed: list[Quarantined],
    ) -> ChunkWork:
        return ChunkWork(
            topic=self.place.topic,
            partition=self.place.partition,
            epoch=claim.epoch,
            expected=self.stored,
            next=chunk.next,
            first_offset=values[0][0],
            last_offset=values[-1][0],
            records=len(values),
            root=merkle.root(merkle.entry(*record) for record in values),
            rows=judged.rows,
            events=judged.events,
            further_facts=judged.further_facts,
            closures=judged.closures,
            partition_sequence=judged.numbering.last,
            unnumbered=judged.numbering.unnumbered,
            completions=judged.completions,
            replacements=judged.replacements,
            quarantined=sealed,
            must_repeat=judged.must_repeat,
        )

    async def _patiently(self, call: Callable[[], Awaitable[_T]]) -> _T | None:
        """Return what ``call`` returns, however long it takes; None if closed meanwhile."""

        def warn(state: tenacity.RetryCallState) -> None:
            _log.warning("waiting_to_retry", extra=self._where(attempt=state.attempt_number))

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=tenacity.wait_exponential_jitter(multiplier=0.05, max=5.0, jitter=0.2),
            stop=lambda _: self._closed.is_set(),
            sleep=self._wait_closed,
            before_sleep=warn,
            reraise=True,
        )
        try:
            return await retrying(call)
        except TransientError:
            if self._closed.is_set():
                return None
            raise

    async def _wait_closed(self, seconds: float) -> None:
        """Sleep, but wake when closed."""
        try:
            await asyncio.wait_for(self._closed.wait(), seconds)
        except TimeoutError:
            return

    def _where(self, **more: int) -> dict[str, object]:
        return {"topic": self.place.topic, "partition": self.place.partition} | more
