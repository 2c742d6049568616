"""Read the tables in one snapshot of the database, and what is still pending. Thin shell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from sys import intern  # the same ids stand in several tables and topics: keep each once
from typing import Any

import orjson
import psycopg
from psycopg.rows import TupleRow

from ops.verify.facts import DATED_KINDS, canonical
from ops.verify.values import (
    Closure,
    Complete,
    Fact,
    FactRow,
    NeedRow,
    Place,
    Progress,
    Quarantined,
    Replacement,
    Tables,
)

_FACTS = """
SELECT event_id::text, person::text, kind, value::text, sealed, valid_from, valid_to,
       (extract(epoch FROM known_from) * 1000000)::bigint,
       record::text, version, change, digest, topic, partition, "offset"
  FROM live.facts
"""
_CLOSURES = """
SELECT event_id::text, record::text, version, change,
       (extract(epoch FROM known_from) * 1000000)::bigint
  FROM live.closures
"""
_REPLACEMENTS = """
SELECT event_id::text, replaced::text, (extract(epoch FROM known_from) * 1000000)::bigint
  FROM live.replacements
"""
_DECISIONS = "SELECT count(*) FROM kept.outbox WHERE kind = 'operator'"
_COMPLETENESS = """
SELECT event_id::text, registry, partition, through, snapshot,
       (extract(epoch FROM known_from) * 1000000)::bigint, digest
  FROM live.completeness
"""
_PROGRESS = """
SELECT topic, partition, next, partition_sequence, events, suppressed, quarantined
  FROM live.progress
"""
_QUARANTINED = """
SELECT topic, partition, "offset", entry::text, rule, event_id::text FROM live.quarantined
"""
_NEEDS = """
SELECT need::text, version, person::text, household::text, kind, status, amount_minor,
       evidence::text[], event_id::text, since, review_on, urgency
  FROM live.needs
"""
_PENDING = """
SELECT (SELECT count(*) FROM live.causes),
       (SELECT count(*) FROM kept.outbox WHERE number IS NULL),
       (SELECT count(*) FROM kept.outbox WHERE kind = 'need'),
       (SELECT count(*) FROM kept.outbox WHERE kind = 'quarantine'),
       (SELECT count(*) FROM kept.outbox WHERE kind = 'operator')
"""


_FETCH = 10_000


def read_tables(dsn: str) -> Tables:
    """Return everything that verify compares, as of one moment."""
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return Tables(
            facts=[_fact(row) for row in _rows(connection, _FACTS)],
            closures=[Closure(*row) for row in _rows(connection, _CLOSURES)],
            completeness=[
                Complete(row[0], row[1], row[2], row[3].isoformat(), row[4], row[5], row[6].hex())
                for row in _rows(connection, _COMPLETENESS)
            ],
            replacements=[Replacement(*row) for row in _rows(connection, _REPLACEMENTS)],
            decisions=next(_rows(connection, _DECISIONS))[0],
            progress=[Progress(*row) for row in _rows(connection, _PROGRESS)],
            quarantined=[
                Quarantined(Place(*row[:3]), *row[3:]) for row in _rows(connection, _QUARANTINED)
            ],
            needs=[_need(row) for row in _rows(connection, _NEEDS)],
            history={
                row[0] for row in _rows(connection, "SELECT event_id::text FROM live.need_history")
            },
        )


def database_pending(
    dsn: str,
    needs_on_topic: int | None,
    entries_on_topic: int | None,
    decisions_on_topic: int | None = None,
) -> list[str]:
    """Return what the streams and the sequencer have still to do.

    Args:
        dsn: the hub's database.
        needs_on_topic: records that citizen.needs.v1 holds; None if it was not read.
        entries_on_topic: entries of the streams themselves that hub.quarantine.v1 holds;
            None if it was not read.
        decisions_on_topic: operators' decisions that hub.operator.events.v1 holds; None if
            it was not read.
    """
    with psycopg.connect(dsn) as connection:
        row = connection.execute(_PENDING).fetchone()
    assert row is not None
    causes, unnumbered, needs, entries, decisions = row
    found = []
    if causes:
        found.append(f"{causes} causes wait for the assessor")
    if unnumbered:
        found.append(f"{unnumbered} rows of the outbox wait for the sequencer")
    if needs_on_topic is not None and needs > needs_on_topic:
        found.append(f"{needs - needs_on_topic} needs wait in the outbox for their connector")
    if entries_on_topic is not None and entries > entries_on_topic:
        found.append(f"{entries - entries_on_topic} quarantine entries wait in the outbox")
    if decisions_on_topic is not None and decisions > decisions_on_topic:
        found.append(f"{decisions - decisions_on_topic} decisions wait in the outbox")
    return found


def _rows(connection: psycopg.Connection[TupleRow], query: str) -> Iterator[tuple[Any, ...]]:
    # A named cursor: a plain one would hold the whole answer a second time.
    with connection.cursor("verify", binary=True) as cursor:
        cursor.itersize = _FETCH
        cursor.execute(query.encode())
        yield from cursor


def _fact(row: tuple[Any, ...]) -> FactRow:
    (event_id, person, kind, value, sealed, valid_from, valid_to) = row[:7]
    (known_from, record, version, change, digest, topic, partition, offset) = row[7:]
    dated = kind in DATED_KINDS
    fact = Fact(
        intern(person),
        intern(kind),
        canonical(orjson.loads(value)),
        sealed,
        _iso(valid_from) if dated else None,
        _iso(valid_to) if dated else None,
    )
    return FactRow(
        intern(event_id),
        fact,
        known_from,
        intern(record),
        version,
        intern(change),
        intern(digest.hex()),
        Place(intern(topic), partition, offset),
    )


def _need(row: tuple[Any, ...]) -> NeedRow:
    need, version, person, household, kind, status, amount_minor = row[:7]
    evidence, event_id, since, review_on, urgency = row[7:]
    return NeedRow(
        need,
        version,
        person,
        household,
        kind,
        status,
        amount_minor,
        tuple(evidence),
        event_id,
        since.isoformat(),
        _iso(review_on),
        urgency,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
