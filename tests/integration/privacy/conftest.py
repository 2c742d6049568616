"""A key store and a hub's tables in a database of the test's own, with epochs as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from projections.epochs import FIRST, EpochFolder
from projections.keystore import PostgresKeyStore, initialise
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from projections.rotation import Rotated, rotate
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.integration.assessment.country import KEYS, PARTITIONS, Country

MakeStore = Callable[..., PostgresKeyStore]
Rotate = Callable[..., Rotated]


@pytest.fixture
def epochs(tmp_path: Path) -> EpochFolder:
    folder = EpochFolder(tmp_path / "epochs")
    folder.create(FIRST)
    return folder


@pytest.fixture
def keys_dsn(database: str) -> str:
    migrate(database)
    initialise(database)
    return database


@pytest.fixture
def make(keys_dsn: str, epochs: EpochFolder) -> Iterator[MakeStore]:
    """Open one more store, as another process would: it reads the files by itself."""
    with ExitStack() as opened:
        yield lambda **options: opened.enter_context(
            closing(PostgresKeyStore(keys_dsn, EpochFolder(epochs.folder), **options))
        )


@pytest.fixture
def store(make: MakeStore) -> PostgresKeyStore:
    return make()


@pytest.fixture
def change_epoch(keys_dsn: str, epochs: EpochFolder) -> Rotate:
    def change(**options: object) -> Rotated:
        given = {"who": "tester", "show": lambda done, total: None, "batch": 7} | options
        return rotate(keys_dsn, keys_dsn, EpochFolder(epochs.folder), **given)  # type: ignore[arg-type]

    return change


@pytest.fixture
def country(keys_dsn: str, store: PostgresKeyStore) -> Iterator[Country]:
    made = Country(keys_dsn, store)
    with closing(made.connection):
        yield made


@pytest.fixture
def assessor(country: Country, keys_dsn: str, store: PostgresKeyStore) -> Iterator[Assessor]:
    with closing(connect(keys_dsn)) as connection:
        yield Assessor(NeedsStore(connection), store, KEYS, PACK, PARTITIONS)
