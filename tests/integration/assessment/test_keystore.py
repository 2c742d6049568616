"""The key store on real PostgreSQL: one key per name, however many ask for it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psycopg
import pytest

from projections.keystore import ERASED, REDACTED, PostgresKeyStore, initialise, open_block
from schemas.errors import PermanentError, TransientError
from schemas.sealing import seal

WRAPPING = b"w" * 32
PERSON = bytes(range(16))
NAMES = [(bytes([n]) * 16, "health") for n in range(200)]


Make = Callable[..., PostgresKeyStore]


@pytest.fixture
def make(database: str) -> Iterator[Make]:
    """Open one more store on the same database."""
    initialise(database)
    initialise(database)  # twice is once
    with ExitStack() as opened:
        yield lambda wrapping=WRAPPING, **options: opened.enter_context(
            closing(PostgresKeyStore(database, wrapping, **options))
        )


@pytest.fixture
def store(make: Make) -> PostgresKeyStore:
    return make()


def test_a_key_is_the_same_for_everybody_and_for_ever(store: PostgresKeyStore, make: Make) -> None:
    first = store.keys(NAMES)

    assert make().keys(reversed(NAMES)) == first
    assert len(set(first.values())) == len(NAMES)
    store.close()
    assert store.keys(NAMES) == first  # connects again


def test_two_creators_at_once_get_one_key(make: Make) -> None:
    stores = [make() for _ in range(8)]

    with ThreadPoolExecutor(len(stores)) as pool:
        orders = [NAMES if n % 2 else NAMES[::-1] for n in range(len(stores))]
        results = list(
            pool.map(lambda pair: pair[0].keys(pair[1]), zip(stores, orders, strict=True))
        )

    assert all(result == results[0] for result in results)
    assert results[0].keys() == set(NAMES)


def test_looking_up_creates_nothing(store: PostgresKeyStore) -> None:
    assert store.existing([(PERSON, "health")]) == {}
    assert store.existing([(PERSON, "health")]) == {}


def test_an_erased_block_opens_as_a_redaction_and_is_never_given_a_new_key(
    store: PostgresKeyStore, database: str
) -> None:
    key = store.keys([(PERSON, "health")])[PERSON, "health"]
    block = seal(key, b"e" * 16, "health", {"group": 1})
    assert open_block(key, b"e" * 16, "health", block) == {"group": 1}

    with psycopg.connect(database) as connection:
        connection.execute("UPDATE sealing_keys SET state = 'erased', wrapped = NULL")
    store.forget()

    assert store.keys([(PERSON, "health")]) == {(PERSON, "health"): ERASED}
    assert open_block(ERASED, b"e" * 16, "health", block) == REDACTED
    with pytest.raises(ValueError, match="AESGCM key"):
        seal(ERASED, b"e" * 16, "health", {"group": 1})


def test_a_cached_key_outlives_its_erasure_by_no_more_than_its_age(
    make: Make, database: str
) -> None:
    seconds = [0.0]
    store = make(max_age_seconds=60, clock=lambda: seconds[0])
    store.keys([(PERSON, "tax")])
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE sealing_keys SET state = 'never', wrapped = NULL")

    seconds[0] = 61.0

    assert store.existing([(PERSON, "tax")]) == {(PERSON, "tax"): ERASED}


def test_the_database_holds_no_key_in_clear(
    store: PostgresKeyStore, make: Make, database: str
) -> None:
    key = store.keys([(PERSON, "health")])[PERSON, "health"]

    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT wrapped FROM sealing_keys").fetchone()
    assert row is not None
    assert key not in row[0]
    with pytest.raises(PermanentError, match="another wrapping key"):
        make(b"x" * 32).keys([(PERSON, "health")])


def test_a_key_bound_to_one_name_does_not_serve_another(
    store: PostgresKeyStore, database: str
) -> None:
    store.keys([(PERSON, "health")])
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE sealing_keys SET class = 'tax'")
    store.forget()

    with pytest.raises(PermanentError):
        store.keys([(PERSON, "tax")])


def test_an_unknown_class_is_refused(store: PostgresKeyStore) -> None:
    with pytest.raises(PermanentError, match="secret"):
        store.keys([(PERSON, "secret")])


def test_a_database_that_does_not_answer_is_a_matter_for_a_retry() -> None:
    with pytest.raises(TransientError):
        PostgresKeyStore("host=127.0.0.1 port=1", WRAPPING).keys([(PERSON, "health")])
