"""The same events in any order, partition and chunk give the same tables and the same needs."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from projections import needs_sql
from schemas.sealing import seal
from streams.assessor import Assessor
from streams.lifecycle import Fact
from tests.histories import NOW, ON, Event, history, rows
from tests.integration.assessment.conftest import MakeAssessor
from tests.integration.assessment.country import Country
from tests.integration.assessment.feed import Feed
from tests.integration.streams.store_rig import Rig

SEED = int(os.environ.get("HUB_TEST_SEED", "1"))
_EMPTY = """
TRUNCATE live.facts, live.closures, live.replacements, live.causes, live.needs,
    live.need_history, live.assessments, live.memberships, kept.outbox, kept.audit_leaves
"""
_TABLES = {  # all but the place in Kafka
    "facts": "SELECT event_id, ordinal, person, kind, value, sealed, sensitivity, valid_from,"
    " valid_to, known_from, record, version, change, digest FROM live.facts ORDER BY 1, 2",
    "closures": "SELECT * FROM live.closures ORDER BY 1",
    "replacements": "SELECT * FROM live.replacements ORDER BY 1",
    "completeness": "SELECT * FROM live.completeness ORDER BY 1",
    "needs": "SELECT need, person, household, kind, since, review_on, urgency, amount_minor, rule,"
    " evidence, reason_digest, assessed_on FROM live.needs WHERE status <> 'ended' ORDER BY 1",
    "assessments": "SELECT household, anchor, members, assessed_on, next_change_on, outcome,"
    " near_misses, income_through, settles_at, settles_by FROM live.assessments ORDER BY 1",
    "memberships": "SELECT * FROM (SELECT DISTINCT ON (person) person, household, anchor"
    " FROM live.memberships ORDER BY person, id DESC) last WHERE household IS NOT NULL ORDER BY 1",
}


def drain(assessor: Assessor) -> None:
    while assessor.assess_batch(ON, NOW) is not None:
        pass


def tables(country: Country) -> dict[str, list[Any]]:
    return {
        name: country.connection.execute(query.encode()).fetchall()
        for name, query in _TABLES.items()
    }


@pytest.fixture
def events(country: Country, request: pytest.FixtureRequest) -> list[Event]:
    """A history; its health blocks open with the keys of this database."""
    keystore = country.keystore
    assert keystore is not None

    def sealed(owner: bytes, event_id: bytes, block: dict[str, Any]) -> bytes:
        return seal(keystore.keys([(owner, "health")])[owner, "health"], event_id, "health", block)

    country.complete()
    return history(request.param, records=40, seal=sealed)


@pytest.mark.parametrize("events", range(SEED * 10, SEED * 10 + 2), indirect=True)
def test_any_order_gives_the_same_tables_and_needs(
    country: Country, make_assessor: MakeAssessor, database: str, events: list[Event]
) -> None:
    chance = random.Random(len(events))
    assessor = make_assessor()
    found = []
    feed = Feed(Rig(database), chance)
    for most, parts in ((1000, 1), (1, 2), (5, 7), (2, 4)):
        country.connection.execute(_EMPTY)
        for _ in feed.parts(events, most, parts):  # folded and judged in parts
            assessor.most_causes = chance.choice((3, 1200))
            drain(assessor)
        found.append(tables(country))
        events = chance.sample(events, len(events))

    assert found[0]["replacements"] or SEED != 1
    for other in found[1:]:
        for name, expected in found[0].items():
            assert other[name] == expected, name
    assert _read(country) == _expected(events)


def _read(country: Country) -> list[tuple[Any, ...]]:
    query = f"SELECT {needs_sql.FACT_COLUMNS} FROM {needs_sql.FACT_SOURCE}"
    cursor = country.connection.execute(query.encode(), {"known_at": "infinity"}, binary=True)
    return sorted(_comparable(Fact(*row)) for row in cursor.fetchall())


def _expected(events: list[Event]) -> list[tuple[Any, ...]]:
    return sorted(_comparable(fact) for fact in rows(events))


def _comparable(fact: Fact) -> tuple[Any, ...]:
    return tuple(map(str, fact._replace(value=sorted(fact.value.items()))))  # type: ignore[arg-type]
