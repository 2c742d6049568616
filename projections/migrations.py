"""Bring the hub's database to the present schema: every file of ``sql/`` once, in order.

One transaction under an advisory lock, so two at once do it once and a crash leaves nothing half
done. What was applied is recorded with its SHA-256: a file that changed afterwards is refused,
because no running database would ever see the change.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import Final

import psycopg
from psycopg import errors

from schemas.errors import PermanentError, TransientError

_LOCK: Final = 0x6875_6201  # any number, the same in every process: "hub", 1
_CREATE: Final = """
CREATE SCHEMA IF NOT EXISTS kept;
CREATE TABLE IF NOT EXISTS kept.migrations (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


def scripts() -> dict[str, str]:
    """Return the text of every migration by file name, in order."""
    folder = files("projections") / "sql"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return {name: (folder / name).read_text("utf-8") for name in names}


def migrate(dsn: str) -> list[str]:
    """Apply what is missing and return the names of the files applied.

    Raises:
        TransientError: the database does not answer.
        PermanentError: a file that was applied has changed since; or the owner is no superuser,
            and a superuser has not done their part before.
    """
    try:
        with psycopg.connect(dsn) as connection:
            return _migrate(connection)
    except (errors.InsufficientPrivilege, errors.RaiseException) as error:
        raise PermanentError(
            f"the database's owner may not bring it up to date: {error.diag.message_primary} "
            f'({error.diag.message_detail or "no more is known"}); docs/local-stack.md, "A server '
            'that others run", says what its superuser does before'
        ) from error
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def _migrate(connection: psycopg.Connection) -> list[str]:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    connection.execute("SET LOCAL client_min_messages = warning")
    connection.execute(_CREATE)
    rows = connection.execute("SELECT name, sha256 FROM kept.migrations").fetchall()
    applied: dict[str, str] = dict(rows)
    fresh = []
    for name, text in scripts().items():
        digest = sha256(text.encode()).hexdigest()
        if name not in applied:
            connection.execute(text.encode())
            connection.execute(
                "INSERT INTO kept.migrations (name, sha256) VALUES (%s, %s)", [name, digest]
            )
            fresh.append(name)
        elif applied[name] != digest:
            raise PermanentError(
                f"projections/sql/{name} has changed since it was applied to this database; "
                "put the change into a new file, or start from an empty database"
            )
    return fresh
