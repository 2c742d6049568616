"""Tables, key store and people of the assessment's tests, and operators who decide about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from projections.keystore import PostgresKeyStore, initialise
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.integration.assessment.country import KEYS, PARTITIONS, Country
from tests.integration.identity.operators import Operators


@pytest.fixture
def country(database: str) -> Iterator[Country]:
    migrate(database)
    initialise(database)
    with closing(PostgresKeyStore(database, b"w" * 32)) as keystore:
        made = Country(database, keystore)
        with closing(made.connection):
            yield made


@pytest.fixture
def assessor(country: Country, database: str) -> Iterator[Assessor]:
    assert country.keystore is not None
    with closing(connect(database)) as connection:
        yield Assessor(NeedsStore(connection), country.keystore, KEYS, PACK, PARTITIONS)


@pytest.fixture
def operators(country: Country, database: str) -> Iterator[Operators]:
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        yield Operators(connection)
