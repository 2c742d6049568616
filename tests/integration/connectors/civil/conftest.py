from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.connectors.civil.registry import Registry


@pytest.fixture
def registry(database: str) -> Iterator[Registry]:
    """An empty civil registry; whatever slot the test made is dropped."""
    slot = f"civil_{psycopg.conninfo.conninfo_to_dict(database)['dbname']}"
    with psycopg.connect(database, autocommit=True) as connection:
        registry = Registry(database, slot, connection)
        registry.create_tables()
        yield registry
        registry.drop_slot()
