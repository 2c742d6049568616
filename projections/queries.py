"""What is known of one person: needs with reasons, evidence, household, freshness.

Every read leaves an audit leaf, committed before anything is returned: the reading and the leaf are
one transaction on one snapshot. Reasons are opened after it, and never stored in clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool, PoolTimeout

from projections.keystore import ERASED, REDACTED, open_block
from schemas import topics
from schemas.errors import TransientError

Answer = dict[str, Any]  # JSON values

_LONGEST_CHAIN: Final = 16  # of links; streams.identity has the same bound
_CLASS: Final = "needs"
_LINK: Final = """
SELECT f.value ->> 'person' AS person FROM live.facts f
 WHERE f.person = %s AND f.kind = 'linked_to' AND f.change <> 'ANNULLED'
   AND f.value ->> 'person' IS NOT NULL
   AND NOT EXISTS (SELECT FROM live.closures c WHERE c.record = f.record AND c.version > f.version)
   AND NOT EXISTS (SELECT FROM live.facts g WHERE g.record = f.record AND g.version > f.version)
 ORDER BY f.known_from DESC, f.event_id DESC LIMIT 1
"""
_IS_KNOWN: Final = "SELECT EXISTS (SELECT FROM live.facts WHERE person = %s) AS is_known"
_NEEDS: Final = """
SELECT need, version, household, kind, status, since, review_on, urgency, amount_minor, rule,
       evidence, reason, event_id, assessed_on, known_from
  FROM live.needs WHERE person = %s AND status <> 'ended' ORDER BY kind
"""
_EVIDENCE: Final = """
SELECT event_id, kind AS states, known_from AS recorded_at, topic, partition, "offset"
  FROM live.facts WHERE event_id = ANY (%s) AND ordinal = 0 ORDER BY known_from, event_id
"""
_HOUSEHOLD: Final = """
SELECT household, anchor, members, assessed_on, next_change_on, outcome
  FROM live.assessments WHERE members @> ARRAY[%s::uuid]
"""
_FRESHNESS: Final = """
SELECT p.topic, count(c.partition) = count(*) AS is_complete, min(c.through) AS complete_through,
       max(p.updated_at) AS updated_at, sum(p.events)::bigint AS events
  FROM live.progress p
  LEFT JOIN (SELECT registry, partition, max(through) AS through FROM live.completeness
              GROUP BY registry, partition) c
    ON p.topic = 'registry.' || c.registry || '.events.v1' AND p.partition = c.partition
 GROUP BY p.topic
"""
_LEAF: Final = "INSERT INTO kept.audit_leaves (kind, body) VALUES (%s, %s)"


class KeyStore(Protocol):
    """Sealing keys that exist; ``projections.keystore`` keeps its contract."""

    def existing(self, wanted: Iterable[tuple[bytes, str]]) -> dict[tuple[bytes, str], bytes]: ...


class UnknownPersonError(LookupError):
    """No registry has stated anything about this id."""


@dataclass(slots=True)
class Queries:
    """Answers from the projections. Safe to share between threads."""

    pool: ConnectionPool[psycopg.Connection[Answer]]
    keystore: KeyStore

    def is_known(self, person: UUID, reader: str) -> bool:
        """Return whether any registry has stated something about ``person``."""
        with self._reading() as connection:
            row = connection.execute(_IS_KNOWN, [person]).fetchone()
            assert row is not None
            _leave(connection, "read", {"what": "lookup", "person": str(person)}, reader)
        return bool(row["is_known"])

    def refused(self, rule: str, reader: str) -> None:
        """Put a refusal on record; ``rule`` names no value."""
        with self._reading() as connection:
            _leave(connection, "refusal", {"what": "lookup", "rule": rule}, reader)

    def needs(self, asked: UUID, reader: str) -> Answer:
        """Return needs, reasons, evidence, household and freshness.

        Raises:
            UnknownPersonError: nothing is known of this id; that is on record too.
            TransientError: the database does not answer.
        """
        with self._reading() as connection:
            person = _canonical(connection, asked)
            is_known = connection.execute(_IS_KNOWN, [person]).fetchone() == {"is_known": True}
            needs = connection.execute(_NEEDS, [person]).fetchall()
            events = {event for need in needs for event in need["evidence"]}
            evidence = connection.execute(_EVIDENCE, [list(events)]).fetchall()
            household = connection.execute(_HOUSEHOLD, [person]).fetchone()
            freshness = connection.execute(_FRESHNESS).fetchall()
            _leave(connection, "read", {"what": "needs", "person": str(person)}, reader)
        if not is_known:
            raise UnknownPersonError
        self._open(person, needs)
        return _json(
            {
                "person": person,
                "needs": needs,
                "evidence": [row | {"registry": _registry(row["topic"])} for row in evidence],
                "household": household,
                "freshness": _freshness(freshness),
            }
        )

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            TransientError: it gives none.
        """
        with self._reading() as connection:
            connection.execute("SELECT number FROM kept.generation")

    def _open(self, person: UUID, needs: list[Answer]) -> None:
        """Replace sealed reasons by what is in them, or by a redaction."""
        name = (person.bytes, _CLASS)
        key = self.keystore.existing([name]).get(name, ERASED) if needs else ERASED
        for need in needs:
            block = need.pop("reason")
            opened = open_block(key, need["event_id"].bytes, _CLASS, block) if block else REDACTED
            need["reason"] = opened.get("reason", REDACTED) if isinstance(opened, dict) else opened

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection[Answer]]:
        """One transaction on one snapshot."""
        try:
            with self.pool.connection(timeout=5) as connection:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
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


def _leave(
    connection: psycopg.Connection[Answer], kind: str, body: dict[str, str], reader: str
) -> None:
    # Until there are rights nobody says what for.
    leaf = body | {"reader": reader, "purpose": "unspecified"}
    connection.execute(_LEAF, [kind, Jsonb(leaf)])


def _canonical(connection: psycopg.Connection[Answer], asked: UUID) -> UUID:
    """Follow the links of an id; a circle is one person under its lowest id."""
    path = [asked]
    while len(path) <= _LONGEST_CHAIN:
        row = connection.execute(_LINK, [path[-1]]).fetchone()
        if row is None:
            break
        following = UUID(row["person"])
        if following in path:
            return min(path[path.index(following) :], key=lambda one: one.bytes)
        path.append(following)
    return path[-1]


def _freshness(rows: list[Answer]) -> dict[str, Answer]:
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


def _registry(topic: str) -> str:
    return next((name for name, each in topics.EVENTS.items() if each == topic), "hub")


def _json(answer: Answer) -> Answer:
    """Return ``answer`` with ids, dates and times as text."""
    plain: Answer = orjson.loads(orjson.dumps(answer))
    return plain
