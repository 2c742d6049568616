"""A database with two families in it, and connections as those who are held by row security."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from projections.migrations import migrate
from tests.integration.rights.rig import World


@pytest.fixture
def world(database: str) -> Iterator[World]:
    migrate(database)
    made = World(database)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def api(world: World) -> Iterator[psycopg.Connection[Any]]:
    """The query API's connection."""
    with world.as_role("hub_api") as connection:
        yield connection
