"""Take causes from the queue and judge everybody they may concern, in one transaction each.

    causes -> persons -> whom they may leave alone -> households before and after -> locks, sorted
    -> the same again, until nobody is missing -> facts -> assess -> what is said

A cause that is committed while we work is not lost: it waits in the queue, and its assessor waits
for our locks. Whoever lives around a lonely person is not locked, only read: a change there has a
cause of its own, which leads back here. Transactions are bounded: where the circle of people grows
beyond ``most_persons``, fewer causes are taken.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from psycopg import errors

from projections.completeness import stated_through
from projections.needs_store import NO_EVENT, Cause, NeedsStore
from projections.payments_store import queue_past
from projections.sealing_keys import KeyStore
from schemas.ids import Keys
from streams.assessment import Assessment, assess
from streams.causation import name_movers, taken_back, whole_number
from streams.clock import Clock
from streams.decision import Decider
from streams.gathering import Circle, gather, is_closed
from streams.household import households
from streams.lifecycle import Fact, holding
from streams.person import JUDGED_KINDS, Person, people
from streams.reading import open_health
from streams.rejudging import PAST_KINDS
from streams.rules.pack import RulePack
from streams.saying import Waiting, memberships, writes
from streams.surroundings import read_around, settles

log = logging.getLogger(__name__)

REGISTRIES: Final = ("civil", "tax", "health")
RETRIES: Final = 10
_RETRIED: Final = (errors.DeadlockDetected, errors.SerializationFailure)


@dataclass(frozen=True, slots=True)
class Assessed:
    """What one transaction came to."""

    causes: int
    households: int
    said: int


@dataclass(slots=True)
class Assessor:
    """One assessor; any number may run beside each other."""

    store: NeedsStore
    keystore: KeyStore
    keys: Keys
    pack: RulePack
    partitions: int  # of each registry's topic
    most_causes: int = 1200
    most_persons: int = 3000  # locked in a transaction
    most_due: int = 5000  # of the calendar's causes in the queue: fresh events wait behind these

    def is_ready(self) -> bool:
        """Return whether every registry has been read completely once, in every partition."""
        complete = self.store.completeness()
        return all(
            registry in complete
            and complete[registry].partitions >= self.partitions
            and complete[registry].snapshot
            for registry in REGISTRIES
        )

    def assess_batch(self, on: date, now: datetime) -> Assessed | None:
        """Take causes and judge whom they concern; None if there are none.

        Args:
            on: the day as of which everybody is judged.
            now: the moment that decides which annulments count.

        Raises:
            psycopg.OperationalError: nothing was written; call again.
        """
        limit = self.most_causes
        for attempt in range(RETRIES):
            try:
                with self.store.connection.transaction():
                    return self._assess_some(limit, on, now)
            except _TooManyError:
                limit = max(1, limit // 4)
            except _RETRIED as error:
                if attempt == RETRIES - 1:
                    raise
                log.info("assessment_retried", extra={"cause": error.sqlstate})
        return None

    def queue_due(self, on: date, now: datetime) -> int:
        """Queue whoever waits for the day, the moment or the tax registry; return how many.

        At most ``most_due``, and nobody who is in the queue already: call again.
        """
        return Clock(self.store, self.pack, self.partitions, self.most_due).queue_due(on, now)

    def _assess_some(self, limit: int, on: date, now: datetime) -> Assessed | None:
        store = self.store
        store.lock_generation()
        causes = store.take_causes(limit)
        if not causes:
            return None
        # Before the facts: never more complete than they are.
        complete = stated_through(store.completeness(), self.partitions)
        circle = gather(store, self._seeds(causes, on), on, now, self.pack.family_law(on))
        taken = {cause.id for cause in causes}
        more = [cause for cause in store.take_causes_of(circle.ids) if cause.id not in taken]
        if more:  # whoever is judged anyway is judged once
            causes += more
            seeds = self._seeds(more, on)
            fresh = seeds.ids - circle.ids
            circle.ids |= fresh
            circle.watched |= seeds.watched
            circle.origins = seeds.origins | circle.origins
            circle = gather(store, circle, on, now, self.pack.family_law(on), fresh)
        if len(circle.ids) > self.most_persons and limit > 1:
            raise _TooManyError
        read = self._locked(circle, on, now)
        assessments, settling = self._assess(read, complete, on, now)
        decider = Decider(self.keys, self.pack.by_kind(), self.pack.name)
        stored = store.needs_of(circle.ids)
        drafts = decider.decide(
            assessments,
            stored,
            read.persons,
            circle.origins,
            on,
            void=taken_back(read.raw, read.facts),
        )
        drafts = name_movers(store, drafts, stored, read.raw, read.facts)
        found = writes(
            drafts,
            assessments,
            before=read.before,
            waiting=Waiting(read.seen, settling),
            keys=self.keys,
            keys_of=self.keystore.keys,
        )
        found.memberships = memberships(read.before, assessments, on)
        taken_all = [cause.id for cause in causes]
        queue_past(store.connection, taken_all, PAST_KINDS, on)
        store.write(found, taken_all)
        return Assessed(len(causes), len(assessments), len(found.said))

    def _seeds(self, causes: list[Cause], on: date) -> Circle:
        """Return whom the causes name, and whom they may leave alone."""
        by_record: dict[bytes, list[Cause]] = {}
        for cause in causes:
            if cause.record is not None:
                by_record.setdefault(cause.record, []).append(cause)
        named = [(cause.person, cause) for cause in causes if cause.person is not None]
        replacing = {cause.replaced: cause for cause in causes if cause.replaced is not None}
        for event, record in self.store.records_of_events(replacing):
            by_record.setdefault(record, []).append(replacing[event])
        for record, person in self.store.persons_of_records(by_record):
            named += [(person, cause) for cause in by_record[record]]
        events: dict[bytes, bytes] = {}
        newest: dict[bytes, int] = {}
        now = self.store.seen()
        for person, cause in named:
            if cause.event_id != NO_EVENT:
                events.setdefault(person, cause.event_id)
            newest[person] = max(newest.get(person, 0), whole_number(cause.written_by, now))
        return self._with_lonely(Circle(set(newest), events), newest, on)

    def _with_lonely(self, circle: Circle, newest: Mapping[bytes, int], on: date) -> Circle:
        """Add whoever lives around those named and was judged before the change was to be seen."""
        born_by = on.replace(year=on.year - self.pack.lonely_from_age, day=min(on.day, 28))
        around = self.store.maybe_lonely(newest, born_by)
        seen = self.store.seen_of({person for person, _ in around} - newest.keys())
        for person, neighbour in around:
            if person in newest or seen.get(person, 0) > newest[neighbour]:
                continue
            (circle.ids if person in seen else circle.watched).add(person)
            if neighbour in circle.origins:
                circle.origins.setdefault(person, circle.origins[neighbour])
        return circle

    def _locked(self, circle: Circle, on: date, now: datetime) -> _Read:
        """Lock everybody in ``circle`` and read them; if somebody is missing, let go and go on."""
        since, law = self.pack.reads_from(on), self.pack.family_law(on)
        while True:
            try:
                with self.store.connection.transaction():
                    self.store.lock_persons(circle.ids | circle.watched)
                    circle.watched -= circle.ids
                    if judged := self.store.seen_of(circle.watched):
                        circle.watched -= judged.keys()
                        circle.ids |= judged.keys()
                        raise _SomebodyMissingError
                    seen = self.store.seen()  # before the facts: never more than they show
                    raw = [Fact(*row) for row in self.store.facts(circle.ids, JUDGED_KINDS, since)]
                    facts = holding(raw, now)
                    persons = people(facts, open_health(self.keystore, facts))
                    before = self.store.households_of(circle.ids)
                    if not is_closed(circle, persons, facts, before.values(), on, law):
                        raise _SomebodyMissingError
                    return _Read(raw, facts, persons, before, seen)
            except _SomebodyMissingError:
                circle = gather(self.store, circle, on, now, law)

    def _assess(
        self, read: _Read, complete: Mapping[str, date | None], on: date, now: datetime
    ) -> tuple[list[Assessment], dict[bytes, tuple[datetime, bytes]]]:
        groups = households(read.persons, on, self.pack.family_law(on))
        lookers = [
            person
            for group in groups
            for person in group.members
            if self.pack.looks_beyond(person, on)
        ]
        around = read_around(self.store, lookers, read.facts, read.persons, on=on, now=now)
        members = [(group.id, group.members) for group in groups]
        assessments = [
            assess(group, on, self.pack, complete=complete, surroundings=around.surroundings)
            for group in groups
        ]
        return assessments, settles(members, read.raw, around, lookers, now)


class _Read(NamedTuple):
    """What was read under the locks."""

    raw: list[Fact]  # whether they hold or not
    facts: list[Fact]  # that hold
    persons: dict[bytes, Person]
    before: Mapping[bytes, Collection[bytes]]  # households as stored
    seen: int


class _TooManyError(Exception):
    """More people than one transaction may lock."""


class _SomebodyMissingError(Exception):
    """Somebody joined a household between looking and locking."""
