"""Chunks for the store, made by hand, and a database to put them in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from projections import merkle
from projections.chunk_pool import ChunkPool
from projections.chunk_store import ChunkWork, Outcome, Quarantined
from schemas.catalogue import catalogue
from schemas.codec import encode
from streams.chunk import Place
from streams.judgement import Numbering, judge
from tests.builders import person, record, some_id

TOPIC = "registry.civil.events.v1"
ROWS = dict(enumerate(row for row in catalogue().values()))
IDS = {row.name: number for number, row in ROWS.items()}
TABLES = ("facts", "closures", "replacements", "completeness", "causes")


@dataclass(frozen=True)
class Sent:
    offset: int
    key: bytes | None
    value: bytes | None


def sent(offset: int, each: dict[str, Any], number: int | None = None) -> Sent:
    meta = each["meta"] | {"partition_sequence": offset + 1 if number is None else number}
    name = meta["type"]
    return Sent(offset, meta["subject"], encode(ROWS[IDS[name]], IDS[name], each | {"meta": meta}))


def birth(name: object, **meta: Any) -> dict[str, Any]:
    return record("civil.birth_registered", person(name), meta={"id": some_id(name)} | meta)


def work(
    records: Sequence[Sent],
    epoch: int,
    partition: int = 0,
    registry: str = "civil",
    **changed: Any,
) -> ChunkWork:
    topic = TOPIC if registry == "civil" else f"registry.{registry}.events.v1"
    place = Place(topic, partition)
    first = records[0].offset
    judged = judge(place, registry, records, ROWS, Numbering(changed.pop("last", first)))
    said: dict[str, Any] = {
        "topic": topic,
        "partition": partition,
        "epoch": epoch,
        "expected": first,
        "next": records[-1].offset + 1,
        "first_offset": first,
        "last_offset": records[-1].offset,
        "records": len(records),
        "root": merkle.root(merkle.entry(each.offset, each.value) for each in records),
        "rows": judged.rows,
        "events": judged.events,
        "further_facts": judged.further_facts,
        "closures": judged.closures,
        "partition_sequence": judged.numbering.last,
        "unnumbered": judged.numbering.unnumbered,
        "completions": judged.completions,
        "replacements": judged.replacements,
        "quarantined": [
            Quarantined(b.offset, some_id(b), b.rule, b.field, b.event_id, b"{}")
            for b in judged.bad
        ],
        "must_repeat": judged.must_repeat,
    }
    return ChunkWork(**(said | changed))


async def seal(offset: int, event_id: bytes) -> Quarantined:
    return Quarantined(offset, some_id(offset), "conflict", None, event_id, b"{}")


@dataclass
class Rig:
    dsn: str

    def run(self, scenario: Callable[[ChunkPool], Awaitable[Any]]) -> Any:
        async def play() -> Any:
            pool = ChunkPool(self.dsn, 4)
            await pool.open()
            try:
                return await scenario(pool)
            finally:
                await pool.close()

        return asyncio.run(play())

    def apply(self, *works: ChunkWork) -> list[Outcome | None]:
        async def scenario(pool: ChunkPool) -> list[Outcome | None]:
            return [await pool.apply(each, seal) for each in works]

        outcomes: list[Outcome | None] = self.run(scenario)
        return outcomes

    def claim(
        self, partition: int = 0, cluster: str = "c", topic_id: str = "t", topic: str = TOPIC
    ) -> int:
        async def scenario(pool: ChunkPool) -> int:
            return (await pool.claim(topic, partition, cluster, topic_id)).epoch

        epoch: int = self.run(scenario)
        return epoch

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query.encode()).fetchall()

    def counts(self) -> dict[str, int]:
        return {name: self.rows(f"SELECT count(*) FROM live.{name}")[0][0] for name in TABLES}

    def progress(self) -> tuple[Any, ...]:
        return self.rows(
            "SELECT next, partition_sequence, unnumbered, events, suppressed, quarantined"
            " FROM live.progress WHERE partition = 0"
        )[0]
