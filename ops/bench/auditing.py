"""The row ``audit``: what it costs to be on record, and how fast the log and its proofs are.

*Ingest*: the same topic by the same worker, three ways, each once in every round, in an order that
turns from round to round, into databases of their own:

- *nothing on record*: ``ops.bench.unrecorded``, without a chunk's Merkle root and leaf;
- *on record*: the worker as it is;
- *on record, log published*: sequencer and integrator run beside it.

The cost is a share of the first one's rate: the median over the rounds of one minus the ratio.
*Log* and *proofs*: ``ops.bench.log_rates``.
"""

from __future__ import annotations

import shutil
import statistics
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Final

import psycopg

from ops.audit.place import log_folder, signer
from ops.bench import log_rates, rows
from ops.bench.beside import running
from ops.bench.contestants import OURS, Contestant
from ops.bench.log_rates import LogRates
from ops.bench.race import Arena, RaceError, Run, empty_tables, run
from ops.settings import Settings
from projections.tlog.folder import read
from projections.tlog.layout import CHECKPOINT

NAME: Final = "audit"
MOST: Final = 0.10  # of ingest
MORE_ROUNDS: Final = 2  # a difference is harder to see than a rate
WITHOUT, WITH, PUBLISHED = "nothing on record", "on record", "on record, log published"
WAYS: Final = (WITHOUT, WITH, PUBLISHED)
UNRECORDED: Final = Contestant(
    "unrecorded", f"our worker, {WITHOUT}", "ops.bench.unrecorded", OURS.batches, "", is_ours=True
)
_PUBLISH_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
_LEAVES: Final = """
SELECT count(*), coalesce(sum((body ->> 'records')::bigint), 0)
  FROM kept.audit_leaves WHERE kind = 'chunk'
"""


@dataclass(slots=True)
class Audited:
    """What was measured."""

    runs: dict[str, list[Run]] = field(default_factory=lambda: {way: [] for way in WAYS})
    log: LogRates = field(default_factory=LogRates)

    def median(self, way: str) -> float:
        """Return the median rate of a way, in events a second."""
        return statistics.median(one.rate for one in self.runs[way])

    def cost(self, way: str) -> float:
        """Return which share of the rate a way costs, by the clock."""
        return cost([one.rate for one in self.runs[WITHOUT]], [one.rate for one in self.runs[way]])

    def cost_of_cores(self, way: str) -> float:
        """Return the same of events a second of processor time, the worker's and PostgreSQL's."""
        return cost(
            [_a_core(one) for one in self.runs[WITHOUT]], [_a_core(one) for one in self.runs[way]]
        )

    def microseconds(self, way: str, kind: str) -> float:
        """Return the median processor time an event, in microseconds."""
        each: list[float] = [getattr(one, kind) / one.events for one in self.runs[way]]
        return 1e6 * statistics.median(each)


def cost(without: list[float], with_: list[float]) -> float:
    """Return the median share of a rate that is lost, pair by pair.

    >>> cost([100.0, 200.0, 100.0], [90.0, 190.0, 50.0])
    0.1
    """
    pairs = zip(with_, without, strict=True)
    return round(statistics.median(1 - one / other for one, other in pairs), 4)


def _a_core(one: Run) -> float:
    return one.events / (one.own_cpu + one.postgres_cpu)


def measure(arena: Arena, rounds: int, begin: Any, say: Any) -> Audited:
    """Return what being on record costs, and what the log comes to.

    Raises:
        RaceError: a way did not end with the rows of the others, or not with its leaves.
    """
    found, digest = Audited(), ""
    for number in range(1, rounds + MORE_ROUNDS + 1):
        turn = number % len(WAYS)
        for way in (*WAYS[turn:], *WAYS[:turn]):
            name = f"bench_audit_{number}_{WAYS.index(way)}"
            with empty_tables(arena.settings, name) as database:
                tick = begin(f"{way}, round {number}", arena.distinct)
                done = _ingest(arena, way, database, tick)
                if number == 1:
                    digest = _compare(rows.digest(arena.settings, database), digest, way)
            found.runs[way].append(done)
            say(f"{way}, round {number}: {done.rate:,.0f} events/s")
    found.log = log_rates.measure(arena.settings, arena.records // 2, begin, say)
    return found


def _ingest(arena: Arena, way: str, database: str, tick: Any) -> Run:
    settings = replace(arena.settings, hub_dsn_override=arena.settings.dsn(database))
    contestant = UNRECORDED if way == WITHOUT else OURS
    is_published = way == PUBLISHED
    beside = running(settings, "sequencer", "integrator") if is_published else nullcontext()
    try:
        with beside:
            done = run(arena, contestant, batch=OURS.batches[1], database=database, tick=tick)
            leaves, records = _on_record(settings)
            if records != (0 if way == WITHOUT else arena.records):
                raise RaceError(f"{way}: {leaves} leaves speak of {records} records")
            if is_published:
                _wait_published(settings, leaves)
    finally:
        shutil.rmtree(log_folder(settings), ignore_errors=True)  # the next table is another log
    return done


def _on_record(settings: Settings) -> tuple[int, int]:
    with psycopg.connect(settings.hub_dsn) as connection:
        leaves, records = connection.execute(_LEAVES).fetchone() or (0, 0)
    return int(leaves), int(records)


def _wait_published(settings: Settings, leaves: int) -> None:
    deadline = time.monotonic() + _PUBLISH_SECONDS
    while time.monotonic() < deadline:
        note = read(log_folder(settings), CHECKPOINT)
        if note is not None and signer(settings).read(note).size >= leaves:
            return
        time.sleep(_POLL_SECONDS)
    raise RaceError(f"{leaves} leaves were not published: see the integrator's log")


def _compare(found: str, digest: str, way: str) -> str:
    if found != (digest or found):
        raise RaceError(f"{way} ended with other rows: no figure of this run counts")
    return found
