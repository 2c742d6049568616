"""What is known of one person: needs with reasons, evidence, household, freshness.

Every read leaves an audit leaf, committed before anything is returned: the reading and the leaf are
one transaction on one snapshot. Reasons are opened after it, and never stored in clear.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool, PoolTimeout

from projections import generation
from projections.keystore import ERASED, REDACTED, open_block
from projections.moments import SAID, Moment
from projections.past_sql import EVIDENCE, FRESHNESS, NEAR_MISSES
from projections.sealing_keys import KeyReader
from schemas import topics
from schemas.errors import TransientError

Answer = dict[str, Any]  # JSON values

_CLASS: Final = "needs"
_IS_KNOWN: Final = "SELECT EXISTS (SELECT FROM live.facts WHERE person = %s) AS is_known"
_NEEDS: Final = """
SELECT need, version, person, household, kind, status, since, review_on, urgency, amount_minor,
       rule, evidence, reason, event_id, assessed_on, known_from
  FROM live.needs WHERE person = %s AND status <> 'ended' ORDER BY kind
"""
_HOUSEHOLD: Final = """
SELECT household, anchor, members, assessed_on, next_change_on, outcome
  FROM live.assessments WHERE members @> ARRAY[%s::uuid]
"""
_LEAF: Final = "INSERT INTO kept.audit_leaves (kind, body) VALUES (%s, %s)"


class UnknownPersonError(LookupError):
    """No registry has stated anything about this id."""


@dataclass(slots=True)
class Queries:
    """Answers from the projections. Safe to share between threads."""

    pool: ConnectionPool[psycopg.Connection[Answer]]
    keystore: KeyReader

    def is_known(self, person: UUID, reader: str) -> bool:
        """Return whether any registry has stated something about ``person``."""
        with self.reading() as connection:
            row = connection.execute(_IS_KNOWN, [person]).fetchone()
            assert row is not None
            leave(connection, "read", {"what": "lookup", "person": str(person)}, reader)
        return bool(row["is_known"])

    def refused(self, rule: str, reader: str) -> None:
        """Put a refusal on record; ``rule`` names no value."""
        with self.reading() as connection:
            leave(connection, "refusal", {"what": "lookup", "rule": rule}, reader)

    def needs(self, asked: UUID, reader: str, at: Moment | None = None) -> Answer:
        """Return the needs as they stand: reasons, evidence, household and freshness.

        Args:
            asked: any id of the person.
            reader: who asks, for the leaf.
            at: the present moment, for the leaf and the answer.

        Raises:
            UnknownPersonError: nothing is known of this id; that is on record too.
            TransientError: the database does not answer.
        """
        with self.reading() as connection:
            person = _canonical(connection, asked)
            is_known = connection.execute(_IS_KNOWN, [person]).fetchone() == {"is_known": True}
            needs = connection.execute(_NEEDS, [person]).fetchall()
            events = {event for need in needs for event in need["evidence"]}
            evidence = connection.execute(EVIDENCE, [list(events)]).fetchall()
            household = connection.execute(_HOUSEHOLD, [person]).fetchone()
            near = connection.execute(NEAR_MISSES, {"person": person}).fetchall()
            fresh = connection.execute(FRESHNESS, {"known_at": "infinity"}).fetchall()
            dates = {} if at is None else at.leaf()
            leave(connection, "read", {"what": "needs", "person": str(person), **dates}, reader)
        if not is_known:
            raise UnknownPersonError
        self.open_reasons(needs)
        return as_json(
            {
                "person": person,
                "mode": SAID,
                "known_at": None if at is None else at.known_at,
                "needs": needs,
                "near_misses": near,
                "evidence": [row | {"registry": registry_of(row["topic"])} for row in evidence],
                "household": household,
                "freshness": freshness(fresh),
            }
        )

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            TransientError: it gives none.
        """
        with self.reading() as connection:
            connection.execute("SELECT number FROM kept.generation")

    def open_reasons(self, needs: list[Answer]) -> None:
        """Replace sealed reasons by what is in them, or by a redaction."""
        names = {(need["person"].bytes, _CLASS) for need in needs}
        keys = self.keystore.existing(names) if names else {}
        for need in needs:
            key = keys.get((need["person"].bytes, _CLASS), ERASED)
            block = need.pop("reason")
            opened = open_block(key, need["event_id"].bytes, _CLASS, block) if block else REDACTED
            need["reason"] = opened.get("reason", REDACTED) if isinstance(opened, dict) else opened

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection[Answer]]:
        """One transaction on one snapshot."""
        try:
            with self.pool.connection(timeout=5) as connection:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                connection.execute(generation.HOLD)
                yield connection
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise TransientError("the hub's database does not answer; see `hub status`") from error


def open_pool(dsn: str) -> ConnectionPool[psycopg.Connection[Answer]]:
    """Return a small pool for readers; close it in the end."""
    return ConnectionPool(
        dsn,
        kwargs={"row_factory": dict_row, "application_name": "hub-api", "connect_timeout": 5},
        min_size=1,
        max_size=4,
        open=True,
    )


def leave(
    connection: psycopg.Connection[Answer], kind: str, body: dict[str, str], reader: str
) -> None:
    """Put an effect on record, in the transaction that is open."""
    # Until there are rights nobody says what for.
    leaf = body | {"reader": reader, "purpose": "unspecified"}
    connection.execute(_LEAF, [kind, Jsonb(leaf)])


def _canonical(connection: psycopg.Connection[Answer], asked: UUID) -> UUID:
    """Follow the links of an id, as ``streams.identity`` does."""
    row = connection.execute("SELECT kept.canonical(%s) AS person", [asked]).fetchone()
    assert row is not None
    person: UUID = row["person"]
    return person


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


def as_json(answer: Answer) -> Answer:
    """Return ``answer`` with ids, dates and times as text."""
    plain: Answer = orjson.loads(orjson.dumps(answer))
    return plain
