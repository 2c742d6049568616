"""All ids of a person, now or before: since when, until when, and who said so.

*Since* and *until* are moments of knowing: a link has no date in the world. A span ends when the
link that counted was corrected, annulled, taken back by an operator, or outranked by another; so it
is found by resolving each id at every moment at which anything about its links became known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg

from projections.decisions import is_provisional, said_by
from projections.leaves import leave
from projections.queries import Answer, Queries, Reader, UnknownPersonError, as_json, canonical

_GROUP: Final = """
SELECT one AS id, kept.canonical(one) = kept.canonical(%(asked)s) AS is_same
  FROM kept.ever_linked(%(asked)s) AS one
"""
_FIRST: Final = """
SELECT known_from, topic FROM live.facts WHERE person = %s
 ORDER BY kind IN ('linked_from', 'unlinked_from'), known_from, event_id LIMIT 1
"""
# The moments at which the link of an id may have changed, and what it was from then on.
_STEPS: Final = """
WITH mine AS (
    SELECT DISTINCT record FROM live.facts
     WHERE person = %(id)s AND kind IN ('linked_to', 'unlinked_to')
), moments (moment) AS (
    SELECT f.known_from FROM live.facts f JOIN mine USING (record)
    UNION SELECT c.known_from FROM live.closures c JOIN mine USING (record)
    UNION SELECT c.known_from + interval '72 hours' FROM live.closures c JOIN mine USING (record)
           WHERE c.change = 'ANNULLED'
    UNION SELECT r.known_from FROM live.replacements r
            JOIN live.facts f ON f.event_id = r.replaced JOIN mine USING (record)
)
SELECT m.moment, l.person, l.topic, l.reason, l.event_id
  FROM moments m LEFT JOIN LATERAL kept.link_at(%(id)s, m.moment, m.moment) l ON true
 WHERE m.moment <= now() ORDER BY m.moment
"""


@dataclass(frozen=True, slots=True)
class Step:
    """To whom an id is linked from a moment on."""

    moment: datetime
    person: UUID | None
    by: str | None = None
    reason: str | None = None
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """For how long one word about an id counted."""

    person: UUID
    since: datetime
    until: datetime | None
    by: str | None
    reason: str | None
    event_id: UUID | None


def spans(steps: Iterable[Step]) -> list[Span]:
    """Return the spans that ``steps``, in order, come to; the same said again goes on. Pure."""
    found: list[Span] = []
    running: Step | None = None
    for step in steps:
        if running is not None and _word(running) == _word(step):
            continue
        if running is not None:
            found += _span(running, step.moment)
        running = step
    return found if running is None else found + _span(running, None)


def _word(step: Step) -> tuple[object, ...]:
    return step.person, step.by, step.reason


def _span(step: Step, until: datetime | None) -> list[Span]:
    if step.person is None or step.moment == until:
        return []
    return [Span(step.person, step.moment, until, step.by, step.reason, step.event_id)]


def identities(queries: Queries, asked: UUID, reader: Reader) -> Answer:
    """Return every id that is or was this person's, with its spans; the reading is put on record.

    Raises:
        UnknownPersonError: nothing is known of this id; that is on record too.
        TransientError: the database does not answer.
    """
    with queries.reading() as connection:
        person = canonical(connection, asked)
        known = identities_of(connection, person)
        body = {"what": "identities", "person": person, "rows": len(known), **reader}
        leave(connection, "read", body)
    if not known:
        raise UnknownPersonError
    return as_json({"person": person, "identities": known})


def identities_of(connection: psycopg.Connection[Answer], person: UUID) -> list[Answer]:
    """Return every id that is or was the person's; none: nothing is known of this id."""
    rows = connection.execute(_GROUP, {"asked": person}).fetchall()
    same = {row["id"] for row in rows if row["is_same"]}
    others = [one for row in rows for one in _linked(connection, row["id"], same)]
    others.sort(key=lambda one: (one["since"], one["id"]))
    return [one for one in (_own(connection, person), *others) if one["since"] is not None]


def _own(connection: psycopg.Connection[Answer], person: UUID) -> Answer:
    first = connection.execute(_FIRST, [person]).fetchone()
    return _row(
        connection,
        person,
        since=first["known_from"] if first else None,
        by=said_by(first["topic"]) if first else None,
    )


def _linked(connection: psycopg.Connection[Answer], of: UUID, same: set[UUID]) -> list[Answer]:
    """Return for how long ``of`` was linked to an id of this person."""
    steps = [
        Step(
            row["moment"],
            row["person"],
            row["topic"] and said_by(row["topic"]),
            row["reason"],
            row["event_id"],
        )
        for row in connection.execute(_STEPS, {"id": of}).fetchall()
    ]
    return [
        _row(
            connection,
            of,
            linked_to=span.person,
            since=span.since,
            until=span.until,
            by=span.by,
            reason=span.reason,
            event_id=span.event_id,
        )
        for span in spans(steps)
        if span.person in same
    ]


def _row(connection: psycopg.Connection[Answer], of: UUID, **said: Any) -> Answer:
    told = dict.fromkeys(("linked_to", "since", "until", "by", "reason", "event_id")) | said
    return {"id": of, "is_provisional": is_provisional(connection, of), **told}
