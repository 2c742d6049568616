"""What verify compares, as plain values. Ids are text, times are UTC microseconds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple


class Place(NamedTuple):
    """One record's place in Kafka."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(slots=True)
class Event:
    """One event of a topic, decoded and opened by our own words. Not frozen: 100,000 are made."""

    place: Place
    key: bytes | None
    headers: Mapping[str, bytes]
    id: str
    record: str
    version: int
    source: str
    subject: str
    type: str
    occurred_at: int
    recorded_at: int
    change: str
    corrects: str | None
    sequence: int
    partition_sequence: int
    digest: str  # as meta states it
    correlation_id: str
    causation_id: str | None
    content: dict[str, Any]  # JSON values; sealed blocks opened
    sealed: dict[str, bytes | None]  # the same blocks as they came, by class
    unopened: tuple[str, ...] = ()  # classes whose block could not be opened, or was erased


@dataclass(frozen=True, slots=True)
class Broken:
    """A record of a topic that is no event."""

    place: Place
    rule: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One quarantine entry."""

    place: Place
    id: str
    source: str
    source_key: str
    rule: str
    field: str | None


@dataclass(slots=True)
class Topics:
    """Everything that the topics hold, at ``read_committed``."""

    partitions: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)  # of the registries
    needs: list[Event] = field(default_factory=list)  # of citizen.needs.v1
    entries: list[Entry] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    records: dict[tuple[str, int], int] = field(default_factory=dict)  # by topic and partition


class Fact(NamedTuple):
    """One fact, by the fold or by the table."""

    person: str
    kind: str
    value: bytes  # canonical JSON
    sealed: bytes | None
    valid_from: str | None  # dates only where the contract says so
    valid_to: str | None


class FactRow(NamedTuple):
    """One row of ``live.facts``."""

    event_id: str
    fact: Fact
    known_from: int
    record: str
    version: int
    change: str
    digest: str
    place: Place


class Closure(NamedTuple):
    """One row of ``live.closures``."""

    event_id: str
    record: str
    version: int
    change: str
    known_from: int


class Replacement(NamedTuple):
    """One row of ``live.replacements``."""

    event_id: str
    replaced: str  # the event of another record
    known_from: int


class Complete(NamedTuple):
    """One row of ``live.completeness``."""

    event_id: str
    registry: str
    partition: int
    through: str
    snapshot: bool
    known_from: int
    digest: str


class Progress(NamedTuple):
    """One row of ``live.progress``."""

    topic: str
    partition: int
    next_offset: int
    partition_sequence: int
    events: int
    suppressed: int
    quarantined: int


class Quarantined(NamedTuple):
    """One row of ``live.quarantined``."""

    place: Place
    entry: str
    rule: str
    event_id: str | None


class NeedRow(NamedTuple):
    """One row of ``live.needs``."""

    need: str
    version: int
    person: str
    household: str
    kind: str
    status: str
    amount_minor: int | None
    evidence: tuple[str, ...]
    event_id: str
    since: str
    review_on: str | None
    urgency: str


class Need(NamedTuple):
    """One need as it must be."""

    person: str
    kind: str
    household: str
    amount_minor: int | None = None
    since: str | None = None  # None: the day on which it was found, which nothing fixes
    review_on: str | None = None  # of families' needs nothing fixes it


@dataclass(slots=True)
class Tables:
    """Everything that the tables hold, read in one snapshot of the database."""

    facts: list[FactRow] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)
    completeness: list[Complete] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    needs: list[NeedRow] = field(default_factory=list)
    history: set[str] = field(default_factory=set)  # event ids of live.need_history
    decisions: int = 0  # of operators, as kept.outbox has them


@dataclass(slots=True)
class Source:
    """One registry, counted at the source."""

    registry: str
    stated: set[str] = field(default_factory=set)  # source keys that must be on record
    superseded: set[str] = field(default_factory=set)  # may be missing: replaced at the source
    repeated: set[str] = field(default_factory=set)  # delivered again: must not be on record
    suppressed: int = 0  # records delivered again, to be suppressed by the connector
    not_ours: int = 0
    refused: set[str] = field(default_factory=set)  # names of refused files
    duplicates: set[str] = field(default_factory=set)  # names of files delivered twice
    pending: set[str] = field(default_factory=set)  # what no connector has taken yet
    misplaced: set[str] = field(default_factory=set)  # files that lie where they should not
    tail: dict[str, str] = field(default_factory=dict)  # source key -> when it was written


# What may become of a record that the ledger knows.
DUE = "due"  # it must come out
SUPERSEDED = "superseded"  # it was replaced before any connector could look: it must not
RACING = "racing"  # it may be missing if a later revision of its record came out


class Expected(NamedTuple):
    """One event as the ledger expects it."""

    id: str
    registry: str
    source_key: str
    type: str
    subject: str
    change: str
    digest: str
    fate: str = "due"  # DUE, SUPERSEDED or RACING


class Planted(NamedTuple):
    """One fault that the simulator planted."""

    id: str
    registry: str
    source_key: str
    rule: str
    fate: str = "due"


@dataclass(slots=True)
class Ledger:
    """What the simulator says must come out."""

    events: list[Expected] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    duplicates: set[str] = field(default_factory=set)
    known: list[Known] = field(default_factory=list)
    today: date | None = None  # the country's reference date


class Known(NamedTuple):
    """One person whose needs were worked out by hand."""

    name: str  # the case, not the person
    person: str
    needs: tuple[tuple[str, int | None], ...]  # kind, amount in tiyin


class Difference(NamedTuple):
    """One difference: which check, what sort of thing, where, and what."""

    check: str
    kind: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check}: {self.kind}: {self.where}: {self.detail}"
