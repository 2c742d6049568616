"""Operators' decisions on their way: numbered, read by the connector, stored as a worker would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg

from connectors.needs.outbox import OPERATOR, OutboxSource
from connectors.operator.translate import translate
from projections.erasures import Category, Decided, Linked, decide, linked
from projections.sequencer import Sequencer
from schemas import retention, topics
from schemas.ids import days
from streams.facts import facts
from tests.integration.assessment.country import KEYS, person

ON = date(2026, 3, 10)
RECORDED = datetime(2026, 3, 1, tzinfo=UTC)
RULES = retention.load()
OWN = ("identity", "contact", "health", "tax", "needs")


class Coming:
    """Decide by name, and let decisions come through when the test says so."""

    def __init__(self, dsn: str, connection: psycopg.Connection[Any]) -> None:
        self.dsn = dsn
        self.connection = connection
        self._cursor: Any = None
        self._offset = 0

    def linked(self, who: str) -> Linked:
        found = linked(self.connection, UUID(bytes=person(who)))
        assert found is not None
        return found

    def decide(self, who: str, classes: Sequence[str] = OWN) -> list[Decided]:
        plan = [
            Category(one, RULES[name], RULES[name].until(ON))
            for one in self.linked(who).ids
            for name in classes
        ]
        return decide(self.connection, KEYS, plan, "asked for it", "tester", ON)

    def erased(self, who: str, classes: Sequence[str] = OWN) -> list[Decided]:
        decided = self.decide(who, classes)
        self.come_through()
        return decided

    def come_through(self) -> None:
        """Publish, store and queue what waits in the outbox."""
        with closing(Sequencer(self.dsn)) as sequencer:
            assert sequencer.is_first()
            while sequencer.number():
                pass
        with closing(OutboxSource(self.dsn, kinds=OPERATOR)) as source:
            while (page := source.next_page(self._cursor, 0)) is not None:
                self._cursor = page.cursor
                for record in page.records:
                    self._store(translate(record))

    def _store(self, draft: Any) -> None:
        meta = {"subject": draft.subject, "change": draft.change, "version": draft.version}
        fields = {n: days(v) if isinstance(v, date) else v for n, v in draft.fields.items()}
        event_id = UUID(bytes=KEYS.event_id("hub", draft.source_key))
        self._offset += 1
        with self.connection.transaction():
            for ordinal, fact in enumerate(facts(draft.type, {"meta": meta, **fields})):
                self.connection.execute(
                    "INSERT INTO live.facts VALUES (%s, %s, %s, %s, %s, NULL, NULL, NULL, NULL,"
                    " %s, %s, %s, %s, 'd', %s, 0, %s)",
                    [
                        event_id,
                        ordinal,
                        UUID(bytes=fact.person),
                        fact.kind,
                        json.dumps(fact.value),
                        RECORDED,
                        UUID(bytes=KEYS.record_id("hub", draft.record_key)),
                        draft.version,
                        draft.change,
                        topics.OPERATOR,
                        self._offset,
                    ],
                )
                self.connection.execute(
                    "INSERT INTO live.causes (person, event_id) VALUES (%s, %s)",
                    [UUID(bytes=fact.person), event_id],
                )
