"""Erasures: decided into the outbox, carried out in the key store.

Deciding is one transaction in the hub's database:

    lock kept.generation FOR SHARE -> lock the person -> look -> outbox rows and one leaf -> COMMIT

A crash before it leaves nothing; after it the decision stands, and leaves as events. When a worker
has stored what an event states, ``carry_out`` does it, in this order:

    1  the key store: keys destroyed, restrictions noted      one transaction there
    2  the hub: blocks of names deleted, one leaf an event    one transaction here
    3  the key store: the event is noted as done

A crash anywhere: all of it again, and each step finds what was done. The notes of 3 stand with the
keys, so a key store put back from an old backup lacks them, and every erasure is carried out again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import psycopg

from projections import leaves
from projections.keystore import Erasure, PostgresKeyStore
from schemas.ids import Id, Keys
from schemas.retention import Rule

Connection = psycopg.Connection[tuple[Any, ...]]

TYPE: Final = "hub.erasure_decided"
BATCH: Final = 500
_LOCK: Final = 0x6875_6209
_LAST: Final = """
SELECT body FROM kept.outbox WHERE about = %s ORDER BY id DESC LIMIT 1
"""
_OUTBOX: Final = "INSERT INTO kept.outbox (kind, body, about) VALUES ('operator', %s, %s)"
# Who is this person now. Who was once taken for them, and is not any more, is somebody else.
_IDENTITIES: Final = """
SELECT id, kept.canonical(id) = kept.canonical(%(asked)s)
  FROM kept.ever_linked(%(asked)s) AS id ORDER BY id
"""
_IS_KNOWN: Final = "SELECT EXISTS (SELECT FROM live.facts WHERE person = ANY (%s::uuid[]))"
_DECIDED: Final = """
SELECT event_id, person, kind, value ->> 'class', value ->> 'basis', value ->> 'until', known_from
  FROM live.facts WHERE kind IN ('erased', 'restricted') AND event_id > %s
 ORDER BY event_id LIMIT %s
"""
_HAS_LEAF: Final = """
SELECT body ->> 'event' FROM kept.audit_leaves
 WHERE kind = 'key' AND body ->> 'event' = ANY (%s::text[])
"""
_FORGET: Final = (
    "DELETE FROM live.match_blocks WHERE person = ANY (%s::uuid[])",
    "DELETE FROM live.suggestions WHERE person = ANY (%s::uuid[])",
    "DELETE FROM live.suggestions WHERE alias = ANY (%s::uuid[])",
)


class Category(NamedTuple):
    """What is decided of one class of one id."""

    subject: UUID  # of the class quarantine: the entry
    rule: Rule
    until: date | None


class Decided(NamedTuple):
    """One event that was put into the outbox, or stood there already."""

    category: Category
    event_id: UUID
    is_new: bool


class Linked(NamedTuple):
    """The ids of a person."""

    ids: list[UUID]
    others: list[UUID]  # once taken for this person, and not any more


def linked(connection: Connection, asked: UUID) -> Linked | None:
    """Return every id that is the person now; None if nothing is known of any of them."""
    rows = connection.execute(_IDENTITIES, {"asked": asked}).fetchall()
    ids = [one for one, is_same in rows if is_same]
    if connection.execute(_IS_KNOWN, [ids]).fetchone() != (True,):
        return None
    return Linked(ids, [one for one, is_same in rows if not is_same])


def decide(  # noqa: PLR0917
    connection: Connection,
    keys: Keys,
    categories: Sequence[Category],
    reason: str,
    who: str,
    on: date,
) -> list[Decided]:
    """Put decisions into the outbox, with one leaf; what was decided before stands.

    Args:
        connection: to the hub's database, in autocommit.
        keys: what ids are derived under.
        categories: what to decide.
        reason: why, in words; it was checked.
        who: the operator.
        on: the day of the decision.
    """
    with connection.transaction():
        connection.execute("SELECT number FROM kept.generation FOR SHARE")
        for subject in sorted({category.subject for category in categories}):
            connection.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, str(subject)]
            )
        found = [_decide(connection, keys, category, on) for category in categories]
        fresh = [one for one in found if one.is_new]
        if fresh:
            leaves.leave(connection, "operator", _leaf(fresh, reason, who))
    return found


def _decide(connection: Connection, keys: Keys, category: Category, on: date) -> Decided:
    subject, rule, until = category
    key = f"erasure/{subject}/{rule.sensitivity}/{rule.decision}"
    record = UUID(bytes=keys.record_id("hub", key))
    row = connection.execute(_LAST, [record]).fetchone()
    before = None if row is None else orjson.loads(row[0])
    last = None if until is None else until.isoformat()
    if before is not None and (rule.decision == "erase" or _stands(before, rule.law, last)):
        event = keys.event_id("hub", f"{key}/{before['version']}")
        return Decided(category, UUID(bytes=event), is_new=False)
    version = 1 if before is None else before["version"] + 1
    body = {
        "type": TYPE,
        "subject": str(subject),
        "class": rule.sensitivity,
        "decision": rule.decision,
        "basis": rule.law,
        "until": last,
        "version": version,
        "on": on.isoformat(),
    }
    connection.execute(_OUTBOX, [orjson.dumps(body), record])
    event_id: Id = keys.event_id("hub", f"{key}/{version}")
    return Decided(category, UUID(bytes=event_id), is_new=True)


def _stands(before: Mapping[str, Any], law: str, until: str | None) -> bool:
    """Return whether a decision says at least as much: the same law, and as long."""
    return before["basis"] == law and (before["until"] or "9") >= (until or "9")


def _leaf(fresh: Sequence[Decided], reason: str, who: str) -> dict[str, object]:
    people = {str(one.category.subject) for one in fresh if not _is_entry(one.category)}
    return {
        "what": "erasure",
        "who": who,
        "reason": reason,
        "persons": sorted(people),
        "events": [str(one.event_id) for one in fresh],
        "decisions": {one.category.rule.sensitivity: one.category.rule.decision for one in fresh},
        "entries": sum(_is_entry(one.category) for one in fresh),
    }


def _is_entry(category: Category) -> bool:
    return category.rule.sensitivity == "quarantine"


def carry_out(
    connection: Connection,
    keystore: PostgresKeyStore,
    rules: Mapping[str, Rule],
    now: datetime,
    batch: int = BATCH,
) -> int:
    """Carry out what was decided and is not done in this key store; return how many events.

    Args:
        connection: to the hub's database, in autocommit.
        keystore: where keys are destroyed.
        rules: what restricted classes may be read for.
        now: the moment, for the record.
        batch: events a transaction.

    Raises:
        TransientError: the key store does not answer.
        psycopg.OperationalError: the hub's database does not; the next call goes on.
    """
    if connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        return 0  # somebody else is at it
    try:
        return _carry_out_all(connection, keystore, rules, now, batch)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _carry_out_all(
    connection: Connection,
    keystore: PostgresKeyStore,
    rules: Mapping[str, Rule],
    now: datetime,
    batch: int,
) -> int:
    done, after = 0, UUID(int=0)
    while rows := connection.execute(_DECIDED, [after, batch]).fetchall():
        after = rows[-1][0]
        settled = keystore.is_done([row[0] for row in rows])
        waiting = [row for row in rows if row[0] not in settled]
        if waiting:
            _carry_out(connection, keystore, rules, waiting, now)
            done += len(waiting)
    return done


def _carry_out(
    connection: Connection,
    keystore: PostgresKeyStore,
    rules: Mapping[str, Rule],
    rows: Collection[tuple[Any, ...]],
    now: datetime,
) -> None:
    erased = [row for row in rows if row[2] == "erased"]
    keystore.erase([Erasure(row[0].bytes, row[1].bytes, row[3]) for row in erased], now)
    for event, person, _, sensitivity, basis, until, _ in rows:
        if event in {row[0] for row in erased}:
            continue
        last = None if until is None else date.fromisoformat(until)
        one = Erasure(event.bytes, person.bytes, sensitivity)
        keystore.restrict(one, basis, last, rules[sensitivity].readable_for)
    names = [row[1] for row in erased if row[3] == "identity"]
    with connection.transaction():
        connection.execute("SELECT number FROM kept.generation FOR SHARE")
        for statement in _FORGET:
            connection.execute(statement, [names])
        events = [str(row[0]) for row in rows]
        told = {row[0] for row in connection.execute(_HAS_LEAF, [events]).fetchall()}
        for event, person, kind, sensitivity, *_ in rows:
            if str(event) not in told:
                who = {"entry": str(person)} if sensitivity == "quarantine" else {"person": person}
                body = {"what": f"key_{kind}", "event": event, "class": sensitivity, **who}
                leaves.leave(connection, "key", body | {"who": "hub"})
    keystore.note_done([row[0] for row in rows])
