"""A hub's tables and key store in a database of the test's own, and people to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from projections.keystore import PostgresKeyStore, initialise
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.integration.assessment.country import KEYS, PARTITIONS, Country

MakeAssessor = Callable[[], Assessor]


@pytest.fixture
def country(database: str) -> Iterator[Country]:
    migrate(database)
    initialise(database)
    with closing(PostgresKeyStore(database, b"w" * 32)) as keystore:
        made = Country(database, keystore)
        with closing(made.connection):
            yield made


@pytest.fixture
def make_assessor(country: Country, database: str) -> Iterator[MakeAssessor]:
    with ExitStack() as opened:

        def make() -> Assessor:
            connection = opened.enter_context(closing(connect(database)))
            assert country.keystore is not None
            return Assessor(NeedsStore(connection), country.keystore, KEYS, PACK, PARTITIONS)

        yield make


@pytest.fixture
def assessor(make_assessor: MakeAssessor) -> Assessor:
    return make_assessor()
