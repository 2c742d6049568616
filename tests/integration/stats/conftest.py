"""A hub's tables with a small invented country, and the same country as plain Python values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from projections.migrations import migrate
from tests.integration.stats.invented import Invented


@pytest.fixture
def invented(database: str) -> Iterator[Invented]:
    migrate(database)
    made = Invented(database)
    with closing(made.country.connection):
        yield made
