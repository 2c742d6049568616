"""A rebuild in the test's own process, phase by phase."""

from __future__ import annotations

import asyncio
from typing import Any

from projections import replay_compare, replay_fold, replay_history, replay_schema
from projections.replay_compare import Comparison
from projections.replay_session import Connection, Into
from schemas.ids import Keys
from streams import refold
from streams.catch_up import Tail, catch_up
from streams.chunk import Source
from streams.refold import Folded, Range
from streams.topics import identities
from tests.integration.streams.rig import PARTITIONS, Rig
from tests.integration.streams.worker_process import TYPES

SCHEMA = "rebuild"
KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
NOBODY: dict[str, object] = {"on": "2026-01-01", "now": "2026-01-01", "closed": None, "further": []}


class Building:
    """Rebuilds what a rig's worker has stored."""

    def __init__(self, rig: Rig, connection: Connection) -> None:
        self.rig = rig
        self.into = Into(connection, SCHEMA)
        known = identities(rig.client_config, [rig.topic])[rig.topic]
        self.source = Source(
            registry="tax", cluster_id=known.cluster_id, topic_id=known.topic_id, types=TYPES
        )
        self.repeated: list[bytes] = []

    def range(self, number: int, until: int | None = None, end: int | None = None) -> Range:
        positions = {place.partition: at for place, at in self.rig.positions().items()}
        return Range(
            client_config=self.rig.client_config,
            topic=self.rig.topic,
            partition=number,
            start=0,
            end=positions[number] if end is None else end,
            until=until,
        )

    def fold(self, until: int | None = None, ends: dict[int, int] | None = None) -> list[Folded]:
        replay_schema.check(self.into.connection)
        replay_schema.create(*self.into)
        replay_fold.open_facts(self.into)
        replay_history.stage(self.into)
        folded = [
            refold.fold(
                self.range(number, until, (ends or {}).get(number)),
                self.source,
                KEYS,
                self.into,
                lambda _: None,
            )
            for number in range(PARTITIONS)
        ]
        repeats = replay_fold.take_out_repeats(self.into)
        places = [place for each in folded for place in each.must_repeat]
        replay_fold.check_must_repeat(places, repeats)
        entries = [
            refold.conflict(KEYS, each.topic, each.partition, each.offset, each.event_id)
            for each in repeats
            if not each.is_same
        ]
        replay_fold.count_repeats(self.into, repeats, entries)
        replay_fold.derive(self.into)
        replay_fold.close_facts(self.into)
        assert list(replay_history.unsent(self.into, 0)) == []
        replay_history.fill(self.into)
        self.repeated = [each.event_id for each in repeats]
        work = replay_schema.index_work(*self.into)
        for statement in (*work.indexes, *work.constraints):
            self.into.connection.execute(statement.encode())
        replay_schema.create_code(self.into.connection, work.code)
        return folded

    def follow(self) -> int:
        """Fold what the worker has stored since."""
        return sum(
            asyncio.run(
                catch_up(
                    Tail(self.rig.dsn, SCHEMA, self.range(number)),
                    self.source,
                    KEYS,
                    lambda _: None,
                )
            )
            for number in range(PARTITIONS)
        )

    def compare(self) -> Comparison:
        return compare(self.into, self.repeated)

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        return self.into.connection.execute(f"SELECT {select}".encode()).fetchall()


def compare(into: Into, repeated: list[bytes] | None = None) -> Comparison:
    """Compare everything, on one snapshot."""
    connection, schema = into
    found = Comparison()
    with connection.transaction():
        replay_compare.compare(connection, schema, replay_compare.FACTS, repeated or [], found)
        found.pending = replay_compare.mark_pending(connection, schema, **NOBODY)
        replay_compare.compare(connection, schema, replay_compare.CONCLUSIONS, [], found)
    return found
