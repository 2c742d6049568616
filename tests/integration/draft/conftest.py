"""A hub's tables in a database of the test's own, and settings that lead there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ops.keystore import open_keystore
from ops.settings import Settings, create_secrets
from projections.keystore import initialise
from projections.migrations import migrate
from tests.integration.assessment.country import ON, PARTITIONS, Country
from tests.integration.draft.dozen import settle

COPIES = 10


@pytest.fixture
def settings(stack: Settings, database: str, tmp_path: Path) -> Settings:
    create_secrets(tmp_path / "secrets")
    return replace(
        stack,
        home=tmp_path,
        partitions=PARTITIONS,
        today_override=ON,
        hub_dsn_override=database,
        keys_dsn_override=database,
    )


@pytest.fixture
def country(database: str, settings: Settings) -> Iterator[Country]:
    migrate(database)
    initialise(database)
    with closing(open_keystore(settings)) as keystore:
        made = Country(database, keystore)
        with closing(made.connection):
            settle(made, COPIES)
            yield made
