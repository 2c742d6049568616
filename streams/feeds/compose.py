"""From events to the numbered records of every feed of one step. Pure: keys are arguments.

Two passes. ``choose`` asks each agency's rights about each event, once for every kind, place and
need; what has to be opened is known then, and is opened once for all. ``compose`` cuts, names and
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.catalogue import EventType
from schemas.codec import Record
from streams.feeds import shapes
from streams.feeds.cutting import (
    ENDED_TYPE,
    WITHHELD_TYPE,
    Head,
    Line,
    control,
    cut,
    event_name,
)
from streams.feeds.entitlement import GONE, Cover, Entitlement
from streams.feeds.names import feed_topic
from streams.feeds.places import End, Entry, Source
from streams.feeds.pseudonyms import Pseudonyms

SchemaId = Callable[[str, EventType], int]  # of a schema in a feed's topic; registers a new one
Blocks = Mapping[tuple[str, bytes, str], Any]  # by basis, event id and class; or ERASED
NO_BASIS: Final = ""  # of a record that no grant covers: an end, or one withheld


class Event(NamedTuple):
    """One event of the source topics that the hub has applied."""

    source: Source
    type: str
    record: Record
    region: str | None  # the code of its subject's district, as the hub knows it now
    told: Sequence[tuple[datetime, str]] = ()  # where what came before it was told; by grants

    @property
    def need_kind(self) -> str | None:
        return self.record["kind"] if self.type.startswith("hub.need_") else None


class Choice(NamedTuple):
    """An event with what carries it to one agency; a rule if nothing does."""

    event: Event
    cover: Cover | str


class Block(NamedTuple):
    """A sealed block that must be opened, and under which basis."""

    basis: str
    event: bytes
    subject: bytes
    name: str  # its class


class Numbered(NamedTuple):
    """What stands behind a number that is sent again."""

    number: int
    entry: Entry
    event: Event | None  # None: no event; or it cannot be had any more


@dataclass(slots=True)
class Lines:
    """The records of one feed in one step, and what stands behind them."""

    agency: str
    first: int
    lines: list[Line] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    withheld: int = 0
    grants: set[str] = field(default_factory=set)

    @property
    def next(self) -> int:
        return self.first + len(self.lines)


def choose(entitlement: Entitlement, events: Iterable[Event]) -> list[Choice]:
    """Return what of ``events`` one agency gets, in order."""
    chosen = []
    for event in events:
        cover = cover_of(entitlement, event)
        if not isinstance(cover, str):
            chosen.append(Choice(event, cover))
    return chosen


def cover_of(entitlement: Entitlement, event: Event) -> Cover | str:
    """Return under what an agency gets an event, or the rule by which it does not."""
    recorded_at = event.record["meta"]["recorded_at"]
    return entitlement.cover(event.type, event.region, event.need_kind, recorded_at, event.told)


def blocks_of(agency: str, chosen: Iterable[Choice]) -> set[Block]:
    """Return every sealed block that must be opened."""
    wanted = set()
    for event, cover in chosen:
        if isinstance(cover, str):
            continue
        for name in shapes.shape(agency, event.type, cover.fields).blocks:
            if event.record[name] is not None:
                meta = event.record["meta"]
                wanted.add(Block(cover.basis, meta["id"], meta["subject"], name))
    return wanted


class Writer:
    """Writes the records of one feed.

    Args:
        agency: whose.
        names: its pseudonyms.
        schema_id: what the schema registry calls a schema.
    """

    def __init__(self, agency: str, names: Pseudonyms, schema_id: SchemaId) -> None:
        self.agency = agency
        self._names = names
        self._schema_id = schema_id
        self._topic = feed_topic(agency)

    def compose(self, chosen: Sequence[Choice], opened: Blocks, first: int, sent_at: int) -> Lines:
        """Return the records of ``chosen``, numbered from ``first`` on."""
        out = Lines(self.agency, first)
        for event, cover in chosen:
            assert not isinstance(cover, str), "chosen"
            out.lines.append(self._line(event, cover, opened, out.next, sent_at))
            out.entries.append(event.source)
        covers = {id(cover): cover for _, cover in chosen}.values()  # few, for many events
        out.grants = {str(cover.grant) for cover in covers if not isinstance(cover, str)}
        return out

    def again(
        self, numbered: Sequence[Numbered], entitlement: Entitlement, opened: Blocks, sent_at: int
    ) -> Lines:
        """Return records with the numbers they had, as far as today's rights cover them."""
        out = Lines(self.agency, numbered[0].number)
        for number, entry, event in numbered:
            if isinstance(entry, End):
                out.lines.append(self._ended(number, entry, sent_at))
                continue
            cover = GONE if event is None else cover_of(entitlement, event)
            if event is not None and not isinstance(cover, str):
                out.lines.append(self._line(event, cover, opened, number, sent_at))
                continue
            assert isinstance(cover, str)
            head = Head(number, event_name(self._names, number), NO_BASIS, sent_at)
            row = shapes.withheld(self.agency)
            out.lines.append(
                control(row, self._schema_id(self._topic, row), head, WITHHELD_TYPE, rule=cover)
            )
            out.withheld += 1
        return out

    def ended(self, number: int, end: End, sent_at: int) -> Lines:
        """Return the last record of the feed."""
        return Lines(self.agency, number, [self._ended(number, end, sent_at)], [end])

    def _ended(self, number: int, end: End, sent_at: int) -> Line:
        row = shapes.ended(self.agency)
        head = Head(number, event_name(self._names, number), NO_BASIS, sent_at)
        schema_id = self._schema_id(self._topic, row)
        said = {"rule": end.rule, "ended_at": end.ended_at}
        return control(row, schema_id, head, ENDED_TYPE, **said)

    def _line(self, event: Event, cover: Cover, opened: Blocks, number: int, sent_at: int) -> Line:
        shape = shapes.shape(self.agency, event.type, cover.fields)
        meta = event.record["meta"]
        head = Head(number, self._names.event(meta["id"]), cover.basis, sent_at)
        blocks = {name: opened.get((cover.basis, meta["id"], name)) for name in shape.blocks}
        schema_id = self._schema_id(self._topic, shape.row)
        return cut(shape, schema_id, self._names, event.record, blocks, head)
