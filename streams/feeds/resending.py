"""Send a part of a feed again: from the source topics, under today's rights, with its old numbers.

The index says which event stands behind each number; the event is read again at its place, decided
about anew, and written to ``feed.<agency>.resend.v1``. What today's rights do not cover leaves a
``FeedWithheld`` with its number. A slice at a time, each in one Kafka transaction with the feeds'
checkpoint, which says which number comes next: a crash neither loses nor doubles any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from projections.resends import Resend
from streams.chunk import KafkaRecord, Place
from streams.feeds.compose import Choice, Event, Lines, Numbered, Writer, blocks_of, cover_of
from streams.feeds.entitlement import Entitlement
from streams.feeds.events import KeyStore, TypesByTopic, events_of, open_blocks
from streams.feeds.places import Entry, Source, unpack
from streams.feeds.ports import Store
from streams.feeds.reader import SourceReader
from streams.feeds.state import State
from streams.feeds.steps import micros

SLICE: Final = 1000  # numbers in one transaction
_READS: Final = 500  # without a record, before an event counts as gone
_WAIT_MS: Final = 100


def refusal(job: Resend, state: State, entitled: Mapping[str, Entitlement]) -> str | None:
    """Return the rule by which nothing is sent again; None: it is."""
    feed = state.feeds.get(job.agency)
    if feed is None or job.last >= feed.next:
        return "no-such-number"
    rights = entitled[job.agency]
    return None if rights.is_alive else rights.rule


def slice_of(
    resend: Resend,
    first: int,
    *,
    store: Store,
    reader: SourceReader,
    types: TypesByTopic,
    key_store: KeyStore,
    writer: Writer,
    rights: Entitlement,
    now: datetime,
) -> Lines | None:
    """Return the records of the numbers from ``first`` on, a slice; None: the index lacks some.

    Raises:
        TransientError: a server does not answer; nothing was sent.
    """
    last = min(resend.last, first + SLICE - 1)
    entries = [
        (number, entry)
        for row in store.index(resend.agency, first, last)
        for number, entry in unpack(row)
        if first <= number <= last
    ]
    if len(entries) != last - first + 1:
        return None
    events = _events(entries, store, reader, types, rights)
    numbered = [
        Numbered(number, entry, events.get(entry) if isinstance(entry, Source) else None)
        for number, entry in entries
    ]
    chosen = [Choice(event, cover_of(rights, event)) for event in events.values()]
    wanted = blocks_of(resend.agency, chosen)
    opened = open_blocks(events.values(), wanted, key_store, now.date())
    return writer.again(numbered, rights, opened, micros(now))


def _events(
    entries: Sequence[tuple[int, Entry]],
    store: Store,
    reader: SourceReader,
    types: TypesByTopic,
    rights: Entitlement,
) -> dict[Source, Event]:
    """Return the events behind numbers, by their places."""
    offsets: dict[Place, set[int]] = {}
    for _, entry in entries:
        if isinstance(entry, Source):
            offsets.setdefault(entry.place, set()).add(entry.offset)
    if not offsets:
        return {}
    wanted = frozenset(row.name for each in types.values() for row in each.values())
    records = _read(reader, offsets)
    found = events_of(records, types, wanted, store, since=rights.regional, said=list(types))
    return {event.source: event for event in found}


def _read(
    reader: SourceReader, offsets: Mapping[Place, set[int]]
) -> dict[Place, list[KafkaRecord]]:
    reader.open()
    at = {place: min(offsets.get(place, {0})) for place in reader.places}
    until = {place: max(offsets[place]) + 1 if place in offsets else 0 for place in reader.places}
    found: dict[Place, list[KafkaRecord]] = {place: [] for place in offsets}
    idle = 0
    while any(at[place] < until[place] for place in offsets) and idle < _READS:
        fetched = reader.read(at, until, 10 * SLICE, _WAIT_MS)
        idle = 0 if fetched.records else idle + 1
        for place, records in fetched.records.items():
            found[place] += [each for each in records if each.offset in offsets[place]]
        at = fetched.at
    return found
