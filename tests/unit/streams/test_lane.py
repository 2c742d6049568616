"""A lane over an in-memory store: what it does when the epoch, the database or a chunk is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from projections.chunk_store import (
    ChunkWork,
    EpochLostError,
    Outcome,
    Progress,
    SealConflict,
)
from schemas.catalogue import catalogue
from schemas.codec import encode
from schemas.errors import PermanentError, TransientError
from schemas.ids import Keys
from streams import lane as lanes
from streams.chunk import Chunk, Claim, Place, Source, size_of
from streams.lane import Lane, Wiring
from tests.builders import record

PLACE = Place("registry.tax.events.v1", 0)
ROW = catalogue()["tax.income_reported"]


@dataclass(frozen=True)
class Sent:
    offset: int
    key: bytes | None
    value: bytes | None


def sent(offset: int) -> Sent:
    each = record(meta={"partition_sequence": offset + 1, "id": offset.to_bytes(16, "big")})
    return Sent(offset, each["meta"]["subject"], encode(ROW, 1, each))


class ReverseSealer:
    def seal_quarantine(self, entry_id: bytes, original: bytes) -> bytes:
        return original[::-1]


@dataclass
class MemoryStore:
    """Keeps what is applied; raises what is planned first, having kept it or not."""

    next: int = 0
    epoch: int = 0
    works: list[ChunkWork] = field(default_factory=list)
    faults: list[tuple[Exception, bool]] = field(default_factory=list)  # and was it kept?

    async def claim(self, topic: str, partition: int, cluster_id: str, topic_id: str) -> Progress:
        self.epoch += 1
        return Progress(self.epoch, self.next, self.next, 0)

    async def apply(self, work: ChunkWork, seal: SealConflict) -> Outcome | None:
        await asyncio.sleep(0)
        fault, kept = self.faults.pop(0) if self.faults else (None, True)
        if work.epoch != self.epoch:
            raise EpochLostError("lost")
        if work.next == self.next:
            return None
        assert work.expected == self.next
        if kept:
            self.next = work.next
            self.works.append(work)
        if fault is not None:
            raise fault
        return Outcome(work.events, 0, len(work.quarantined))


@dataclass
class MemoryReader:
    claims: list[Claim] = field(default_factory=list)
    stopped: list[Place] = field(default_factory=list)

    async def start_reading(self, claim: Claim) -> None:
        self.claims.append(claim)

    def stop_reading(self, places: Iterable[Place]) -> None:
        self.stopped += places

    def wake(self) -> None: ...

    async def show_progress(self, offsets: Mapping[Place, int]) -> None: ...


@dataclass
class Rig:
    store: MemoryStore
    reader: MemoryReader
    lane: Lane

    async def claimed(self, times: int = 1) -> Claim:
        await until(lambda: len(self.reader.claims) == times)
        return self.reader.claims[-1]

    def put(self, start: int, stop: int) -> None:
        records = [sent(offset) for offset in range(start, stop)]
        size = size_of(records)
        claim = self.reader.claims[-1]
        claim.fetched += size
        self.lane.put(Chunk(claim, records, start, stop, size))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def drive(scenario: Callable[[Rig], Awaitable[Any]], **store: Any) -> Rig:
    async def play() -> Rig:
        reader = MemoryReader()
        source = Source("tax", "cluster", "topic", {1: ROW})
        wiring = Wiring(
            MemoryStore(**store),
            ReverseSealer(),
            Keys(b"p", b"e", b"d"),
            {PLACE.topic: source},
            asyncio.Semaphore(2),
            reader,
        )
        lane = Lane(PLACE, wiring)
        rig = Rig(wiring.store, reader, lane)  # type: ignore[arg-type]
        lane.task = asyncio.create_task(lane.run())
        try:
            await scenario(rig)
        finally:
            lane.close()
            await lane.task
        return rig

    return asyncio.run(play())


def test_chunks_are_stored_in_order_and_make_room() -> None:
    async def scenario(rig: Rig) -> None:
        claim = await rig.claimed()
        rig.put(0, 3)
        rig.put(3, 5)
        await until(lambda: rig.store.next == 5 and claim.waiting == 0)

    rig = drive(scenario)

    assert sum(work.events for work in rig.store.works) == 5


@pytest.mark.parametrize("kept", [False, True])
def test_a_database_that_does_not_answer_is_asked_again(kept: bool) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.claimed()
        rig.put(0, 3)
        await until(lambda: rig.store.next == 3)
        rig.put(3, 4)
        await until(lambda: rig.store.next == 4)

    rig = drive(scenario, faults=[(TransientError("gone"), kept), (TransientError("gone"), False)])

    assert [(work.expected, work.next) for work in rig.store.works] == [(0, 3), (3, 4)]


def test_a_lost_epoch_stops_reading_and_what_was_read_is_void(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "_RECLAIM_SECONDS", -10)

    async def scenario(rig: Rig) -> None:
        await rig.claimed()
        rig.store.epoch += 1  # somebody else claims
        rig.put(0, 3)
        await rig.claimed(times=2)
        assert rig.reader.stopped == [PLACE]
        rig.lane.put(Chunk(rig.reader.claims[0], [sent(0)], 0, 1, 1))
        rig.put(0, 2)
        await until(lambda: rig.store.next == 2)

    rig = drive(scenario)

    assert [work.epoch for work in rig.store.works] == [3]


def test_an_overlap_is_sliced_and_a_repeat_dropped() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.claimed()
        rig.put(0, 3)
        await until(lambda: rig.store.next == 3)
        rig.put(0, 2)
        await asyncio.sleep(0.01)
        rig.put(1, 6)
        await until(lambda: rig.store.next == 6)

    rig = drive(scenario)

    assert [(work.first_offset, work.records) for work in rig.store.works] == [(0, 3), (3, 3)]


def test_a_missing_chunk_ends_the_worker() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.claimed()
        rig.put(3, 5)
        assert rig.lane.task is not None
        await asyncio.wait([rig.lane.task])

    with pytest.raises(TransientError, match="start again"):
        drive(scenario)


def test_what_cannot_be_mended_ends_the_worker() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.claimed()
        rig.put(0, 1)
        assert rig.lane.task is not None
        await asyncio.wait([rig.lane.task])

    with pytest.raises(PermanentError, match="broken"):
        drive(scenario, faults=[(PermanentError("broken"), False)])


def test_a_closed_lane_gives_up_on_a_database_that_is_gone() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.claimed()
        rig.put(0, 1)
        await until(lambda: len(rig.store.faults) < 999)

    rig = drive(scenario, faults=[(TransientError("gone"), False)] * 1000)

    assert rig.store.works == []
