"""What a registry's connector is made of: a source of pages and a pure translator.

A source owns its transport and its cursor; a translator owns the registry's words. Neither knows
Kafka, sealing, sequence numbers or checkpoints: those are the relay's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NewType, Protocol

from schemas.ids import PersonId

Cursor = NewType("Cursor", str)  # JSON; opaque to all but the source that made it
Change = Literal["CREATED", "CORRECTED", "ANNULLED", "ENDED"]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record in the registry's own words."""

    source_key: str  # its place in the source; see docs/contract.md
    original: bytes  # as received; what quarantine keeps, sealed
    content: Mapping[str, Any]  # what the translator reads


@dataclass(frozen=True, slots=True)
class Complete:
    """The registry has stated everything up to ``through``."""

    through: date
    snapshot: bool  # the first complete read of the source


@dataclass(frozen=True, slots=True)
class Entry:
    """A quarantine entry that was made, and sealed, elsewhere; the relay only passes it on."""

    id: bytes
    source: str  # also the key on the topic
    source_key: str
    rule: str
    field: str | None
    recorded_at_us: int  # UTC microseconds
    original: bytes  # sealed


@dataclass(frozen=True, slots=True)
class Page:
    """What one read of a source returned.

    A page with no records still counts: its cursor is stored (a tax file refused, an idle beat).
    """

    records: Sequence[SourceRecord]
    cursor: Cursor  # the place just after this page
    complete: Complete | None = None  # stated after the page's records
    suppressed: int = 0  # repeats that the source itself left out
    not_ours: int = 0  # records of kinds that no event type exists for
    entries: Sequence[Entry] = ()  # for the quarantine topic, as they are


class Source(Protocol):
    """A registry's change feed. Called by one relay, from one thread."""

    def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
        """Return what comes after ``cursor``; None if nothing came within ``wait_seconds``.

        Called with the cursor of the last *committed* page. It may be older than the page returned
        last: then everything since is read again. A whole page is one Kafka transaction: at most a
        few thousand records, some megabytes.

        Raises:
            TransientError: the registry does not answer; the same call may be made again.
            PermanentError: the registry refuses us, or no longer knows ``cursor``.
        """
        ...

    def committed(self, cursor: Cursor) -> None:
        """Learn that everything up to ``cursor`` is durable in Kafka.

        Only here may the source let go of anything (confirm an LSN, move a file). A crash before
        this call repeats nothing and loses nothing: it is made again after a restart.
        """
        ...

    def close(self) -> None:
        """Let go of connections; idempotent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event before it is sealed and numbered: what a translator makes of one record."""

    type: str  # a name of the catalogue
    source_key: str
    record_key: str
    version: int  # from 1; of one record, the highest is what holds
    subject: PersonId
    change: Change
    occurred_on: date
    fields: Mapping[str, Any]  # all clear fields: ids as 16 bytes, dates as date, money in tiyin
    sealed: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    # by class: the JSON object to be sealed (ids and dates as text), or None
    corrects: str | None = None  # source key of the event that this one replaces
    presealed: Mapping[str, bytes] = field(default_factory=dict)
    # by class: a block that was sealed under (subject, class) for this very event id
    content_digest: bytes | None = None  # given with presealed: the relay cannot see what is inside
    causation_id: bytes | None = None  # the event that moved this one


Translate = Callable[[SourceRecord], Draft]
"""Raises InvalidRecord: one quarantine entry, and its neighbours go on."""
