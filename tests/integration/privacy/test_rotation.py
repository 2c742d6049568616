"""A change of epoch: nobody loses a key, no old one stays, and a death in it changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from projections import leaves, rotation
from projections.epochs import EpochFolder, EpochMissingError
from projections.keystore import ERASED, Erasure, PostgresKeyStore, unwrap
from projections.keystore_sql import LOCK
from schemas.errors import PermanentError, TransientError
from tests.integration.privacy.conftest import MakeStore, Rotate

NAMES = [(bytes([n]) * 16, each) for n in range(20) for each in ("health", "identity")]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class KilledError(Exception):
    """Stands for a death at this very place."""


def epochs_of(dsn: str) -> dict[int, str]:
    return {epoch.number: epoch.state for epoch in rotation.status(dsn).epochs}


def leaves_of(dsn: str) -> list[tuple[str, int]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT body ->> 'what', (body ->> 'epoch')::integer FROM kept.audit_leaves"
            " WHERE kind = 'key' ORDER BY id"
        ).fetchall()
    return [(what, epoch) for what, epoch in rows]


def test_keys_stay_and_the_old_epoch_goes(
    store: PostgresKeyStore,
    make: MakeStore,
    change_epoch: Rotate,
    epochs: EpochFolder,
    keys_dsn: str,
) -> None:
    keys = store.keys(NAMES)

    done = change_epoch()

    assert (done.epoch, done.keys, done.destroyed) == (1, len(NAMES), [0])
    assert epochs.numbers() == [1]
    assert make().existing(NAMES) == keys
    assert store.existing(NAMES) == keys
    store.forget()
    assert store.existing(NAMES) == keys
    assert epochs_of(keys_dsn) == {0: "destroyed", 1: "current"}
    assert leaves_of(keys_dsn) == [("epoch_begun", 1), ("epoch_ended", 1), ("epoch_destroyed", 0)]


def test_what_was_wrapped_before_opens_under_no_key_that_is_left(
    store: PostgresKeyStore, change_epoch: Rotate, epochs: EpochFolder, keys_dsn: str
) -> None:
    store.keys(NAMES)
    with psycopg.connect(keys_dsn) as connection:
        old = connection.execute("SELECT owner, class, wrapped FROM sealing_keys").fetchall()

    change_epoch()

    for number in epochs.numbers():
        for owner, sensitivity, wrapped in old:
            with pytest.raises(PermanentError):
                unwrap(AESGCM(epochs.key(number)), (owner.bytes, sensitivity), wrapped)


def test_a_process_that_runs_forgets_a_destroyed_epoch_within_a_minute(
    make: MakeStore, change_epoch: Rotate, keys_dsn: str
) -> None:
    """What it wrapped is put back from a backup: nobody opens it, whoever ran meanwhile."""
    seconds = [0.0]
    running = make(clock=lambda: seconds[0])
    running.keys(NAMES)
    with psycopg.connect(keys_dsn) as connection:
        connection.execute("CREATE TABLE backup AS TABLE sealing_keys")
    change_epoch()
    with psycopg.connect(keys_dsn) as connection:
        connection.execute("TRUNCATE sealing_keys")
        connection.execute("INSERT INTO sealing_keys TABLE backup")

    seconds[0] = 60.0

    with pytest.raises(EpochMissingError, match="epochs/0"):
        running.existing(NAMES)


STEPS: list[tuple[str, Any, str]] = [
    ("file written", EpochFolder, "create"),
    ("wrapped anew", rotation, "_wrap_anew"),
    ("file destroyed", EpochFolder, "destroy"),
    ("leaf written", leaves, "leave"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("where", "name"), [row[1:] for row in STEPS], ids=[s[0] for s in STEPS])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_whoever_comes_after_a_death_finishes(  # noqa: PLR0917
    store: PostgresKeyStore,
    make: MakeStore,
    change_epoch: Rotate,
    keys_dsn: str,
    epochs: EpochFolder,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    nth: int,
    after: bool,
) -> None:
    keys = store.keys(NAMES)
    with monkeypatch.context() as patched:
        patched.setattr(where, name, dying(getattr(where, name), nth, after=after))
        try:
            change_epoch()
        except KilledError:
            assert make().existing(NAMES) == keys  # nobody lost anything meanwhile
            late = make().keys([(b"l" * 16, "health")])
        else:
            late = {}

    if epochs_of(keys_dsn) != {0: "destroyed", 1: "current"}:
        change_epoch()

    assert epochs_of(keys_dsn) == {0: "destroyed", 1: "current"}
    assert epochs.numbers() == [1]
    assert make().existing([*NAMES, *late]) == keys | late
    assert leaves_of(keys_dsn) == [("epoch_begun", 1), ("epoch_ended", 1), ("epoch_destroyed", 0)]


def dying(call: Callable[..., Any], nth: int, *, after: bool) -> Callable[..., Any]:
    count = 0

    def dies(*args: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        if count == nth and not after:
            raise KilledError
        result = call(*args, **more)
        if count == nth and after:
            raise KilledError
        return result

    return dies


def test_a_death_between_two_batches_is_gone_on_from(
    store: PostgresKeyStore, make: MakeStore, change_epoch: Rotate
) -> None:
    keys = store.keys(NAMES)
    seen: list[int] = []

    def show(done: int, total: int) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise KilledError

    with pytest.raises(KilledError):
        change_epoch(show=show)
    assert make().existing(NAMES) == keys  # some under the one epoch, some under the other
    again = change_epoch()

    assert (again.is_resumed, again.keys) == (True, len(NAMES) - seen[-1])
    assert make().existing(NAMES) == keys


def test_readers_and_creators_go_on_meanwhile(make: MakeStore, change_epoch: Rotate) -> None:
    made: dict[tuple[bytes, str], bytes] = {}
    failed: list[BaseException] = []
    stop = threading.Event()

    def work(number: int) -> None:
        mine, count = make(), 0
        try:
            while not stop.is_set():
                count += 1
                name = (bytes([number]) * 8 + count.to_bytes(8, "big"), "health")
                made[name] = mine.keys([name])[name]
                mine.forget()
                assert mine.existing([name]) == {name: made[name]}
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        change_epoch(batch=50)
    stop.set()
    for thread in threads:
        thread.join()

    assert failed == []
    assert made
    assert make().existing(made) == made


def test_no_key_is_made_under_an_epoch_that_was_retired(
    store: PostgresKeyStore, change_epoch: Rotate, keys_dsn: str
) -> None:
    store.keys(NAMES[:1])  # knows epoch 0 as the current one
    change_epoch()
    store.keys(NAMES[1:2])

    with psycopg.connect(keys_dsn) as connection:
        rows = connection.execute("SELECT DISTINCT epoch FROM sealing_keys").fetchall()
    assert rows == [(1,)]


def test_two_at_once_are_one(store: PostgresKeyStore, change_epoch: Rotate, keys_dsn: str) -> None:
    store.keys(NAMES)
    with psycopg.connect(keys_dsn) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(TransientError, match="another"):
            change_epoch()


def test_a_key_that_does_not_open_stops_it_before_anything_is_destroyed(
    store: PostgresKeyStore, change_epoch: Rotate, epochs: EpochFolder, keys_dsn: str
) -> None:
    store.keys(NAMES)
    with psycopg.connect(keys_dsn) as connection:
        connection.execute(
            "UPDATE sealing_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)"
            " WHERE owner = %s",
            [UUID(bytes=NAMES[-1][0])],
        )

    with pytest.raises(PermanentError, match="does not open"):
        change_epoch()

    assert epochs.numbers() == [0, 1]


def test_the_erased_stay_erased(
    store: PostgresKeyStore, make: MakeStore, change_epoch: Rotate, keys_dsn: str
) -> None:
    store.keys(NAMES)
    store.erase([Erasure(b"e" * 16, *NAMES[3]), Erasure(b"f" * 16, b"n" * 16, "tax")], NOW)
    assert rotation.status(keys_dsn).waiting == 0  # erased long before this epoch began

    done = change_epoch()

    assert done.keys == len(NAMES) - 1
    erased = {NAMES[3]: ERASED, (b"n" * 16, "tax"): ERASED}
    assert make().keys(erased) == erased


def test_without_its_file_a_key_is_not_opened(
    store: PostgresKeyStore, epochs: EpochFolder, make: MakeStore
) -> None:
    store.keys(NAMES)
    epochs.destroy(0)

    with pytest.raises(EpochMissingError, match="epochs/0"):
        make().existing(NAMES)
