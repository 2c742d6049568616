"""Operators' decisions about who is who: into the outbox, with an audit leaf, in one transaction.

    lock kept.generation FOR SHARE -> lock the alias -> look -> outbox row and audit leaf -> COMMIT

A crash before COMMIT leaves nothing. After it the decision stands: the sequencer numbers it, the
operator connector publishes it, the workers store what it states, and the assessor judges whom it
concerns; each of them goes on where it was. Deciding the same again finds what was decided.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import tuple_row

from projections import leaves
from schemas import topics
from schemas.errors import PermanentError
from schemas.ids import Id, Keys

Verb = Literal["linked", "unlinked"]
Connection = psycopg.Connection[tuple[Any, ...]]

LONGEST_REASON: Final = 200
_LOCK: Final = 0x6875_6205  # any number, the same in every process: "hub", 5
_NUMBER: Final = re.compile(r"\d{7}|(?:\d\s?){14}")  # what may be a document's or a person's

_IS_NUMBERED: Final = """
SELECT EXISTS (
    SELECT FROM live.facts f WHERE f.person = %(alias)s
       AND (f.topic = %(civil)s
            AND f.kind NOT IN ('birth', 'annulled', 'linked_to', 'unlinked_to')
         OR f.topic = %(tax)s AND f.kind <> 'annulled' AND f.sealed IS NULL))
"""
_LINK: Final = "SELECT person, topic FROM kept.link_at(%s, 'infinity', now())"
_LAST: Final = """
SELECT greatest((SELECT max(version) FROM live.facts WHERE record = %(record)s),
                (SELECT max(version) FROM live.closures WHERE record = %(record)s)),
       (SELECT body FROM kept.outbox WHERE about = %(alias)s ORDER BY id DESC LIMIT 1)
"""
_IS_REFUSED: Final = "SELECT EXISTS (SELECT FROM live.quarantined WHERE event_id = %s)"
_OUTBOX: Final = "INSERT INTO kept.outbox (kind, body, about) VALUES ('operator', %s, %s)"


class ReasonError(ValueError):
    """A reason that may not be published; the text does not repeat it."""


class Decision(NamedTuple):
    """What an operator says."""

    verb: Verb
    alias: UUID
    person: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of it."""

    decision: Decision
    event_id: Id
    record: Id
    is_new: bool
    said_by: str = "operator"  # who says so already, if it is not new
    is_on_its_way: bool = True  # published and stored are still to come, or may be


@dataclass(frozen=True, slots=True)
class _Before:
    """The last decision about an alias."""

    version: int | None
    verb: str | None
    person: UUID | None
    is_on_its_way: bool


def check_reason(reason: str) -> str:
    """Return ``reason`` if it may be published for ever.

    Raises:
        ReasonError: empty, too long, control characters, or a number that may be somebody's.
    """
    if not reason.strip():
        raise ReasonError("say why")
    if len(reason) > LONGEST_REASON:
        raise ReasonError(f"longer than {LONGEST_REASON} characters")
    if not reason.isprintable():
        raise ReasonError("has control characters or line breaks")
    if _NUMBER.search(reason):
        raise ReasonError(
            "has a run of 7 digits or more: no numbers of persons or documents, it is published"
        )
    return reason


def current_link(connection: Connection, alias: UUID) -> tuple[UUID, str] | None:
    """Return to whom ``alias`` is linked and who says so; None if to nobody."""
    row = connection.execute(_LINK, [alias]).fetchone()
    return None if row is None else (row[0], said_by(row[1]))


def said_by(topic: str) -> str:
    """Return who states what stands in ``topic``: a registry's name, or ``operator``."""
    if topic == topics.OPERATOR:
        return "operator"
    return next((name for name, each in topics.EVENTS.items() if each == topic), topic)


def is_provisional(connection: psycopg.Connection[Any], identifier: UUID) -> bool:
    """Return whether nothing shows that ``identifier`` comes from a national number.

    The civil registry names everybody by number but a child in its birth record, and the tax
    registry seals a name only where it has no number.
    """
    named = {"alias": identifier, "civil": topics.EVENTS["civil"], "tax": topics.EVENTS["tax"]}
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(_IS_NUMBERED, named).fetchone() == (False,)


def decide(
    connection: Connection, keys: Keys, decision: Decision, *, now_us: int, today: date
) -> Decided:
    """Store a decision, or find that it stands already.

    Args:
        connection: to the hub's database, in autocommit.
        keys: what ids are derived under.
        decision: what to store; its reason was checked.
        now_us: microseconds since 1970, UTC.
        today: the day of the decision.

    Raises:
        PermanentError: it would be wrong; the text says why.
    """
    alias = decision.alias
    record = keys.record_id("hub", f"identity/{alias}")
    with connection.transaction():
        connection.execute("SELECT number FROM kept.generation FOR SHARE")
        connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, str(alias)])
        before = _before(connection, keys, alias, record)
        standing = _standing(connection, decision, before)
        if standing is not None:
            event_id = keys.event_id("hub", f"identity/{alias}/{before.version}")
            return Decided(
                decision,
                event_id,
                record,
                is_new=False,
                said_by=standing,
                is_on_its_way=before.is_on_its_way,
            )
        _refuse(connection, decision, before)
        version = max(now_us, (before.version or 0) + 1)
        event_id = keys.event_id("hub", f"identity/{alias}/{version}")
        body = {
            "type": f"hub.identity_{decision.verb}",
            "alias": str(alias),
            "person": str(decision.person),
            "reason": decision.reason,
            "version": version,
            "before": before.version,
            "on": today.isoformat(),
        }
        connection.execute(_OUTBOX, [orjson.dumps(body), alias])
        leaf = body | {"what": "identity", "event": UUID(bytes=event_id)}
        leaves.leave(connection, "operator", leaf)
    return Decided(decision, event_id, record, is_new=True)


def _before(connection: Connection, keys: Keys, alias: UUID, record: Id) -> _Before:
    named = {"alias": alias, "record": UUID(bytes=record)}
    row = connection.execute(_LAST, named).fetchone()
    assert row is not None
    stored: int | None = row[0]
    if row[1] is None:
        return _Before(stored, None, None, is_on_its_way=False)
    body = orjson.loads(row[1])
    version = max(body["version"], stored or 0)
    event_id = UUID(bytes=keys.event_id("hub", f"identity/{alias}/{body['version']}"))
    is_refused = connection.execute(_IS_REFUSED, [event_id]).fetchone() == (True,)
    is_on_its_way = body["version"] > (stored or 0) and not is_refused
    verb = body["type"].removeprefix("hub.identity_")
    return _Before(version, verb, UUID(body["person"]), is_on_its_way)


def _standing(connection: Connection, decision: Decision, before: _Before) -> str | None:
    """Return who says so already; None if nobody does."""
    if before.is_on_its_way:
        same = (before.verb, before.person) == (decision.verb, decision.person)
        return "operator" if same else None
    if decision.verb == "unlinked":
        return None
    link = current_link(connection, decision.alias)
    return link[1] if link is not None and link[0] == decision.person else None


def _refuse(connection: Connection, decision: Decision, before: _Before) -> None:
    alias, person = decision.alias, decision.person
    if before.is_on_its_way:
        raise PermanentError(
            "another decision about this alias is on its way and must come through first; see "
            "`hub status`"
        )
    if decision.verb == "unlinked":
        link = current_link(connection, alias)
        if link is None:
            raise PermanentError("this alias is linked to nobody")
        if link[0] != person:
            raise PermanentError("this alias is linked to somebody else, not to that person")
        return
    if alias == person:
        raise PermanentError("an id cannot be linked to itself")
    if not _has_facts(connection, alias):
        raise PermanentError("no registry has stated anything about this alias")
    if not is_provisional(connection, alias):
        raise PermanentError(
            "this is no provisional id: a registry knows it by a national number; if two numbers "
            "are one person, the civil registry has to say so"
        )
    if not _has_facts(connection, person):
        raise PermanentError("no registry has stated anything about that person")
    row = connection.execute("SELECT kept.canonical(%s)", [person]).fetchone()
    if row == (alias,):
        raise PermanentError("that person is linked to this alias already: it would be a circle")


def _has_facts(connection: Connection, identifier: UUID) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM live.facts WHERE person = %s)", [identifier]
    ).fetchone()
    return row == (True,)
