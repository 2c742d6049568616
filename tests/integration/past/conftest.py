"""A hub's tables with a past, and who judges it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from projections.keystore import PostgresKeyStore, initialise
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from projections.past_store import PastStore
from projections.payments_store import PaymentsStore
from streams.assessor import Assessor
from streams.past import Past
from streams.rejudging import Rejudger
from streams.rules.uz import PACK
from tests.integration.assessment.country import KEYS, PARTITIONS
from tests.integration.past.looking_back import MONTHS, Working
from tests.integration.past.timeline import Timeline, moment


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


@pytest.fixture
def family(country: Timeline) -> Timeline:
    """A son of ten, 900,000 soum a head: at risk of poverty. Known since 5 November 2025.

    The tax registry closes each month on the fifth of the next one. Until February 2026 nothing is
    due; from then on half of the child benefit, 137,500 soum (PF-258, 26 Dec 2025).
    """
    country.at = moment("2025-11-05")
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")
    country.born("3son", "2015-05-01", "M", mother="2vali", father="1ali")
    country.earns("1ali", 2_700_000, MONTHS[:3])
    country.complete(date(2025, 10, 31))
    for month in MONTHS[3:]:
        year, number = int(month[:4]), int(month[5:7])
        closed = date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)
        country.at = moment((closed + timedelta(days=5)).isoformat())
        country.earns_once("1ali", month, 2_700_000)
        country.complete(closed)
    return country


@pytest.fixture
def working(family: Timeline, database: str, assessor: Assessor, past: Past) -> Iterator[Working]:
    with closing(PaymentsStore(database)) as store:
        made = Working(family, assessor, Rejudger(store, past))
        made.drain()
        yield made
