"""A made-up country on the registries' topics: families' events, in transactions, numbered.

Written by aiokafka in whole batches: the connectors' own way is measured elsewhere, and a million
people would take it half an hour. What stands on the topics is what connectors write, but for the
headers and the digest, which is of the event's id only.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date
from itertools import islice
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from connectors.partitioner import partition_of
from ops.bench.families import Families, Stated, identifier
from ops.keystore import open_keystore
from ops.settings import Settings
from projections.keystore import PostgresKeyStore
from schemas.catalogue import catalogue
from schemas.codec import encode
from schemas.ids import MICROSECONDS_A_DAY, ZERO, days
from schemas.registry import SchemaIds
from schemas.sealing import seal
from schemas.topics import EVENTS
from streams.clients import for_aiokafka

PAGE: Final = 20_000  # events in a transaction
_BATCH_BYTES: Final = 900_000
Tick = Callable[[int], None]


class _Numbers:
    """Sequence and partition sequences of one registry."""

    def __init__(self) -> None:
        self.sequence = 0
        self.partitions: dict[int, int] = defaultdict(int)

    def next(self, partition: int) -> dict[str, int]:
        self.sequence += 1
        self.partitions[partition] += 1
        return {"sequence": self.sequence, "partition_sequence": self.partitions[partition]}


def publish(settings: Settings, ids: SchemaIds, families: Families, through: date) -> Iterator[int]:
    """Write everything; say after each transaction how many events are written."""
    with (
        asyncio.Runner() as runner,
        closing(open_keystore(settings)) as keystore,
    ):
        writer = _Writer(settings, ids, keystore, through)
        runner.run(writer.open())
        try:
            events = iter(families)
            written = 0
            while page := list(islice(events, PAGE)):
                runner.run(writer.write(page))
                written += len(page)
                yield written
            runner.run(writer.complete())
        finally:
            runner.run(writer.close())


class _Writer:
    def __init__(
        self, settings: Settings, ids: SchemaIds, keystore: PostgresKeyStore, through: date
    ) -> None:
        self._settings = settings
        self._ids = ids
        self._keystore = keystore
        self._through = through
        self._numbers = {registry: _Numbers() for registry in EVENTS}
        self._recorded = (days(through) + 15) * MICROSECONDS_A_DAY
        self._producer: Any = None

    async def open(self) -> None:
        self._producer = AIOKafkaProducer(
            **for_aiokafka(self._settings.kafka("admin")),
            transactional_id="hub-volume",
            max_batch_size=_BATCH_BYTES,
            compression_type="lz4" if _has_lz4() else None,
            linger_ms=5,
        )
        await self._producer.start()

    async def close(self) -> None:
        await self._producer.stop()

    async def write(self, page: Iterable[Stated]) -> None:
        page = list(page)
        owners = {(stated.subject, "health") for stated in page if stated.health is not None}
        sealing = self._keystore.keys(owners) if owners else {}
        by_place: dict[tuple[str, int], list[tuple[bytes, bytes]]] = defaultdict(list)
        for stated in page:
            event_id = identifier(f"{stated.record} {stated.version}")
            fields = dict(stated.fields)
            if stated.health is not None:
                key = sealing[stated.subject, "health"]
                fields["health"] = seal(key, event_id, "health", stated.health)
            record = identifier(f"record {stated.record}")
            about = {"id": event_id, "record": record, "version": stated.version}
            about |= {"subject": stated.subject, "change": stated.change}
            registry = stated.type.partition(".")[0]
            place = self._place(registry, stated.subject)
            value = self._encode(registry, place[1], stated.type, about, fields)
            by_place[place].append((stated.subject, value))
        await self._send(by_place)

    async def complete(self) -> None:
        """State of every registry that it is complete, in every partition."""
        by_place: dict[tuple[str, int], list[tuple[bytes, bytes]]] = defaultdict(list)
        for registry, topic in EVENTS.items():
            fields = {"registry": registry, "through": days(self._through), "snapshot": True}
            for partition in range(self._settings.partitions):
                event_id = identifier(f"complete {registry} {partition}")
                about = {"id": event_id, "record": event_id, "version": 1}
                about |= {"subject": ZERO, "change": "CREATED"}
                kind = "hub.source_complete"
                value = self._encode(registry, partition, kind, about, fields)
                by_place[topic, partition].append((ZERO, value))
        await self._send(by_place)

    def _place(self, registry: str, subject: bytes) -> tuple[str, int]:
        return EVENTS[registry], partition_of(subject, self._settings.partitions)

    def _encode(
        self,
        registry: str,
        partition: int,
        kind: str,
        about: Mapping[str, Any],
        fields: Mapping[str, Any],
    ) -> bytes:
        self._recorded += 1
        event_id = about["id"]
        meta = {
            "source": registry,
            "type": kind,
            "occurred_at": self._recorded,
            "recorded_at": self._recorded,
            "corrects": None,
            "digest": event_id,
            "correlation_id": event_id,
            "causation_id": None,
            **about,
            **self._numbers[registry].next(partition),
        }
        row = catalogue()[kind]
        missing = {name: None for name in row.fields if name not in fields}
        number = self._ids.of(EVENTS[registry], kind)
        return encode(row, number, {**fields, **missing, "meta": meta})

    async def _send(self, by_place: Mapping[tuple[str, int], list[tuple[bytes, bytes]]]) -> None:
        async with self._producer.transaction():
            sent = []
            for (topic, partition), messages in by_place.items():
                batch = self._producer.create_batch()
                for key, value in messages:
                    if batch.append(key=key, value=value, timestamp=None) is None:
                        sent.append(await self._full(batch, topic, partition))
                        batch = self._producer.create_batch()
                        batch.append(key=key, value=value, timestamp=None)
                sent.append(await self._full(batch, topic, partition))
            await asyncio.gather(*sent)

    async def _full(self, batch: Any, topic: str, partition: int) -> Any:
        return await self._producer.send_batch(batch, topic, partition=partition)


def _has_lz4() -> bool:
    from aiokafka.codec import has_lz4  # noqa: PLC0415

    return bool(has_lz4())
