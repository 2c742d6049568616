"""Which quarantine entries hold something of a person: opened, looked through, and closed again.

An entry is a record that broke a rule, so nobody knows whom it is about. What it holds is searched
for the person's ids (as bytes and as text), and every run of 14 digits in it for being a national
number of theirs. A name alone is not searched for: many people have it.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
from kafka import KafkaConsumer, TopicPartition

from ops.initialise import schema_ids
from ops.replay.topics import ends
from ops.settings import Settings
from projections.keystore import PostgresKeyStore
from schemas import topics
from schemas.codec import Decoded, decode_chunk
from schemas.ids import Keys
from schemas.registry import SchemaIds
from schemas.sealing import open_bytes
from streams.refold import Range, pieces

CLASS: Final = "quarantine"
_NUMBER: Final = re.compile(rb"(?<!\d)\d{14}(?!\d)")
_UNSENT: Final = "SELECT body FROM kept.outbox WHERE kind = 'quarantine'"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that holds something of the person."""

    id: UUID
    source: str
    rule: str
    field: str | None
    recorded_at: datetime | None  # None: not published yet
    original: bytes


def linked_entries(
    settings: Settings, keystore: PostgresKeyStore, ids: Collection[UUID]
) -> list[Entry]:
    """Return the entries that hold something of whoever has these ids.

    Raises:
        TransientError: Kafka, the schema registry or the key store does not answer.
    """
    found: dict[UUID, Entry] = {}
    wanted = {one.bytes for one in ids}
    for batch in _batches(settings, schema_ids(settings)):
        keys = keystore.existing((raw["id"], CLASS) for raw in batch)
        for raw in batch:
            key = keys.get((raw["id"], CLASS))
            if not key:
                continue
            original = open_bytes(key, raw["id"], CLASS, raw["original"])
            if holds(original, wanted, settings.keys):
                at = raw["recorded_at"]
                entry = Entry(
                    UUID(bytes=raw["id"]),
                    raw["source"],
                    raw["rule"],
                    raw["field"],
                    None if at is None else datetime.fromtimestamp(at / 1e6, UTC),
                    original,
                )
                found.setdefault(entry.id, entry)
    return sorted(found.values(), key=lambda entry: entry.id)


def holds(original: bytes, wanted: Collection[bytes], keys: Keys) -> bool:
    """Return whether ``original`` holds an id or a national number of whoever has these ids."""
    lower = original.lower()
    return any(one in original or str(UUID(bytes=one)).encode() in lower for one in wanted) or any(
        keys.pseudonym("uz.pinfl", number.decode()) in wanted
        for number in set(_NUMBER.findall(original))
    )


def raw_entries(settings: Settings, ids: SchemaIds) -> list[dict[str, Any]]:
    """Return every entry as it stands in the topic and in the outbox; some come twice."""
    return [raw for batch in _batches(settings, ids) for raw in batch]


def _batches(settings: Settings, ids: SchemaIds) -> Iterator[list[dict[str, Any]]]:
    """Yield what was published, then what was put into the outbox; an entry may come twice."""
    types = ids.types(topics.QUARANTINE)
    config = settings.kafka("reader")
    for (topic, partition), end in ends(config, [(topics.QUARANTINE, 0)]).items():
        start = _first(settings, topic, partition)
        wanted = Range(client_config=config, topic=topic, partition=partition, start=start, end=end)
        for values in asyncio.run(_values(wanted)):
            decoded = decode_chunk(values, types)
            yield [dict(each.record) for each in decoded if isinstance(each, Decoded)]
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        bodies = [orjson.loads(row[0]) for row in connection.execute(_UNSENT)]
    yield [
        body
        | {
            "id": UUID(body["id"]).bytes,
            "original": b64decode(body["original"]),
            "recorded_at": None,
        }
        for body in bodies
    ]


async def _values(wanted: Range) -> list[list[bytes | None]]:
    return [[record.value for record in records] async for records, _ in pieces(wanted)]


def _first(settings: Settings, topic: str, partition: int) -> int:
    """Return the first offset that Kafka still has: entries are kept for a set time."""
    consumer = KafkaConsumer(**settings.kafka("reader"), enable_auto_commit=False)
    try:
        place = TopicPartition(topic, partition)
        return int(consumer.beginning_offsets([place])[place])
    finally:
        consumer.close(autocommit=False)
