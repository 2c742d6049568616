"""The rows that pass between the assessor and the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple

NO_EVENT: Final = bytes(16)  # the cause was a date, not an event


class Cause(NamedTuple):
    """Why somebody may have to be judged again; one of the three is set."""

    id: int
    person: bytes | None
    record: bytes | None
    event_id: bytes
    written_by: int  # the transaction's number, its lower 32 bits
    replaced: bytes | None = None  # an event: whoever has facts of its record


class Mover(NamedTuple):
    """An event that is cited, or that closed what was cited, and when it was stored."""

    cited: bytes
    event_id: bytes
    person: bytes  # of the fact cited
    known_from: datetime
    written_by: int  # the transaction's number, its lower 32 bits


class StoredNeed(NamedTuple):
    """What was said last of a need."""

    need: bytes
    version: int
    person: bytes
    household: bytes
    kind: str
    status: str
    since: date
    review_on: date | None
    urgency: str
    amount_minor: int | None
    rule: str
    reason_digest: bytes
    evidence: list[bytes]
    ended_by: bytes | None = None  # of an ended need: the event that moved it
    began: date | None = None  # of an ended need: since when it had stood


class NeedRow(NamedTuple):
    """A row of live.needs, in its order."""

    need: bytes
    version: int
    person: bytes
    household: bytes
    kind: str
    status: str
    since: date
    review_on: date | None
    urgency: str
    amount_minor: int | None
    rule: str
    evidence: list[bytes]
    reason: bytes
    reason_digest: bytes
    event_id: bytes
    assessed_on: date


class AssessmentRow(NamedTuple):
    """A row of live.assessments, in its order."""

    household: bytes
    anchor: bytes
    members: list[bytes]
    assessed_on: date
    next_change_on: date | None
    outcome: str
    seen: int
    near_misses: bytes  # JSON
    income_through: date | None
    settles_at: datetime | None
    settles_by: bytes | None


class MembershipRow(NamedTuple):
    """In which household somebody is from now on said to be; None: in none."""

    person: bytes
    household: bytes | None
    anchor: bytes | None
    assessed_on: date


@dataclass(slots=True)
class Writes:
    """What one transaction concludes."""

    needs: list[NeedRow] = field(default_factory=list)
    said: list[tuple[NeedRow, bytes | None]] = field(default_factory=list)  # with causation
    outbox: list[bytes] = field(default_factory=list)  # JSON
    leaves: list[dict[str, object]] = field(default_factory=list)
    assessments: list[AssessmentRow] = field(default_factory=list)
    memberships: list[MembershipRow] = field(default_factory=list)  # that have changed
    gone: list[bytes] = field(default_factory=list)  # households that are no more


class Pending(NamedTuple):
    """What households wait for, all of them together."""

    households: int
    next_change_on: date | None
    settles_at: datetime | None
    income_through: date | None  # the earliest
    has_none: bool  # some were judged without any month of income
