"""Events as they stand in a topic, and how the workers store them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from schemas.catalogue import EventType, catalogue
from schemas.codec import Record
from streams.facts import facts
from tests.builders import record, some_id

_FACT = """
INSERT INTO live.facts (event_id, ordinal, person, kind, value, sealed, sensitivity, valid_from,
    valid_to, known_from, record, version, change, digest, topic, partition, "offset")
VALUES (%s, %s, %s, %s, %s, %s, %s, date '1970-01-01' + %s::int, date '1970-01-01' + %s::int,
    timestamptz 'epoch' + %s * interval '1 microsecond', %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
PROGRESS = """
INSERT INTO live.progress
    (topic, partition, cluster_id, topic_id, next, epoch, partition_sequence)
VALUES (%s, %s, '', '', %s, 1, 0)
ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next
"""


@dataclass(frozen=True)
class Written:
    """An event, and where it stands."""

    topic: str
    partition: int
    offset: int
    record: Record

    @property
    def type(self) -> str:
        kind: str = self.record["meta"]["type"]
        return kind


@dataclass(frozen=True)
class Read:
    """A record of a feed, as a subscriber reads it."""

    offset: int
    key: bytes | None
    headers: Mapping[str, str]
    name: str  # of the Avro record
    value: Record

    @property
    def number(self) -> int:
        number: int = self.value["feed"]["number"]
        return number


STATED = {name for name in catalogue() if not name.startswith("hub.need_")}


def need(row: EventType, meta: Mapping[str, Any], subject: bytes) -> Record:
    base = record("civil.death_registered", subject, {"type": row.name, "source": "hub", **meta})
    return {"meta": base["meta"] | {"type": row.name, "source": "hub"}} | {
        "need": some_id((subject, "need")),
        "household": some_id((subject, "household")),
        "kind": "child_benefit",
        "status": "detected",
        "since": (date(2026, 3, 1) - date(1970, 1, 1)).days,
        "review_on": None,
        "urgency": "normal",
        "amount_minor": 100,
        "rule": "uz.child_benefit",
        "needs": None,
    }


def store(connection: psycopg.Connection[tuple[Any, ...]], each: Written) -> None:
    meta = each.record["meta"]
    for ordinal, fact in enumerate(facts(meta["type"], each.record)):
        connection.execute(
            _FACT,
            [
                UUID(bytes=meta["id"]),
                ordinal,
                UUID(bytes=fact.person),
                fact.kind,
                json.dumps(fact.value),
                fact.sealed,
                fact.sensitivity,
                fact.valid_from,
                fact.valid_to,
                meta["recorded_at"],
                UUID(bytes=meta["record"]),
                meta["version"],
                meta["change"],
                meta["digest"],
                each.topic,
                each.partition,
                each.offset,
            ],
        )
