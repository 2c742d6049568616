"""The row ``feeds``: from the source topic to the feeds of one agency, and of ten.

The relay as the component puts it together (``ops.run.feeds``), in this process, on tables that our
worker has filled from the same topic. Each agency may see every event of the load, with all
history. The clock starts after the first step, in which feeds begin and schemas are registered,
and stops when everything is sent; each number given counts.

The limit is what nobody can leave out: every event decoded once, strictly, and encoded once for
each agency, by one core; no Kafka, no looking up, no rights, no pseudonyms.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from ops.agency import kafka
from ops.bench import limits
from ops.bench.contestants import OURS
from ops.bench.peers.mapping import event_types
from ops.bench.race import Arena, RaceError, empty_tables, run
from ops.run.feeds import open_relay
from ops.run.garbage import collect_rarely
from ops.secret_files import ADMIN
from ops.settings import Settings
from ops.stack.kafka_admin import kafka_admin
from projections import agencies
from schemas.catalogue import EventType
from schemas.codec import Record, decode_chunk, encode
from schemas.rights import load_policy
from streams.feeds import cutting
from streams.feeds.relay import FeedRelay

NAME: Final = "feeds"
AGENCIES: Final = (1, 10)
DECODED, ENCODED = "decode only (strict)", "encode only, one agency"
_BASIS, _PURPOSE, _WHO = "pension-law", "pension", "bench"
_APPLIED: Final = "bench_feeds"
_SAMPLE: Final = 20_000  # events, for the limit
_CHUNK: Final = 4000
_SILENT_STEPS: Final = 20  # in a row, before everything is there
_SENT: Final = "SELECT count(DISTINCT agency), sum(last - first + 1) FROM kept.feed_index"

_Encoded = tuple[EventType, int, Record]


@dataclass(slots=True)
class Feeding:
    """What was measured: source events a second, for each number of agencies."""

    rates: dict[int, list[float]] = field(default_factory=lambda: {n: [] for n in AGENCIES})
    alone: dict[str, float] = field(default_factory=dict)  # decode, encode; records a second

    def median(self, count: int) -> float:
        """Return the median of the rounds, in events a second."""
        return statistics.median(self.rates[count])

    def limit(self, count: int) -> float:
        """Return what decoding once and encoding for each of ``count`` agencies allows."""
        return limit(self.alone[DECODED], self.alone[ENCODED], count)


def limit(decoded: float, encoded: float, count: int) -> float:
    """Return events a second of one core that decodes once and encodes ``count`` times.

    >>> round(limit(100.0, 100.0, 1))
    50
    """
    return 1 / (1 / decoded + count / encoded)


def measure(arena: Arena, rounds: int, begin: Any, say: Any) -> Feeding:
    """Return how fast feeds are made.

    Raises:
        RaceError: a feed lacks numbers, or has too many.
    """
    collect_rarely()
    found, sample = Feeding(), list[_Encoded]()
    with empty_tables(arena.settings, _APPLIED) as applied:
        tick = begin("facts for the feeds", arena.distinct)
        run(arena, OURS, batch=OURS.batches[1], database=applied, tick=tick)
        for number in range(1, rounds + 1):
            for count in AGENCIES:
                name = f"{_APPLIED}_{number}_{count}"
                with empty_tables(arena.settings, name, template=applied) as database:
                    own = replace(arena.settings, hub_dsn_override=arena.settings.dsn(database))
                    _let_in(own, [f"bench-{number}-{count}-{n}" for n in range(count)])
                    tick = begin(f"{count} agencies, round {number}", arena.distinct * count)
                    rate = _relay(own, arena, count, tick, sample)
                found.rates[count].append(rate)
                say(
                    f"feeds, {count} agencies, round {number}: {rate:,.0f} events/s, "
                    f"{rate * count:,.0f} records/s"
                )
    found.alone = _alone(arena, sample)
    return found


def _let_in(settings: Settings, names: list[str]) -> None:
    """Make agencies with a grant and topics; nobody signs on as one of them."""
    now, policy = datetime.now(UTC), load_policy()
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        agencies.store_policy(connection, policy, who=_WHO)
        for name in names:
            agencies.add_agency(connection, name, "Benchmark", now=now, who=_WHO)
            since = now - timedelta(minutes=1)
            granted = (connection, policy, name, _BASIS, _PURPOSE)
            agencies.grant(*granted, now=now, who=_WHO, since=since)
    with kafka_admin(settings.kafka(ADMIN)) as client:
        for name in names:
            kafka.make_topics(client, name)


def _relay(
    settings: Settings, arena: Arena, count: int, tick: Any, sample: list[_Encoded]
) -> float:
    """Send everything; return source events a second."""
    with (
        ExitStack() as closer,
        closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection,
    ):
        relay = open_relay(settings, closer)
        with _sampled(sample):
            _step(relay)
        before, began, silent = _sent(connection, count), time.perf_counter(), 0
        while (sent := _sent(connection, count)) < arena.distinct:
            silent = 0 if relay.step() else silent + 1
            if silent > _SILENT_STEPS:
                raise RaceError(f"feeds stood still at {sent} of {arena.distinct} numbers")
            tick(sent * count)
        seconds = time.perf_counter() - began
    if sent != arena.distinct:
        raise RaceError(f"{sent} numbers of {arena.distinct} events: no figure of this run counts")
    return (sent - before) / seconds


def _step(relay: FeedRelay) -> None:
    for _ in range(_SILENT_STEPS):
        if relay.step():
            return
    raise RaceError("the relay finds nothing to send")


def _sent(connection: psycopg.Connection[Any], count: int) -> int:
    """Return how many numbers each agency was given; all have as many."""
    agencies_, numbers = connection.execute(_SENT).fetchone() or (0, 0)
    if not agencies_:
        return 0
    if agencies_ != count or numbers % count:
        raise RaceError(f"{numbers} numbers were given to {agencies_} agencies of {count}")
    return int(numbers) // count


@contextmanager
def _sampled(sample: list[_Encoded]) -> Iterator[None]:
    """Keep what is encoded meanwhile, until there is enough of it."""
    plain: Any = encode

    def kept(row: EventType, schema_id: int, record: Record) -> bytes:
        if len(sample) < _SAMPLE:
            sample.append((row, schema_id, record))
        encoded: bytes = plain(row, schema_id, record)
        return encoded

    setattr(cutting, "encode", kept)  # noqa: B010 - for one step, which is not measured
    try:
        yield
    finally:
        setattr(cutting, "encode", plain)  # noqa: B010


def _alone(arena: Arena, sample: list[_Encoded]) -> dict[str, float]:
    values, types = asyncio.run(limits.fetch(arena))[:_SAMPLE], event_types(arena.types)
    began = time.perf_counter()
    for first in range(0, len(values), _CHUNK):
        decode_chunk(values[first : first + _CHUNK], types)
    decoded = time.perf_counter()
    for row, schema_id, record in sample:
        encode(row, schema_id, record)
    ended = time.perf_counter()
    return {DECODED: len(values) / (decoded - began), ENCODED: len(sample) / (ended - decoded)}
