"""Open the key store: the one place that knows where its database and its epochs are."""

from __future__ import annotations

import psycopg

from ops.secret_files import OWNER
from ops.settings import Settings
from ops.surroundings import as_role
from projections import keystore_sql
from projections.epochs import FIRST, EpochFolder
from projections.keystore import PostgresKeyStore, initialise
from schemas.errors import PermanentError, TransientError

_BEFORE_EPOCHS = "wrapping_key"  # what the one wrapping key was called


def epochs_of(settings: Settings) -> EpochFolder:
    """Return the folder of the wrapping keys, one file an epoch."""
    return EpochFolder(settings.home / "secrets" / "epochs")


def open_keystore(
    settings: Settings, role: str = OWNER, *, max_age_seconds: float = 60.0
) -> PostgresKeyStore:
    """Return the key store; close it in the end.

    A home of before epochs is brought up to date: its ``wrapping_key`` becomes the first epoch's.

    Raises:
        PermanentError: there are keys, but none of the epochs that they are wrapped under.
        TransientError: the key store's database does not answer (asked at the first start only).
    """
    epochs = epochs_of(settings)
    if not epochs.numbers():
        _first_epoch(settings, epochs)
    dsn = settings.keys_dsn if role == OWNER else as_role(settings.keys_dsn, role)
    return PostgresKeyStore(dsn, epochs, max_age_seconds=max_age_seconds)


def initialise_keystore(settings: Settings) -> None:
    """Create tables and the first epoch where they are missing; idempotent."""
    initialise(settings.keys_dsn)
    open_keystore(settings).close()


def _first_epoch(settings: Settings, epochs: EpochFolder) -> None:
    """Adopt the old wrapping key, or make the first epoch of a store without a single key.

    A crash leaves the file under its old name or its new one, or no file: begin again. Of several
    processes at once one writes, and all read what it wrote.
    """
    if epochs.adopt(settings.home / "secrets" / _BEFORE_EPOCHS) or epochs.numbers():
        return
    try:
        with psycopg.connect(settings.keys_dsn) as connection:
            keystore_sql.prepare(connection)
            begun = connection.execute(keystore_sql.HAS_BEGUN).fetchone()
    except psycopg.OperationalError as error:
        raise TransientError("the key store does not answer; see `hub status`") from error
    if begun != (False,):
        raise PermanentError(
            f"{epochs.folder} holds no key, but the key store has keys: restore the folder from "
            "its backup; nobody can open them without it"
        )
    epochs.create(FIRST)
