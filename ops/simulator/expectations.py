"""Shapes of what the ledger expects, and how an event is named and digested. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ops.simulator.contract import Keys, digest, event_id, quarantine_id

Marks = tuple[bool, bool, bool]  # of a civil record: superseded, watched, deletes
UNMARKED: Marks = (False, False, False)


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """An event that the hub must publish, once."""

    registry: str
    source_key: str
    id: str
    type: str
    subject: str
    change: str
    digest: str  # hex
    phase: str  # "backlog" or "live"
    # Replaced by a later revision before the backlog was complete: it was never in the
    # source when a connector could have looked, and must not come out.
    superseded: bool = False
    # Civil: a logical replication slot existed when it was written, so it is streamed.
    watched: bool = False
    deletes: bool = False  # civil: the row is gone afterwards


@dataclass(frozen=True, slots=True)
class ExpectedFault:
    """A record that the hub must quarantine, once."""

    registry: str
    source_key: str
    id: str  # of the quarantine entry
    rule: str
    field: str  # the source's own name for the place
    cause: str
    phase: str
    superseded: bool = False
    watched: bool = False
    deletes: bool = False  # never so; as in ExpectedEvent


@dataclass(frozen=True, slots=True)
class Statement:
    """What one record states, before it has ids."""

    type: str
    subject: str
    change: str
    content: dict[str, object]


def expected_event(
    keys: Keys,
    registry: str,
    source_key: str,
    statement: Statement,
    *,
    phase: str,
    marks: Marks = UNMARKED,
) -> ExpectedEvent:
    """Return the event that the record at ``source_key`` must become."""
    type_, subject, change = statement.type, statement.subject, statement.change
    return ExpectedEvent(
        registry,
        source_key,
        event_id(keys, registry, source_key),
        type_,
        subject,
        change,
        digest(keys, type_, subject, change, statement.content),
        phase,
        *marks,
    )


def expected_fault(
    keys: Keys,
    registry: str,
    source_key: str,
    fault: tuple[str, str, str],
    *,
    phase: str,
    marks: Marks = UNMARKED,
) -> ExpectedFault:
    """Return the quarantine entry; ``fault`` is rule, field and cause."""
    return ExpectedFault(
        registry,
        source_key,
        quarantine_id(keys, registry, source_key),
        *fault,
        phase,
        *marks,
    )
