"""Assess everybody of a schema, in bulk: for a replay, a draft law, a forecast.

    ids and ties -> who belongs together -> batches -> facts -> people -> households -> assess

The live assessor finds a household by looking outwards from a cause, a question at a time. Here
all ties of the day are read once and joined (union-find); then each batch holds whole circles,
and its facts come in one question. What is said of a household is the same. Memory: an entry for
each id while the batches are made, then a batch or two: the next is read while one is worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple, TypeVar

from projections.completeness import stated_through
from projections.everyone_store import EveryoneStore
from projections.sealing_keys import KeyReader
from streams.assessment import Assessment, assess
from streams.circles import packed, split
from streams.household import FamilyLaw, Household, households
from streams.lifecycle import Fact, holding
from streams.person import JUDGED_KINDS, Person, people
from streams.reading import open_health
from streams.rules.pack import RulePack
from streams.surroundings import Around, Settling, read_around, settles

_T = TypeVar("_T")

HOUSEHOLD_BATCH: Final = 2000


@dataclass(slots=True)
class Batch:
    """Whole households, ready to be assessed by any pack of those that were named."""

    number: int
    of: int  # how many batches there are for everybody
    on: date
    now: datetime
    complete: Mapping[str, date | None]
    law: FamilyLaw  # by which the households were made
    households: Sequence[Household]
    persons: Mapping[bytes, Person]
    lookers: Sequence[Person]  # who may live alone
    facts: Sequence[Fact]  # of the persons, whether they hold or not
    around: Around

    def assess(self, pack: RulePack) -> list[Assessment]:
        """Return what ``pack`` concludes of every household, in its own order."""
        law = pack.family_law(self.on)
        groups = self.households
        if law != self.law:  # a draft may even say who lives together
            groups = households(self.persons, self.on, law)
        around = self.around.surroundings
        return [
            assess(group, self.on, pack, complete=self.complete, surroundings=around)
            for group in groups
        ]

    def settles(self) -> dict[bytes, Settling]:
        """Return by household when the first annulment will count that was left out."""
        groups = [(group.id, group.members) for group in self.households]
        return settles(groups, self.facts, self.around, self.lookers, self.now)


@dataclass(slots=True)
class Everyone:
    """All people of one schema.

    Args:
        dsn: the hub's database.
        keystore: sealing keys.
        pack: the rules.
        partitions: of each registry's topic; a registry that has not stated all is not complete.
        schema: where the tables are.
        others: packs that the batches must serve, too.
        share: (which, of how many): one process's part of the batches.
        snapshot: of a session that is open; None: as of when reading begins.
        known_at: as if nothing had become known later; None: all. ``now`` should be the same.
    """

    dsn: str
    keystore: KeyReader
    pack: RulePack
    partitions: int
    schema: str = field(default="live", kw_only=True)
    others: Sequence[RulePack] = field(default=(), kw_only=True)
    share: tuple[int, int] = field(default=(0, 1), kw_only=True)
    snapshot: str | None = field(default=None, kw_only=True)
    known_at: datetime | None = field(default=None, kw_only=True)

    def assessments(
        self, on: date, now: datetime, *, household_batch: int = HOUSEHOLD_BATCH
    ) -> Iterator[Assessment]:
        """Return what is concluded of every household on a day.

        Args:
            on: the day in the world.
            now: the moment, for what must settle.
            household_batch: about how many households are held at a time.

        Raises:
            TransientError: the tables were swapped meanwhile; what was returned is void.
        """
        for batch in self.batches(on, now, household_batch=household_batch):
            yield from batch.assess(self.pack)

    def batches(
        self,
        on: date,
        now: datetime,
        *,
        household_batch: int = HOUSEHOLD_BATCH,
        done: frozenset[int] = frozenset(),
    ) -> Iterator[Batch]:
        """Return our share of the households, but for the batches ``done``."""
        with closing(self._store(self.snapshot)) as store:
            complete = stated_through(store.completeness(), self.partitions)
            which, many = self.share
            adult_age = max(pack.family_law(on).adult_age for pack in (self.pack, *self.others))
            minors_from = on.replace(year=on.year - adult_age, day=min(on.day, 28))
            plan = packed(store.persons(), store.ties(on, minors_from), household_batch)
            numbers = [n for n in range(which, len(plan), many) if n not in done]
            since = min(pack.reads_from(on) for pack in (self.pack, *self.others))
            with closing(self._store(self.snapshot or store.export())) as ahead:
                rows = _one_ahead(
                    lambda n: ahead.facts(split(plan[n]), JUDGED_KINDS, since), numbers
                )
                for number, facts in zip(numbers, rows, strict=True):
                    yield self._batch(store, facts, _Task(number, len(plan), on, now, complete))

    def _store(self, snapshot: str | None) -> EveryoneStore:
        return EveryoneStore(self.dsn, self.schema, snapshot, self.known_at)

    def _batch(self, store: EveryoneStore, rows: Iterable[tuple[Any, ...]], task: _Task) -> Batch:
        packs, on = (self.pack, *self.others), task.on
        facts = list(map(Fact._make, rows))
        holds = holding(facts, task.now)
        persons = people(holds, open_health(self.keystore, holds))
        law = self.pack.family_law(on)
        groups = households(persons, on, law)
        lookers = [
            member
            for group in groups
            for member in group.members
            if any(pack.looks_beyond(member, on) for pack in packs)
        ]
        around = read_around(store, lookers, holds, persons, on=on, now=task.now)
        store.check()
        return Batch(
            number=task.number,
            of=task.of,
            on=on,
            now=task.now,
            complete=task.complete,
            law=law,
            households=groups,
            persons=persons,
            lookers=lookers,
            facts=facts,
            around=around,
        )


def _one_ahead(read: Callable[[int], _T], numbers: Iterable[int]) -> Iterator[_T]:
    """Return what ``read`` gives for each number; while one is worked on, the next is read."""
    with ThreadPoolExecutor(1) as reader:
        waiting: Future[_T] | None = None
        for number in numbers:
            coming = reader.submit(read, number)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()


class _Task(NamedTuple):
    """What all batches share, and which this one is."""

    number: int
    of: int
    on: date
    now: datetime
    complete: Mapping[str, date | None]
