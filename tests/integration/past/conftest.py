"""A hub's tables with a past, and who judges it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from projections.keystore import PostgresKeyStore, initialise
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from projections.past_store import PastStore
from streams.assessor import Assessor
from streams.past import Past
from streams.rules.uz import PACK
from tests.integration.assessment.country import KEYS, PARTITIONS
from tests.integration.past.timeline import Timeline


class Asking:
    """Judges again on one snapshot."""

    def __init__(self, dsn: str, past: Past) -> None:
        self.connection = psycopg.connect(dsn)
        self.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.past = past

    def needs(self, who: bytes, on: date, known_at: datetime) -> dict[str, Any]:
        """The whole answer."""
        with self.connection.transaction():
            return self.past.needs(PastStore(self.connection, known_at), who, on)

    def amounts(self, who: bytes, on: date, known_at: datetime) -> dict[str, int | None]:
        """Soum by kind."""
        needs = self.needs(who, on, known_at)["needs"]
        return {n["kind"]: n["amount_minor"] and n["amount_minor"] // 100 for n in needs}

    def facts_at(self, who: bytes, on: date, known_at: datetime) -> list[tuple[str, Any]]:
        """Kind and value, by SQL."""
        with self.connection.transaction():
            return self.connection.execute(
                "SELECT kind, value FROM live.facts_at(%s, %s, %s) ORDER BY kind, valid_from",
                [UUID(bytes=who), on, known_at],
            ).fetchall()


@pytest.fixture
def country(database: str) -> Iterator[Timeline]:
    migrate(database)
    initialise(database)
    with closing(PostgresKeyStore(database, b"w" * 32)) as keystore:
        made = Timeline(database, keystore)
        with closing(made.connection):
            yield made


@pytest.fixture
def assessor(country: Timeline, database: str) -> Iterator[Assessor]:
    assert country.keystore is not None
    with closing(connect(database)) as connection:
        yield Assessor(NeedsStore(connection), country.keystore, KEYS, PACK, PARTITIONS)


@pytest.fixture
def past(country: Timeline) -> Past:
    assert country.keystore is not None
    return Past(country.keystore, PACK, PARTITIONS)


@pytest.fixture
def asking(database: str, past: Past) -> Iterator[Asking]:
    made = Asking(database, past)
    with closing(made.connection):
        yield made
