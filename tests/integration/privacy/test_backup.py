"""A backup of the key store, and a home of before epochs."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from ops.keystore import initialise_keystore, open_keystore
from ops.privacy import backup
from ops.privacy.decided import EverDecided
from ops.settings import Settings
from projections.epochs import EpochFolder
from projections.keystore import ERASED, Erasure, PostgresKeyStore
from schemas.errors import PermanentError
from tests.integration.privacy.conftest import MakeStore, Rotate

NAMES = [(bytes([n]) * 16, "health") for n in range(10)]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_what_was_lost_comes_back_and_what_was_erased_does_not(
    store: PostgresKeyStore, make: MakeStore, keys_dsn: str, tmp_path: Path
) -> None:
    keys = store.keys(NAMES)
    path = tmp_path / "backup"
    assert backup.write(keys_dsn, path, NOW) == len(NAMES)
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(key.hex().encode() not in path.read_bytes() for key in keys.values())
    # Of one key, decided by two events.
    erasures = [Erasure(b"e" * 16, *NAMES[0]), Erasure(b"f" * 16, *NAMES[0])]

    with psycopg.connect(keys_dsn) as connection:
        connection.execute("DELETE FROM sealing_keys")
        done = backup.put_back(connection, path, [0], EverDecided(erasures))

    assert (done.rows, done.added, done.erased, done.unopened) == (10, 10, 1, 0)
    assert make().existing(NAMES) == keys | {NAMES[0]: ERASED}
    events = {UUID(bytes=one.event_id) for one in erasures}
    assert make().is_done(events) == events


def test_what_the_store_has_it_keeps(
    store: PostgresKeyStore, make: MakeStore, keys_dsn: str, tmp_path: Path
) -> None:
    lost = store.keys(NAMES)
    path = tmp_path / "backup"
    backup.write(keys_dsn, path, NOW)
    with psycopg.connect(keys_dsn) as connection:
        connection.execute("DELETE FROM sealing_keys")
    made_since = make().keys(NAMES[:3])

    with psycopg.connect(keys_dsn) as connection:
        done = backup.put_back(connection, path, [0], EverDecided())

    assert (done.rows, done.added) == (10, 7)
    assert make().existing(NAMES) == lost | made_since


def test_what_was_restricted_is_closed_in_the_same_moment(
    store: PostgresKeyStore, make: MakeStore, keys_dsn: str, tmp_path: Path
) -> None:
    """A store that was lost whole lost its restrictions too; nobody may look before the clock."""
    keys = store.keys(NAMES)
    path = tmp_path / "backup"
    backup.write(keys_dsn, path, NOW)
    last = date(2026, 12, 31)
    decided = EverDecided([], [(Erasure(b"e" * 16, *NAMES[0]), "Court order", last)])

    with psycopg.connect(keys_dsn) as connection:
        connection.execute("TRUNCATE sealing_keys, key_restrictions")
        backup.put_back(connection, path, [0], decided)
        backup.put_back(connection, path, [0], decided)

    assert make().readable(NAMES, "welfare", last) == keys | {NAMES[0]: ERASED}
    assert make().readable(NAMES, "welfare", date(2027, 1, 1)) == keys
    assert make().is_done([UUID(bytes=b"e" * 16)]) == set(), "its leaf is the clock's to write"


def test_after_the_epoch_a_backup_is_worth_nothing(
    store: PostgresKeyStore, change_epoch: Rotate, make: MakeStore, keys_dsn: str, tmp_path: Path
) -> None:
    store.keys(NAMES)
    path = tmp_path / "backup"
    backup.write(keys_dsn, path, NOW)
    change_epoch()

    with psycopg.connect(keys_dsn) as connection:
        connection.execute("DELETE FROM sealing_keys")
        done = backup.put_back(connection, path, [1], EverDecided())

    assert (done.added, done.unopened) == (0, len(NAMES))
    assert make().existing(NAMES) == {}


@pytest.mark.parametrize("spoil", ["cut", "bit", "line", "empty", "other"])
def test_what_is_no_whole_backup_is_refused(
    store: PostgresKeyStore, keys_dsn: str, tmp_path: Path, spoil: str
) -> None:
    store.keys(NAMES)
    path = tmp_path / "backup"
    backup.write(keys_dsn, path, NOW)
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    path.write_bytes(
        {
            "cut": content[:-40],
            "bit": content.replace(b'"active"', b'"actiwe"', 1),
            "line": b"".join(lines[:2] + lines[3:]),
            "empty": b"",
            "other": b"{}\n{}\n",
        }[spoil]
    )

    with psycopg.connect(keys_dsn) as connection, pytest.raises(PermanentError, match="no whole"):
        backup.put_back(connection, path, [0], EverDecided())


def test_a_backup_is_never_written_over_another(keys_dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    backup.write(keys_dsn, path, NOW)

    with pytest.raises(PermanentError, match="exists"):
        backup.write(keys_dsn, path, NOW)


@pytest.fixture
def home(database: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, cache=tmp_path, keys_dsn_override=database)


def test_a_home_of_before_epochs_keeps_its_keys(home: Settings, database: str) -> None:
    secrets = home.home / "secrets"
    secrets.mkdir()
    (secrets / "wrapping_key").write_text((b"w" * 32).hex())
    with psycopg.connect(database) as connection:  # as the table was then
        connection.execute(
            "CREATE TABLE sealing_keys (owner uuid NOT NULL, class text NOT NULL, state text NOT"
            " NULL DEFAULT 'active', wrapped bytea, created_at timestamptz NOT NULL DEFAULT now(),"
            " PRIMARY KEY (owner, class), CHECK ((state = 'active') = (wrapped IS NOT NULL)))"
        )
    initialise_keystore(home)
    with closing(PostgresKeyStore(database, b"w" * 32)) as before:
        keys = before.keys(NAMES)

    with closing(open_keystore(home)) as after:
        assert after.existing(NAMES) == keys
    assert EpochFolder(secrets / "epochs").numbers() == [0]
    assert not (secrets / "wrapping_key").exists()


def test_a_new_home_gets_its_first_epoch_once(home: Settings) -> None:
    initialise_keystore(home)
    with closing(open_keystore(home)) as store:
        keys = store.keys(NAMES)
    initialise_keystore(home)

    with closing(open_keystore(home)) as store:
        assert store.existing(NAMES) == keys


def test_lost_epochs_are_never_made_up_for(home: Settings) -> None:
    initialise_keystore(home)
    with closing(open_keystore(home)) as store:
        store.keys(NAMES)
    (home.home / "secrets" / "epochs" / "0").unlink()

    with pytest.raises(PermanentError, match="restore the folder"):
        open_keystore(home)
