"""Give a principal of Kafka, a role of PostgreSQL or the token issuer a new secret, at work.

The order of effects, and what a crash right after each step means:

    1  the new secret lies in ``secrets/next`` (ops/secret_changes.py)   the old one counts
    2  the leaf is committed (for a role: together with 3)               a leaf too many
    3  the server takes the new one, and no longer the old one           see below
    4  the file, or the line of ``pgpass``, says it                      it is as it shall be, but
    5  what reads it only when it starts is started again                for who runs with the old
    6  it is removed from ``secrets/next``                               done

The same command goes on after a crash anywhere: it finds the secret of step 1 and takes every step
again; each is the same when it is taken twice. Between 3 and 4 who connects anew is refused: it
lasts milliseconds, and after a crash until the command is given again, or `hub up`, which has the
server take what the file says. Connections that are open stay, at Kafka and at PostgreSQL.
Components see that their file says something else and end; their supervisor starts them with it
(ops/run/replaced.py).

``broker`` is Kafka's own and stands in its configuration: Kafka is stopped, then 4, then started.
The old ``token_key`` is kept as ``token_key.before``: what it signed counts until it expires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from ops import secret_changes
from ops.operators import login
from ops.secret_changes import PRINCIPALS, TOKEN_KEY
from ops.secret_files import (
    BROKER,
    OWNER,
    SCHEMA_REGISTRY,
    TOKEN_KEY_BEFORE,
    kafka_file,
    replace_database_password,
    replace_kafka_password,
    write_secret,
)
from ops.settings import Settings
from ops.stack import postgres, roles, users
from ops.stack.stack import Say, Stack
from projections.leaves import leave
from schemas.errors import PermanentError, TransientError


def rotate(settings: Settings, name: str, say: Say) -> bool:
    """Give ``name`` a new secret; return whether that goes on with a change that was begun.

    Raises:
        PermanentError: it may not change, or this home does not hold the secrets.
        TransientError: a server does not answer; the same command goes on.
    """
    secret_changes.refuse_unchangeable(name)
    stack = Stack(settings)
    folder = settings.secrets_folder
    _refuse_elsewhere(settings, name)
    with stack.locked():
        is_resumed = secret_changes.begun(folder, name) is not None
        with _owner(settings) as connection:
            new = secret_changes.begin(folder, name)
            _kind(name)(stack, connection, name, new, say)
        secret_changes.end(folder, name)
    return is_resumed


Change = Callable[[Stack, psycopg.Connection[Any], str, str, Say], None]


def _kind(name: str) -> Change:
    if name == kafka_file(BROKER):
        return _broker
    if name in PRINCIPALS:
        return _principal
    return _token_key if name == TOKEN_KEY else _role


def _principal(
    stack: Stack, connection: psycopg.Connection[Any], name: str, new: str, say: Say
) -> None:
    settings, principal = stack.settings, PRINCIPALS[name]
    _leave(connection, name)
    users.set_passwords(settings, {principal: new})
    # Only then the file: who reads it is let in.
    users.wait_until_let_in(settings, principal, new)
    replace_kafka_password(settings.secrets_folder, principal, new)


def _broker(
    stack: Stack, connection: psycopg.Connection[Any], name: str, new: str, say: Say
) -> None:
    _leave(connection, name)
    say("stopping kafka; components wait for it")
    stack.stop("kafka")
    replace_kafka_password(stack.settings.secrets_folder, BROKER, new)
    say("starting kafka")
    stack.start("kafka")


def _role(stack: Stack, connection: psycopg.Connection[Any], name: str, new: str, say: Say) -> None:
    settings = stack.settings
    if name == OWNER:
        postgres.forget_owner_password(settings)  # the next start has it set from the file
    with connection.transaction():
        _leave(connection, name)
        roles.set_password(connection, name, new)
    replace_database_password(settings.secrets_folder, name, new)
    if name == SCHEMA_REGISTRY and stack.record("registry") is not None:
        say("starting the schema registry again: it reads its password then")
        stack.stop("registry")
        stack.start("registry")


def _token_key(
    stack: Stack, connection: psycopg.Connection[Any], name: str, new: str, say: Say
) -> None:
    folder = stack.settings.secrets_folder
    _leave(connection, name)
    old = (folder / TOKEN_KEY).read_text(encoding="ascii")
    if old != new:
        write_secret(folder / TOKEN_KEY_BEFORE, old)
        write_secret(folder / TOKEN_KEY, new)


def _leave(connection: psycopg.Connection[Any], name: str) -> None:
    body = {"what": "secret-rotated", "who": login(), "by": "hub secrets rotate", "secret": name}
    leave(connection, "operator", body)


@contextmanager
def _owner(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Connect as the owner, with the password of the file or with the one that is to come.

    Raises:
        TransientError: the database does not answer.
        PermanentError: it takes neither, or has no tables yet.
    """
    coming = secret_changes.begun(settings.secrets_folder, OWNER)
    try:
        connection = psycopg.connect(settings.hub_dsn, autocommit=True)
    except psycopg.OperationalError as error:
        if coming is None or "password authentication failed" not in str(error):
            raise TransientError(
                "the hub's database does not answer; see `hub status`. Nothing was changed"
            ) from error
        connection = psycopg.connect(settings.hub_dsn, autocommit=True, password=coming)
    with connection:
        found = connection.execute("SELECT to_regclass('kept.audit_leaves') IS NOT NULL").fetchone()
        if found != (True,):
            raise PermanentError(
                "this hub has no tables yet, so no change can be put on record: `hub init` first"
            )
        yield connection


def _refuse_elsewhere(settings: Settings, name: str) -> None:
    """Raise unless this home has the secrets, and may write them."""
    home, broker = settings.home, settings.secrets_folder / kafka_file(BROKER)
    if not (home / "run").is_dir():
        raise PermanentError(
            f"{home} is no home of a local stack: secrets that were handed to this process cannot "
            "be changed here; see docs/local-stack.md, New passwords"
        )
    if name in PRINCIPALS and not broker.exists():
        raise PermanentError(f"{broker} is missing, and nobody else makes users of Kafka")
    if name == broker.name and settings.bootstrap_override:
        raise PermanentError(f"{name} is Kafka's own, and HUB_BOOTSTRAP_SERVERS names another one")
