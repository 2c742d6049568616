"""The row ``assess``: from facts in PostgreSQL to what everybody is due, beside the pure part.

The same households four ways, in one process each, a round after the other:

- *assess only*: ``assess()`` on households that are in memory already;
- *fold and assess*: the same from facts in memory: which hold, people, households, then assess;
- *bulk*: ``streams.everyone`` from PostgreSQL, with all it reads, to assessments;
- *live*: the assessor empties a queue with everybody in it, writing needs, history and outbox.

*bulk* divided by *assess only* is the figure with a goal. Bulk runs first in every round, so that
it reads what nobody has warmed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, NamedTuple, Self

from ops.bench import cpu
from ops.bench.families import Families
from ops.bench.fill import fill
from ops.bench.race import Tick, empty_tables
from ops.keystore import open_keystore
from ops.run.garbage import collect_rarely
from ops.settings import Settings
from ops.stack.stack import Stack
from projections.keystore import PostgresKeyStore
from projections.needs_store import NeedsStore, connect
from schemas.errors import HubError
from streams.assessor import Assessor
from streams.everyone import Batch, Everyone
from streams.household import households
from streams.lifecycle import holding
from streams.person import people
from streams.rules.load import load_pack
from streams.rules.pack import RulePack

NAME: Final = "assess"
UNIT: Final = "households/s"
GOAL: Final = 0.4  # of assess only
PURE, FOLD, BULK, LIVE = "assess only", "fold and assess", "bulk", "live"
WAYS: Final = (BULK, PURE, FOLD, LIVE)
_ON: Final = date(2026, 9, 30)
_NOW: Final = datetime(2026, 10, 1, tzinfo=UTC)
_THROUGH: Final = date(2026, 8, 31)
_DATABASE: Final = "bench_assess"
_IN_MEMORY: Final = 20_000  # households; the pure ways look at no more

Begin = Callable[[str, int], Tick]
Say = Callable[[str], None]


class Took(NamedTuple):
    """One way, one round."""

    households: int
    seconds: float
    own_cpu: float
    postgres_cpu: float

    @property
    def rate(self) -> float:
        """Households a second."""
        return self.households / self.seconds

    @property
    def rate_a_core(self) -> float:
        """Households a second of processor time, our own and PostgreSQL's."""
        return self.households / (self.own_cpu + self.postgres_cpu)


@dataclass(slots=True)
class Results:
    """What was measured."""

    people: int
    events: int = 0
    needs: int = 0
    runs: dict[str, list[Took]] = field(default_factory=dict)

    def median(self, way: str) -> float:
        """Return the median rate of a way."""
        return statistics.median(took.rate for took in self.runs[way])

    def a_core(self, way: str) -> float:
        """Return the median of the rate a core."""
        return statistics.median(took.rate_a_core for took in self.runs[way])

    def reached(self) -> float:
        """Return bulk as a share of the pure part."""
        return self.median(BULK) / self.median(PURE)

    def reached_a_core(self) -> float:
        """Return the same of processor time, which a busy machine distorts less."""
        return self.a_core(BULK) / self.a_core(PURE)


def measure(settings: Settings, people_: int, rounds: int, begin: Begin, say: Say) -> Results:
    """Return what all ways come to, over the same households.

    Raises:
        HubError: bulk and live did not end with the same needs.
    """
    collect_rarely()
    results, pack = Results(people_), load_pack("uz")
    with (
        closing(open_keystore(settings)) as keystore,
        empty_tables(settings, _DATABASE) as database,
    ):
        dsn = settings.local_dsn(database)
        tick = begin("a country into the fact tables", people_ * 4)
        families = Families(people_, _ON)
        for results.events in fill(dsn, keystore, families, settings.partitions, _THROUGH):
            tick(results.events)
        say(f"{people_:,} people, {results.events:,} events")
        everyone = Everyone(dsn, keystore, pack, settings.partitions)
        for number in range(1, rounds + 1):
            with _copy(settings, database) as own:
                for way, took in _round(settings, own, everyone, keystore, begin, results):
                    results.runs.setdefault(way, []).append(took)
                    say(f"{way}, round {number}: {took.rate:,.0f} {UNIT}")
    return results


def _round(  # noqa: PLR0917 - what one round needs
    settings: Settings,
    database: str,
    everyone: Everyone,
    keystore: PostgresKeyStore,
    begin: Begin,
    results: Results,
) -> Iterator[tuple[str, Took]]:
    pack = everyone.pack
    clock = _Clock(settings)
    tick = begin("everybody, in bulk", results.people // 2)
    keystore.forget()
    with clock:
        count, found = 0, 0
        for batch in everyone.batches(_ON, _NOW):
            assessments = batch.assess(pack)
            count += len(assessments)
            found += sum(len(assessment.needs()) for assessment in assessments)
            tick(count)
    yield BULK, clock.took(count)
    held = _held(everyone)
    in_memory = sum(len(batch.households) for batch in held)
    tick = begin("in memory", in_memory * 2)
    with clock:
        for batch in held:
            batch.assess(pack)
    yield PURE, clock.took(in_memory)
    with clock:
        for batch in held:
            _fold(batch, pack).assess(pack)
    yield FOLD, clock.took(in_memory)
    del held
    keys = settings.keys
    with closing(connect(settings.local_dsn(database))) as connection:
        assessor = Assessor(NeedsStore(connection), keystore, keys, pack, settings.partitions)
        tick = begin("the live assessor", results.people // 2)
        keystore.forget()
        with clock:
            judged = 0
            while (one := assessor.assess_batch(_ON, _NOW)) is not None:
                judged += one.households
                tick(judged)
        row = connection.execute("SELECT count(*) FROM live.needs").fetchone()
        stored = connection.execute("SELECT count(*) FROM live.assessments").fetchone()
    assert row is not None
    assert stored is not None
    if (int(row[0]), int(stored[0])) != (found, count):
        raise HubError(
            f"bulk found {found:,} needs of {count:,} households, the live assessor "
            f"{row[0]:,} of {stored[0]:,}: no figure of this run counts"
        )
    results.needs = found
    yield LIVE, clock.took(count)


def _held(everyone: Everyone) -> list[Batch]:
    """Return enough batches to measure the pure part on."""
    held, count = [], 0
    for batch in everyone.batches(_ON, _NOW):
        held.append(batch)
        count += len(batch.households)
        if count >= _IN_MEMORY:
            break
    return held


def _fold(batch: Batch, pack: RulePack) -> Batch:
    """Make the batch's households again from its facts; who lives around is given."""
    holds = holding(batch.facts, batch.now)
    sealed = {
        stated.event: {"group": stated.group, "until": stated.until and stated.until.isoformat()}
        for person in batch.persons.values()
        for stated in person.disabilities
    }
    persons = people(holds, sealed)
    groups = households(persons, batch.on, batch.law)
    lookers = [one for group in groups for one in group.members if pack.looks_beyond(one, batch.on)]
    return Batch(
        number=batch.number,
        of=batch.of,
        on=batch.on,
        now=batch.now,
        complete=batch.complete,
        law=batch.law,
        households=groups,
        persons=persons,
        lookers=lookers,
        facts=batch.facts,
        around=batch.around,
    )


class _Clock:
    """Seconds, and seconds of processors, of one stretch of work."""

    def __init__(self, settings: Settings) -> None:
        record = Stack(settings).record("postgres")
        assert record is not None, "it runs"
        self._postgres = record.pid
        self._began = self._ended = (0.0, 0.0, 0.0)

    def __enter__(self) -> Self:
        self._began = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = self._now()

    def took(self, households_: int) -> Took:
        """Return what lies between begin and end."""
        return Took(
            households_, *(end - begin for begin, end in zip(self._began, self._ended, strict=True))
        )

    def _now(self) -> tuple[float, float, float]:
        postgres = cpu.seconds_with_children(self._postgres)
        return time.perf_counter(), time.process_time(), postgres


@contextmanager
def _copy(settings: Settings, database: str) -> Iterator[str]:
    """Give a database with the same content, for one round of writing."""
    name = f"{database}_round"
    with empty_tables(settings, name, template=database):
        yield name
