"""The row `replay`: the same topic folded by `hub replay`, beside decode + COPY alone.

- *replay*: from the first record in hand to the last commit of facts, all processes together;
- *limit*: as many processes, each with its partitions' records in memory, and their rows ready:
  decode every chunk strictly, send the ready rows by COPY into the same unindexed table. No Kafka,
  no judging, no making of rows. All begin at once.

Index, assess and swap are shown by themselves. Each round does both, on fresh databases.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console

from ops.bench.race import Arena, Tick, empty_tables
from ops.initialise import schema_ids
from ops.replay import topics
from ops.replay.pool import Pool
from ops.replay.rebuild import Rebuild
from ops.replay.report import Report, View
from ops.replay.tasks import Wiring
from ops.settings import Settings
from projections import replay_fold, replay_schema, replay_session
from projections.replay_fold import Part, rows_of
from projections.replay_schema import REBUILD
from projections.replay_session import Into
from schemas.codec import decode_chunk
from streams.chunk import Place
from streams.judgement import Numbering, judge
from streams.refold import Range, pieces

NAME: Final = "replay"
_PROGRESS: Final = """
INSERT INTO live.progress (topic, partition, cluster_id, topic_id, next, epoch, partition_sequence)
VALUES (%s, %s, %s, %s, %s, 0, 0)
"""


@dataclass(slots=True)
class Replaying:
    """What the rounds came to, in events a second."""

    processes: int
    folded: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)  # seconds, of the last round

    @property
    def rate(self) -> float:
        return statistics.median(self.folded)

    @property
    def limit_rate(self) -> float:
        return statistics.median(self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWiring:
    """What the limit's processes need."""

    wiring: Wiring
    together: Any  # a barrier


@dataclass(frozen=True, slots=True)
class Limit:
    """One process's partitions: decode, and COPY what is ready."""

    ranges: tuple[Range, ...]

    def run(self, wiring: LimitWiring, _: Tick) -> tuple[float, float]:
        """Return when it began and when it ended."""
        ready = [(each, asyncio.run(_ready(each, wiring.wiring))) for each in self.ranges]
        with closing(replay_session.connect(wiring.wiring.settings.hub_dsn)) as connection:
            into = Into(connection, REBUILD)
            wiring.together.wait()
            began = time.time()
            for each, chunks in ready:
                types = wiring.wiring.sources[each.topic].types
                part = Part(into=into, topic=each.topic, partition=each.partition)
                with connection.transaction(), part.copying() as copy:
                    for values, rows in chunks:
                        decode_chunk(values, types)
                        copy.write(rows)
            return began, time.time()


async def _ready(wanted: Range, wiring: Wiring) -> list[tuple[list[bytes | None], memoryview]]:
    about = wiring.sources[wanted.topic]
    numbering, found = Numbering(0), []
    async for records, _ in pieces(wanted):
        place = Place(wanted.topic, wanted.partition)
        judged = judge(place, about.registry, records, about.types, numbering)
        numbering = judged.numbering
        found.append(([record.value for record in records], rows_of(judged.rows)))
    return found


def measure(arena: Arena, rounds: int, begin: Any, say: Any) -> Replaying:
    """Fold the arena's topic in as many processes as there are cores, and measure the limit."""
    found = Replaying(os.cpu_count() or 1)
    for number in range(1, rounds + 1):
        begin(f"decode + COPY alone, round {number}", arena.records)
        with empty_tables(arena.settings, f"bench_replay_limit_{number}") as database:
            found.limit.append(_limit(arena, _of(arena.settings, database), found.processes))
        tick = begin(f"replay, round {number}", arena.records)
        with empty_tables(arena.settings, f"bench_replay_{number}") as database:
            report = _replay(arena, _of(arena.settings, database), found.processes, tick)
        found.folded.append(report.fold_rate)
        found.phases = report.phases
        say(
            f"replay, round {number}: {found.folded[-1]:,.0f} events/s of {found.limit[-1]:,.0f} "
            f"({found.folded[-1] / found.limit[-1]:.2f})"
        )
    return found


def _of(settings: Settings, database: str) -> Settings:
    return replace(settings, hub_dsn_override=settings.local_dsn(database))


def _wiring(settings: Settings) -> Wiring:
    return topics.wiring(settings, schema_ids(settings), REBUILD)


def _ends(arena: Arena, wiring: Wiring) -> dict[tuple[str, int], int]:
    places = [(arena.topic, number) for number in range(arena.settings.partitions)]
    return topics.ends(wiring.settings.kafka("reader"), places)


def _limit(arena: Arena, settings: Settings, processes: int) -> float:
    wiring = _wiring(settings)
    ranges = [
        Range(
            client_config=settings.kafka("reader"),
            topic=topic,
            partition=partition,
            start=0,
            end=end,
        )
        for (topic, partition), end in sorted(_ends(arena, wiring).items())
    ]
    together = multiprocessing.get_context("spawn").Barrier(processes)
    with closing(replay_session.connect(settings.hub_dsn)) as connection:
        replay_schema.create(connection, REBUILD)
        replay_fold.open_facts(Into(connection, REBUILD))
    with Pool(LimitWiring(wiring=wiring, together=together), processes) as pool:
        shares = [Limit(tuple(ranges[number::processes])) for number in range(processes)]
        times = pool.run(shares)
    seconds: float = max(end for _, end in times) - min(began for began, _ in times)
    return arena.records / seconds


def _replay(arena: Arena, settings: Settings, processes: int, tick: Tick) -> Report:
    wiring = _wiring(settings)
    with (
        closing(replay_session.connect(settings.hub_dsn)) as connection,
        closing(replay_session.connect(settings.hub_dsn)) as work,
    ):
        about = wiring.sources[arena.topic]
        for (topic, partition), end in _ends(arena, wiring).items():
            identity = (about.cluster_id, about.topic_id)
            work.execute(_PROGRESS, [topic, partition, *identity, end])
        work.execute("CHECKPOINT")
        with Pool(wiring, processes) as pool:
            rebuild = Rebuild(
                wiring=wiring,
                pool=pool,
                connection=connection,
                work=work,
                view=View(Console(), silent=True),
                on=settings.today,
                now=datetime.now(UTC),
            )
            rebuild.fold()
            rebuild.catch_up()
            rebuild.assess()
            rebuild.swap()
    tick(rebuild.report.events)
    return rebuild.report
