"""From Kafka records to the events that feeds may carry: decoded once, whoever gets them.

Only what the hub has applied goes on, and only from the place where it was applied: a repeat that
was suppressed stands at another place, and what was quarantined at none. What the hub says itself
(needs) is applied by being said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Protocol

from projections.feeds import Later
from schemas.catalogue import EventType
from schemas.codec import Record, decode_chunk
from schemas.errors import InvalidRecord, TransientError
from schemas.ids import ZERO
from schemas.sealing import open_sealed
from schemas.topics import NEEDS
from streams.chunk import KafkaRecord, Place
from streams.feeds.compose import Block, Event
from streams.feeds.cutting import ERASED
from streams.feeds.places import Source

TypesByTopic = Mapping[str, Mapping[int, EventType]]  # in the order in which they are sent
NO_KEY: Final = b""  # the key store's answer for an erased key


class Facts(Protocol):
    """What the hub knows; see ``projections.feeds``."""

    def applied(self, events: Sequence[bytes]) -> Mapping[bytes, tuple[str, int, int]]:
        """Return by event id where it was applied: topic, partition, offset."""
        ...

    def districts(self, persons: Collection[bytes]) -> Mapping[bytes, str]:
        """Return by person the code of the district; none where it is not known."""
        ...

    def told(
        self, later: Sequence[Later], since: Collection[datetime]
    ) -> Mapping[bytes, Sequence[tuple[datetime, str]]]:
        """Return by event id where what came before it was told, under grants since when."""
        ...


class KeyStore(Protocol):
    """Where the sealing keys are."""

    def readable(
        self, wanted: Iterable[tuple[bytes, str]], basis: str, on: date
    ) -> Mapping[tuple[bytes, str], bytes]:
        """Return a key; an empty one if it was erased, or is restricted and not for ``basis``."""
        ...


def events_of(
    records: Mapping[Place, Sequence[KafkaRecord]],
    types: TypesByTopic,
    wanted: Collection[str],
    facts: Facts,
    *,
    since: Collection[datetime],
    said: Collection[str] = (NEEDS,),
) -> list[Event]:
    """Return the events of ``records`` that were applied, partition by partition, in order.

    Args:
        records: by partition.
        types: by topic, what may stand there.
        wanted: the event types that anybody gets; others are not looked up.
        facts: what the hub knows.
        since: since when grants count that are for regions.
        said: topics whose events are applied, whatever the facts have of them.
    """
    found: list[Found] = []
    order = {topic: number for number, topic in enumerate(types)}
    for place in sorted(records, key=lambda place: (order[place.topic], place.partition)):
        listed = records[place]
        decoded = decode_chunk([record.value for record in listed], types[place.topic])
        for record, each in zip(listed, decoded, strict=True):
            if isinstance(each, InvalidRecord) or each.type.name not in wanted:
                continue
            if each.record["meta"]["subject"] == record.key:
                found.append((Source(place, record.offset), each.type.name, each.record))
    kept = _applied(found, facts, said)
    if not since:
        return [Event(*each, region=None) for each in kept]
    districts = facts.districts({record["meta"]["subject"] for _, _, record in kept} - {ZERO})
    later = [_later(record) for _, _, record in kept if record["meta"]["change"] != "CREATED"]
    told = facts.told(later, since) if later else {}
    return [
        Event(*each, districts.get(each[2]["meta"]["subject"]), told.get(each[2]["meta"]["id"], ()))
        for each in kept
    ]


def _later(record: Record) -> Later:
    meta = record["meta"]
    of = record["need"] if meta["type"].startswith("hub.need_") else meta["record"]
    return Later(meta["id"], meta["subject"], of, meta["version"])


Found = tuple[Source, str, Record]


def _applied(found: Sequence[Found], facts: Facts, said: Collection[str]) -> list[Found]:
    stated = [r["meta"]["id"] for source, _, r in found if source.place.topic not in said]
    places = facts.applied(stated) if stated else {}
    return [
        (source, name, record)
        for source, name, record in found
        if source.place.topic in said
        or places.get(record["meta"]["id"]) == (*source.place, source.offset)
    ]


def open_blocks(
    events: Iterable[Event], wanted: Collection[Block], key_store: KeyStore, on: date
) -> dict[tuple[str, bytes, str], Any]:
    """Return what is in each wanted block, by basis, event id and class; each is opened once.

    ``ERASED`` stands for what nobody can open, or nobody may under this basis.

    Args:
        events: among which the blocks are.
        wanted: which, and under what basis.
        key_store: where the keys are.
        on: the day, for restrictions.

    Raises:
        TransientError: the key store does not answer, or lacks a key that must be there.
    """
    by_event = {event.record["meta"]["id"]: event.record for event in events}
    values: dict[tuple[bytes, str], Any] = {}
    opened: dict[tuple[str, bytes, str], Any] = {}
    for basis in {block.basis for block in wanted}:
        mine = [block for block in wanted if block.basis == basis]
        keys = key_store.readable({(block.subject, block.name) for block in mine}, basis, on)
        for _, event_id, subject, name in mine:
            key = keys.get((subject, name))
            if key is None:
                raise TransientError(f"the key store lacks a key of class {name}")
            if key == NO_KEY:
                opened[basis, event_id, name] = ERASED
                continue
            if (event_id, name) not in values:
                sealed = by_event[event_id][name]
                values[event_id, name] = open_sealed(key, event_id, name, sealed)
            opened[basis, event_id, name] = values[event_id, name]
    return opened
