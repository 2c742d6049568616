"""Faust's transport, by chunk: ``read_committed``, positions from PostgreSQL, bounded by bytes.

Stock Faust makes four asyncio tasks of every message. Here one Faust message is a whole chunk, and
Faust's agents read ``async for chunk in stream``. Four things differ from the stock driver, which
is otherwise used as it is (Faust 0.15.3, aiokafka 0.14.0):

- a partition is read only under a claim (``chunk.Claim``), from the position that the claim names;
  Kafka's own committed offsets are for lag display only and never read;
- what is read waits in bounded memory: no fetch for a partition while its chunks wait for the
  database, and a wake-up where Faust would sleep for a second;
- Faust's committer never runs (``acks=False``): it is wrong around offset gaps;
- nothing is reset: an offset that Kafka no longer has stops the worker.

What Faust drops on the way (on a rebalance it clears its buffers) is read again under the next
claim.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, Protocol

from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from schemas.errors import PermanentError
from streams.chunk import MAX_RECORDS, Chunk, Claim, Place, readable, size_of

SCHEME: Final = "hub"
FETCH_WAIT_MS: Final = 100  # a long poll of an idle partition holds up a busy one as long


_LOG: Final = logging.getLogger("faust.hub")  # not ours to word: its lines are no constants


class Owner(Protocol):
    """Who decides which partitions are read; called in the loop of the Faust app."""

    def assigned(self, places: set[Place]) -> None:
        """Kafka gave us these partitions, and no others; nothing is read before a claim."""
        ...

    async def revoked(self, places: set[Place]) -> None:
        """Kafka takes these partitions; what is being committed may still be."""
        ...


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread in which aiokafka runs."""

    logger = _LOG

    def __post_init__(self) -> None:
        super().__post_init__()
        self.claims: dict[Place, Claim] = {}
        self._wake: asyncio.Event | None = None

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust ties it to exactly_once
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - Faust has 1500 fixed
        self._wake = asyncio.Event()
        return consumer

    def wake(self) -> None:
        """Look again at what may be fetched."""
        if self._wake is not None:
            self.thread_loop.call_soon_threadsafe(self._wake.set)

    async def start_reading(self, claim: Claim) -> None:
        await self.call_thread(self._start_reading, claim)

    async def _start_reading(self, claim: Claim) -> None:
        consumer = self._ensure_consumer()
        partition = TopicPartition(*claim.place)
        if partition in consumer.assignment():
            consumer.seek(partition, claim.next)  # also forgets what was fetched from elsewhere
            self.claims[claim.place] = claim
            self.wake()

    def stop_reading(self, places: Iterable[Place]) -> None:
        for place in places:
            self.claims.pop(place, None)

    async def show_progress(self, offsets: Mapping[Place, int]) -> None:
        """Tell Kafka's tools how far we are; best effort, nothing reads it back."""
        await self.call_thread(self._show_progress, offsets)

    async def _show_progress(self, offsets: Mapping[Place, int]) -> None:
        consumer = self._ensure_consumer()
        known = {
            TopicPartition(*place): OffsetAndMetadata(offset, "")
            for place, offset in offsets.items()
            if TopicPartition(*place) in consumer.assignment()
        }
        try:
            if known:
                await consumer.commit(known)
        except KafkaError:
            self.log.info("progress_not_shown")  # the next one shows it

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP] | None,
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> dict[TP, Chunk]:
        """Return at most one chunk a partition, all joining what was read before."""
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher  # noqa: SLF001 - as the stock driver does
        if consumer._closed or fetcher._closed:  # noqa: SLF001
            raise driver.ConsumerStoppedError
        assert self._wake is not None
        self._wake.clear()
        wanted = readable(list(self.claims.values())) & (active_partitions or set())
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001
            chunks = await self._drain(fetcher, wanted) if wanted else {}
            if not chunks:
                await self._wait(fetcher, timeout or 0.0)
                wanted = readable(list(self.claims.values())) & (active_partitions or set())
                chunks = await self._drain(fetcher, wanted) if wanted else {}
        return chunks

    async def _drain(self, fetcher: Any, wanted: set[Place]) -> dict[TP, Chunk]:
        # An empty set would mean every partition to the fetcher.
        claims = {place: self.claims[place] for place in wanted if place in self.claims}
        if not claims:
            return {}
        try:
            fetched = await fetcher.fetched_records(set(claims), 0, MAX_RECORDS)
        except OffsetOutOfRangeError as error:
            raise PermanentError(
                "Kafka no longer has the offset to read next: the topic was truncated or is "
                "another; compare live.progress with the topic, then rebuild"
            ) from error
        chunks = {}
        assigned = fetcher._subscriptions.subscription.assignment  # noqa: SLF001
        for partition, records in fetched.items():
            place = Place(partition.topic, partition.partition)
            claim = claims[place]
            if self.claims.get(place) is not claim:
                continue  # revoked meanwhile
            position = assigned.state_value(partition).position
            chunk = Chunk(claim, records, claim.next, position, size_of(records))
            claim.next = position
            claim.fetched += chunk.size
            chunks[TP(*place)] = chunk
        return chunks

    async def _wait(self, fetcher: Any, timeout: float) -> None:
        """Return when there may be something to fetch; raise what the fetcher met."""
        assert self._wake is not None
        news = fetcher._create_fetch_waiter()  # noqa: SLF001
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({news, woken}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if news.done():
                news.result()
        finally:
            woken.cancel()
            if not news.done():
                news.cancel()


class Consumer(driver.Consumer):  # type: ignore[misc]
    """The consumer in the loop of the Faust app."""

    logger = _LOG

    _thread: ConsumerThread

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def owner(self) -> Owner:
        owner: Owner = self.app.owner
        return owner

    @property
    def reader(self) -> ConsumerThread:
        return self._thread

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        places = {Place(*tp) for tp in revoked}
        self._thread.stop_reading(places)
        await self.owner.revoked(places)
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Faust asks for this once an assignment is complete; the owner claims, and seeks later."""
        self.owner.assigned({Place(*tp) for tp in self.assignment()})
        return {}

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        if self.should_stop:
            return
        active = self._get_active_partitions()
        if not active:
            await self.sleep(0.1)  # nothing is assigned to us
            return
        chunks: dict[TP, Chunk] = await self._getmany(active_partitions=active, timeout=timeout)
        for tp, chunk in chunks.items():
            if not self.flow_active:
                return  # a rebalance: every claim is made anew
            # Faust drops what lies below the highest it saw, but a new claim may begin below.
            self._read_offset[tp] = None
            yield tp, self._to_message(tp, chunk)

    def _to_message(self, tp: TP, chunk: Chunk) -> ConsumerMessage:
        last = chunk.records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            0.0,
            0,
            (),
            None,
            chunk,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )


class Transport(driver.Transport):  # type: ignore[misc]
    """``hub://host:port``."""

    Consumer = Consumer


TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
