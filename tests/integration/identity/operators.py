"""Operators' decisions, carried from the outbox into the tables by the real code but Kafka."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg

from connectors.operator.translate import translate
from connectors.source import SourceRecord
from projections.decisions import Decided, Decision, Verb, decide
from schemas.ids import Id, parse
from schemas.topics import OPERATOR
from streams.facts import closes, facts
from tests.integration.assessment.country import KEYS, person

TODAY = date(2026, 3, 10)
RECORDED = datetime(2026, 2, 1, tzinfo=UTC)


class Operators:
    """Decide by name, and let decisions come through when the test says so."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.now_us = 1_770_000_000_000_000
        self._carried = 0

    def decide(self, verb: Verb, alias: str, who: str, reason: str = "because") -> Decided:
        self.now_us += 1_000_000
        decision = Decision(verb, UUID(bytes=person(alias)), UUID(bytes=person(who)), reason)
        return decide(self.connection, KEYS, decision, now_us=self.now_us, today=TODAY)

    def decided(self, verb: Verb, alias: str, who: str, reason: str = "because") -> Id:
        """Decide and let it come through; return the event's id."""
        made = self.decide(verb, alias, who, reason)
        assert made.is_new
        self.come_through()
        return made.event_id

    def bodies(self) -> list[dict[str, Any]]:
        rows = self.connection.execute(
            "SELECT body FROM kept.outbox WHERE kind = 'operator' ORDER BY id"
        ).fetchall()
        return [orjson.loads(row[0]) for row in rows]

    def come_through(self) -> None:
        """Publish, store and queue what waits in the outbox."""
        fresh = self.bodies()[self._carried :]
        for body in fresh:
            self._carried += 1
            key = f"identity/{body['alias']}/{body['version']}"
            draft = translate(SourceRecord(key, b"", body))
            meta = {"subject": draft.subject, "change": draft.change, "version": draft.version}
            record = {"meta": meta, **draft.fields}
            event_id = UUID(bytes=KEYS.event_id("hub", draft.source_key))
            record_id = UUID(bytes=KEYS.record_id("hub", draft.record_key))
            at = RECORDED.replace(minute=self._carried)
            with self.connection.transaction():
                for ordinal, fact in enumerate(facts(draft.type, record)):
                    self.connection.execute(
                        "INSERT INTO live.facts VALUES (%s, %s, %s, %s, %s, NULL, NULL, NULL, NULL,"
                        " %s, %s, %s, %s, 'd', %s, 0, %s)",
                        [
                            event_id,
                            ordinal,
                            UUID(bytes=fact.person),
                            fact.kind,
                            json.dumps(fact.value),
                            at,
                            record_id,
                            draft.version,
                            draft.change,
                            OPERATOR,
                            self._carried,
                        ],
                    )
                    self._cause("person", UUID(bytes=fact.person), event_id)
                if closes(record):
                    self.connection.execute(
                        "INSERT INTO live.closures VALUES (%s, %s, %s, %s, %s)",
                        [event_id, record_id, draft.version, draft.change, at],
                    )
                    self._cause("record", record_id, event_id)

    def canonical(self, who: str) -> bytes:
        row = self.connection.execute(
            "SELECT kept.canonical(%s)", [UUID(bytes=person(who))]
        ).fetchone()
        assert row is not None
        return parse(str(row[0]))

    def _cause(self, column: str, identifier: UUID, event_id: UUID) -> None:
        self.connection.execute(
            f"INSERT INTO live.causes ({column}, event_id) VALUES (%s, %s)".encode(),
            [identifier, event_id],
        )
