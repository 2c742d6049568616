"""What stands now of one person: needs, evidence, household, near misses, freshness.

It reads what the assessor said last. Reasons stay sealed.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import psycopg

from projections.moments import SAID
from projections.opening import Sealed
from projections.past_sql import FRESHNESS
from schemas import topics

Answer = dict[str, Any]  # JSON values, and ids, dates and sealed values on their way to become some

NEEDS_CLASS: Final = "needs"
_NEEDS: Final = """
SELECT need, version, person, household, kind, status, since, review_on, urgency, amount_minor,
       rule, evidence, reason, event_id, assessed_on, known_from
  FROM live.needs WHERE person = %(person)s AND status <> 'ended' ORDER BY kind
"""
_ASSESSMENT: Final = """
SELECT household, anchor, members, assessed_on, next_change_on, outcome, near_misses
  FROM live.assessments WHERE members @> ARRAY[%(person)s::uuid]
"""
_MISS: Final = ("kind", "condition", "threshold", "distance", "unit")
EVIDENCE: Final = """
SELECT event_id, kind AS states, known_from AS recorded_at, topic, partition, "offset"
  FROM live.facts WHERE event_id = ANY (%(events)s) AND ordinal = 0 ORDER BY known_from, event_id
"""


def present(connection: psycopg.Connection[Answer], person: UUID) -> Answer:
    """Return what stands of ``person``, a canonical id."""
    about = {"person": person}
    needs = connection.execute(_NEEDS, about).fetchall()
    assessments = connection.execute(_ASSESSMENT, about).fetchall()
    misses = [miss for row in assessments for miss in row.pop("near_misses")]
    return {
        "person": person,
        "mode": SAID,
        "as_of": None,
        "known_at": None,
        "needs": sealed_reasons(needs),
        "near_misses": near_misses_of(misses, str(person)),
        "evidence": evidence_of(connection, needs),
        "household": next(iter(assessments), None),
        "freshness": fresh(connection),
    }


def near_misses_of(misses: list[Answer], person: str) -> list[Answer]:
    """Return a person's own near misses, in the order of kind and condition."""
    own = [{name: miss.get(name) for name in _MISS} for miss in misses if miss["person"] == person]
    return sorted(own, key=lambda miss: (miss["kind"], miss["condition"]))


def evidence_of(connection: psycopg.Connection[Answer], needs: list[Answer]) -> list[Answer]:
    """Return the events that ``needs`` cite, with their places."""
    events = list({UUID(str(event)) for need in needs for event in need["evidence"]})
    if not events:
        return []
    rows = connection.execute(EVIDENCE, {"events": events}).fetchall()
    return [row | {"registry": registry_of(row["topic"])} for row in rows]


def sealed_reasons(rows: list[Answer]) -> list[Answer]:
    """Return rows whose reasons are marked as sealed."""
    for row in rows:
        row["reason"] = Sealed(row["person"], row["event_id"], NEEDS_CLASS, row["reason"], "reason")
    return rows


def fresh(connection: psycopg.Connection[Answer], known_at: object = "infinity") -> Answer:
    """Return by registry up to when it was complete, as known at a moment."""
    return freshness(connection.execute(FRESHNESS, {"known_at": known_at}).fetchall())


def freshness(rows: list[Answer]) -> dict[str, Answer]:
    """Return by registry up to when it was complete; ``rows`` are of ``FRESHNESS``."""
    by_topic = {row["topic"]: row for row in rows}
    found = {}
    for registry, topic in topics.EVENTS.items():
        row = by_topic.get(topic)
        found[registry] = {
            "complete_through": row["complete_through"] if row and row["is_complete"] else None,
            "last_stored_at": row["updated_at"] if row else None,
            "events": row["events"] if row else 0,
        }
    return found


def registry_of(topic: str) -> str:
    """Return whose topic it is."""
    return next((name for name, each in topics.EVENTS.items() if each == topic), "hub")
