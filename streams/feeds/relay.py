"""The relay of the feeds: source topics to one feed for each agency, each event once.

Order of effects in one step:

    read (committed, applied) -> decide, cut, number -> PostgreSQL: index rows and audit leaves
    -> one Kafka transaction: the records of every feed, and the checkpoint

A crash before the PostgreSQL commit leaves nothing. After it: index rows and leaves of numbers that
were not sent; the next step begins with the same numbers and replaces the rows, and of two leaves
that name a number the later counts. A crash in the Kafka transaction: the next ``open`` aborts it,
readers at ``read_committed`` never see it. After it: the checkpoint is in it, and the successor
goes on behind it. If the answer is lost, ``open`` asks.

One relay at a time: a session's advisory lock in PostgreSQL, and Kafka's transactional id, which
fences a frozen one that wakes up. Feeds that stand at the same place are served together: a record
is read, decoded and opened once for all of them. One that begins behind the others catches up in
steps of its own, between theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event as Flag
from typing import Final

from schemas.errors import TransientError
from schemas.rights import Policy
from schemas.topics import NEEDS
from streams.feeds.compose import Lines, SchemaId, Writer, blocks_of, choose
from streams.feeds.entitlement import Entitlement
from streams.feeds.events import KeyStore, TypesByTopic, events_of, open_blocks
from streams.feeds.names import feed_topic, resend_topic
from streams.feeds.places import End, merge, pack
from streams.feeds.ports import Outlet, Store
from streams.feeds.pseudonyms import Pseudonyms
from streams.feeds.reader import SourceReader
from streams.feeds.resending import refusal, slice_of
from streams.feeds.state import Feed, Positions, Resending, State
from streams.feeds.steps import groups_of, lead_of, leaf_of, micros, until_of

log = logging.getLogger(__name__)

RECORDS: Final = 4000  # read in one step
SENT_AT_ONCE: Final = 40_000  # records of all feeds in one transaction, about
_SHORT_WAIT_MS: Final = 20  # while others have work
_COMPACT_EVERY: Final = 64  # transactions
_UNSAVED: Final = 50_000  # records that nobody gets, before a checkpoint says so


@dataclass(slots=True, kw_only=True)
class FeedRelay:
    """Every feed."""

    policy: Policy
    pseudonym_key: bytes = field(repr=False)
    types: TypesByTopic
    store: Store
    key_store: KeyStore
    front: SourceReader
    behind: SourceReader  # for feeds that catch up
    outlet: Outlet
    schema_id: SchemaId
    now: Callable[[], datetime]
    said: Collection[str] = (NEEDS,)  # topics of what the hub says itself
    wait_ms: int = 200
    _state: State | None = None
    _writers: dict[str, Writer] = field(default_factory=dict)
    _turn: int = 0
    _unsaved: int = 0

    def step(self) -> bool:
        """Send what one read returns; False if there was nothing.

        Raises:
            TransientError: a server does not answer; call again.
            PermanentError: a person has to act.
        """
        try:
            return self._step()
        except TransientError:
            self._state = None  # what is committed is asked again
            raise

    def _step(self) -> bool:
        now = self.now()
        entitled = {
            agency: Entitlement(self.policy, grants, now)
            for agency, grants in self.store.rights().items()
        }
        # Only now: a relay that waits for its place must not fence the one that is at work.
        if self._state is None:
            self._state = self.outlet.open()
            self._unsaved = 0
        self.front.open()
        state, ends = self._begin_and_end(self._state, entitled, now)
        self._turn += 1
        if self._turn % 2 and self._resend(self._state, entitled, now):
            return True
        groups = groups_of(state, entitled)
        if not groups:
            self._state = self._commit(state, ends, now) if ends else state
            return bool(ends)
        number = self._turn // 2 % len(groups)
        agencies = groups[number][0]
        lines, at, count = self._read(state, groups, number, entitled, now)
        changed = {
            agency: replace(state.feeds[agency], at=at, next=lines[agency].next)
            if agency in lines
            else replace(state.feeds[agency], at=at)
            for agency in agencies
        }
        state = state.with_feeds(changed)
        everything = [*ends, *(each for each in lines.values() if each.lines)]
        self._unsaved += count
        if everything or self._unsaved >= _UNSAVED:
            state = self._commit(state, everything, now)
        self._state = state
        return bool(everything or count)

    def run(self, stop: Flag) -> None:
        """Relay until ``stop`` is set.

        Raises:
            TransientError, PermanentError: as ``step``.
        """
        try:
            while not stop.is_set():
                self.step()
        finally:
            self.outlet.close()
            self.front.close()
            self.behind.close()

    def _begin_and_end(
        self, state: State, entitled: Mapping[str, Entitlement], now: datetime
    ) -> tuple[State, list[Lines]]:
        """Return the state with feeds begun, taken up again and ended; and the last records."""
        changed: dict[str, Feed] = {}
        ends = []
        for agency, rights in entitled.items():
            feed = state.feeds.get(agency)
            if feed is None:
                if rights.is_alive:
                    changed[agency] = Feed(1, self._start(state, rights))
            elif rights.is_alive:
                if feed.is_ended:
                    changed[agency] = replace(feed, is_ended=False)
            elif not feed.is_ended:
                end = End(rights.rule, micros(now))
                ends.append(self._writer(agency).ended(feed.next, end, micros(now)))
                changed[agency] = Feed(feed.next + 1, feed.at, is_ended=True)
        return (state.with_feeds(changed) if changed else state), ends

    def _start(self, state: State, rights: Entitlement) -> Positions:
        """Return where a new feed begins: nothing before it was learnt since its history begins.

        A record is written after the hub learnt of it, so Kafka's own index of times is safe.
        """
        if rights.since == 0:
            return dict.fromkeys(self.front.places, 0)
        found = self.behind.at_time(datetime.fromtimestamp(rights.since / 1_000_000, UTC))
        lead = lead_of(state)
        return {place: min(found[place], lead.get(place, found[place])) for place in found}

    def _read(
        self,
        state: State,
        groups: Sequence[tuple[Sequence[str], Positions]],
        number: int,
        entitled: Mapping[str, Entitlement],
        now: datetime,
    ) -> tuple[dict[str, Lines], Positions, int]:
        """Read on for one group; return each feed's records, where that ends, how much it was."""
        lead = groups[0][1]
        agencies, at = groups[number]
        reader = self.front if number == 0 else self.behind
        reader.open()
        at = {place: at.get(place, 0) for place in reader.places}
        applied = self.store.applied_up_to()
        until = {place: until_of(place, applied, self.said) for place in reader.places}
        if number > 0:
            until = {
                place: min(until[place], max(lead.get(place, 0), at[place])) for place in until
            }
        limit = max(1, min(RECORDS, SENT_AT_ONCE // len(agencies)))
        fetched = reader.read(
            at, until, limit, self.wait_ms if len(groups) == 1 else _SHORT_WAIT_MS
        )
        if not fetched.records:
            return {}, fetched.at, 0
        rights = {agency: entitled[agency] for agency in agencies}
        events = events_of(
            fetched.records,
            self.types,
            frozenset().union(*(each.event_types for each in rights.values())),
            self.store,
            since=frozenset().union(*(each.regional for each in rights.values())),
            said=self.said,
        )
        chosen = {agency: choose(each, events) for agency, each in rights.items()}
        wanted = set().union(*(blocks_of(agency, each) for agency, each in chosen.items()))
        opened = open_blocks(events, wanted, self.key_store, now.date())
        lines = {
            agency: self._writer(agency).compose(
                each, opened, state.feeds[agency].next, micros(now)
            )
            for agency, each in chosen.items()
        }
        return lines, fetched.at, fetched.count

    def _commit(self, state: State, everything: Sequence[Lines], now: datetime) -> State:
        state = replace(state, steps=state.steps + 1)
        self.store.plan(
            [pack(each.agency, each.first, each.entries) for each in everything],
            [leaf_of(each, state.steps) for each in everything],
        )
        self.outlet.publish(
            {feed_topic(each.agency): each for each in everything}, state, micros(now)
        )
        self._unsaved = 0
        if state.steps % _COMPACT_EVERY == 0:
            for agency, feed in state.feeds.items():
                self.store.compact(agency, feed.next, merge)
        log.info("feeds_sent", extra={"records": sum(len(each.lines) for each in everything)})
        return state

    def _resend(self, state: State, entitled: Mapping[str, Entitlement], now: datetime) -> bool:
        """Send a slice of what was asked for again; False: nobody waits."""
        going = state.resending
        job = self.store.next_resend() if going is None else self.store.resend(going.id)
        if job is None:
            self._state = replace(state, resending=None)
            return False
        going = going or Resending(str(job.id), job.first)
        rule = refusal(job, state, entitled)
        lines = None
        if rule is None and going.next <= job.last:
            lines = slice_of(
                job,
                going.next,
                store=self.store,
                reader=self.behind,
                types=self.types,
                key_store=self.key_store,
                writer=self._writer(job.agency),
                rights=entitled[job.agency],
                now=now,
            )
            rule = None if lines is not None else "index-incomplete"
        if lines is None:
            self.store.end_resend(job, rule, going.next - job.first, going.withheld, now)
            self._state = replace(state, resending=None)
            return True
        going = Resending(going.id, lines.next, going.withheld + lines.withheld)
        state = replace(state, resending=going, steps=state.steps + 1)
        self.outlet.publish({resend_topic(job.agency): lines}, state, micros(now))
        self._state = state
        return True

    def _writer(self, agency: str) -> Writer:
        writer = self._writers.get(agency)
        if writer is None:
            names = Pseudonyms(self.pseudonym_key, agency)
            writer = self._writers[agency] = Writer(agency, names, self.schema_id)
        return writer
