"""What answers hold, for OpenAPI. Every field may be withheld, so none is required."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

WITHHELD = Field(description="What your rights do not cover, by name; the same for every person.")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fresh(_Row):
    """How far one registry is."""

    complete_through: date | None = Field(description="Everything is stated up to this day.")
    last_stored_at: datetime | None = Field(description="When anything of it came last.")
    events: int


class Freshness(_Row):
    """How far each registry is, as was known at `known_at`."""

    civil: Fresh
    tax: Fresh
    health: Fresh


class Need(_Row):
    """One need: a finding that somebody is entitled to something."""

    need: UUID | None = None
    version: int | None = None
    person: UUID | None = None
    household: UUID | None = None
    kind: str | None = None
    status: str | None = None
    since: date | None = None
    review_on: date | None = None
    urgency: str | None = None
    amount_minor: int | None = Field(None, description="Tiyin a month.")
    rule: str | None = None
    evidence: list[UUID] | None = None
    reason: dict[str, Any] | None = Field(None, description="`{redacted: true}` after erasure.")
    event_id: UUID | None = None
    assessed_on: date | None = None
    known_from: datetime | None = None
    conditions: list[str] | None = Field(None, description="Of what is unknown: who can say.")


class Event(_Row):
    """An event that a conclusion rests on, with its place."""

    event_id: UUID | None = None
    states: str | None = None
    recorded_at: datetime | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    registry: str | None = None


class NearMiss(_Row):
    """A condition missed by a tenth or less."""

    kind: str | None = None
    condition: str | None = None
    threshold: Any = None
    distance: Any = None
    unit: str | None = None


class Household(_Row):
    """Who is counted together."""

    household: UUID | None = None
    anchor: UUID | None = None
    members: list[UUID] | None = None
    in_institution: bool | None = None
    assessed_on: date | None = None
    next_change_on: date | None = None
    outcome: str | None = None
    known_from: datetime | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    withheld: list[str] = WITHHELD
    freshness: Freshness | None = None


class _About(_Answer):
    person: UUID | None = Field(None, description="The id that counts now.")
    mode: str | None = None
    as_of: date | None = None
    known_at: datetime | None = Field(None, description="Null: now.")


class LookupAnswer(_Answer):
    """Whether somebody is known, and under which id."""

    person: UUID | None = None
    is_known: bool | None = None


class NeedsAnswer(_About):
    """Needs, and what they rest on."""

    needs: list[Need] | None = None
    near_misses: list[NearMiss] | None = None
    unknown: list[Need] | None = None
    evidence: list[Event] | None = None
    household: Household | None = None


class Fact(_Row):
    """One fact that held."""

    event_id: UUID | None = None
    ordinal: int | None = None
    person: UUID | None = None
    kind: str | None = None
    value: dict[str, Any] | None = Field(
        None, description="Its fields; a sealed block under its class, opened."
    )
    valid_from: date | None = None
    valid_to: date | None = None
    known_from: datetime | None = None
    record: UUID | None = None
    version: int | None = None
    change: str | None = None
    sensitivity: str | None = None
    is_sealed: bool | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    registry: str | None = None


class FactsAnswer(_About):
    """What registries state."""

    ids: list[UUID] | None = None
    facts: list[Fact] | None = None


class HouseholdAnswer(_About):
    """The household on that day."""

    household: Household | None = None


class Said(Need):
    """One thing that was said of a need, and what caused it."""

    cause: Event | None = Field(None, description="Null: a day that had come.")


class HistoryAnswer(_About):
    """What was said, oldest first."""

    history: list[Said] | None = None


class Identity(_Row):
    """An id of the person, and since when."""

    id: UUID | None = None
    is_provisional: bool | None = None
    linked_to: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    by: str | None = None
    reason: str | None = None
    event_id: UUID | None = None


class IdentitiesAnswer(_Answer):
    """Who this is, and was."""

    person: UUID | None = None
    identities: list[Identity] | None = None


class Look(_Row):
    """One look at the person's data, or one that was refused."""

    at: datetime | None = None
    what: str | None = None
    who: str | None = None
    agency: str | None = Field(None, description="Null: somebody who runs the hub.")
    purpose: str | None = None
    basis: str | None = None
    request: str | None = None
    fields: list[str] | dict[str, Any] | None = None
    rule: str | None = None
    is_refused: bool | None = None


class AccessLogAnswer(_Answer):
    """Who looked, latest first."""

    person: UUID | None = None
    accesses: list[Look] | None = None
    next: str | None = None


class NeedsPage(_Answer):
    """One page of needs."""

    needs: list[Need] | None = None
    next: str | None = Field(None, description="The cursor of the next page; null: it is the last.")


class Registries(BaseModel):
    """How far the registries are."""

    model_config = ConfigDict(extra="forbid")

    freshness: Freshness


class StatisticsAnswer(_Answer):
    """Figures; small ones hidden."""

    on: date | None = None
    known_at: datetime | None = None
    region: str | None = None
    figures: list[dict[str, Any]] | None = Field(
        None, description="Counts below ten are `hidden`, and what would give them away."
    )


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(extra="forbid")

    status: str


class Ready(BaseModel):
    """Questions can be answered."""

    model_config = ConfigDict(extra="forbid")

    status: str
    reasons: list[str]


class Problem(BaseModel):
    """RFC 9457."""

    type: str = Field(examples=["/problems/not-allowed"], pattern="^/problems/[a-z-]+$")
    title: str
    status: int
    rule: str | None = None
    fields: str | None = None
    request: str | None = None


class ProblemPage(BaseModel):
    """What a problem means."""

    model_config = ConfigDict(extra="forbid")

    type: str
    status: int
    title: str
    advice: str


class Resend(BaseModel):
    """A range of a feed that is sent again."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    state: str
    first: int
    last: int
    topic: str
    sent: int | None = Field(description="Records; null while it waits.")
    withheld: int | None = Field(description="Of these, under today's rights.")
    rule: str | None = Field(description="Why it was refused.")
