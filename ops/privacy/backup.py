"""A backup of the key store: wrapped keys as lines, and back again without waking the dead.

A line of JSON for each row, a head before them (format, epoch, moment), and a last line with their
number and SHA-256. The file is 0600, and whole before it has its name. It holds wrapped keys only:
without the file of their epoch it is worth nothing, and once that is destroyed it is worth nothing
for ever. Restoring adds what is missing; what the store has, it keeps. The decided erasures and
restrictions are carried out in the same transaction, so no reader ever sees a key that was erased,
or opens what was closed to them.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg

from ops.keystore import epochs_of
from ops.privacy.decided import EverDecided, ever_decided
from ops.settings import Settings
from projections import keystore_sql as sql
from schemas import retention
from schemas.errors import PermanentError, TransientError

FORMAT: Final = 1
_BATCH: Final = 5000
_ROWS: Final = "SELECT owner::text, class, state, wrapped, epoch FROM sealing_keys"
_EPOCHS: Final = "SELECT epoch, state FROM key_epochs ORDER BY epoch"
_CURRENT: Final = """
SELECT EXISTS (SELECT FROM key_epochs WHERE state = 'current' AND epoch = ANY (%s))
"""
_EPOCH: Final = "INSERT INTO key_epochs (epoch, state) VALUES (%s, %s)"
_INSERT: Final = """
INSERT INTO sealing_keys (owner, class, state, wrapped, epoch)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::integer[])
ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class Restored:
    """What came of a restore."""

    rows: int = 0  # in the backup
    added: int = 0
    erased: int = 0  # of those in the store, by decisions of operators
    unopened: int = 0  # of an epoch that has no key any more; left out


def write(dsn: str, path: Path, now: datetime) -> int:
    """Write the backup and return how many rows it has.

    Raises:
        PermanentError: the file exists.
        TransientError: the key store does not answer.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    if path.exists():
        raise PermanentError(f"{path} exists; a backup is never written over another")
    try:
        with (
            psycopg.connect(dsn) as connection,
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ):
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            digest, count = hashlib.sha256(), 0
            for line in _lines(connection, now):
                file.write(line)
                digest.update(line)
                count += 1
            file.write(_line({"lines": count, "sha256": digest.hexdigest()}))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except psycopg.OperationalError as error:
        raise TransientError("the key store does not answer; see `hub status`") from error
    finally:
        draft.unlink(missing_ok=True)
    return count - 1


def restore(settings: Settings, path: Path) -> Restored:
    """Put back what is missing; see the module. One transaction: a crash leaves all as it was.

    Raises:
        PermanentError: the file is no whole backup.
        TransientError: Kafka, the schema registry or the key store does not answer.
    """
    decided = ever_decided(settings)
    files = set(epochs_of(settings).numbers())
    try:
        with psycopg.connect(settings.keys_dsn) as connection:
            sql.prepare(connection)
            return put_back(connection, path, files, decided)
    except psycopg.OperationalError as error:
        raise TransientError("the key store does not answer; see `hub status`") from error


def put_back(
    connection: psycopg.Connection[Any],
    path: Path,
    epochs: Collection[int],
    decided: EverDecided,
) -> Restored:
    """Put back what is missing, in the transaction that is open; erase and restrict what must be.

    Args:
        connection: to the key store.
        path: the backup.
        epochs: those that have a key.
        decided: every decision of operators.

    Raises:
        PermanentError: the file is no whole backup.
    """
    done = Restored()
    rows = _read(path)
    head = next(rows)
    _settle_epochs(connection, head, epochs)
    batch: list[dict[str, Any]] = []
    for row in rows:
        done.rows += 1
        if row["state"] == "active" and row["epoch"] not in epochs:
            done.unopened += 1
            continue
        batch.append(row)
        if len(batch) == _BATCH:
            done.added += _insert(connection, batch)
            batch = []
    done.added += _insert(connection, batch)
    owners = [UUID(bytes=each.owner) for each in decided.erasures]
    classes = [each.sensitivity for each in decided.erasures]
    events = [UUID(bytes=each.event_id) for each in decided.erasures]
    now = datetime.now(UTC)
    done.erased = connection.execute(sql.ERASE, [now, owners, classes, events]).rowcount
    connection.execute(sql.DONE, [events])
    _restrict(connection, decided)
    return done


def _restrict(connection: psycopg.Connection[Any], decided: EverDecided) -> None:
    """Close what was restricted; that this was done, the clock finds and notes by itself."""
    rules = retention.load()
    for one, basis, last in decided.restrictions:
        if one.sensitivity not in rules:
            continue  # the workers refused this event
        event, owner = UUID(bytes=one.event_id), UUID(bytes=one.owner)
        bases = list(rules[one.sensitivity].readable_for)
        connection.execute(sql.RESTRICT, [event, owner, one.sensitivity, basis, last, bases])


def _settle_epochs(
    connection: psycopg.Connection[Any], head: dict[str, Any], files: Collection[int]
) -> None:
    """Let the last epoch that has a key be the current one, in a store that lost its own.

    What the backup calls current may be destroyed by now.
    """
    if not files:
        raise PermanentError("there is no key of any epoch: restore secrets/epochs first")
    if connection.execute(_CURRENT, [list(files)]).fetchone() == (True,):
        return
    connection.execute("DELETE FROM key_epochs")
    for number in sorted({epoch for epoch, _ in head["epochs"]} | set(files)):
        state = "current" if number == max(files) else "retired"
        connection.execute(_EPOCH, [number, state if number in files else "destroyed"])


def _insert(connection: psycopg.Connection[Any], rows: list[dict[str, Any]]) -> int:
    columns = [[row[name] for row in rows] for name in ("owner", "class", "state")]
    wrapped = [None if row["wrapped"] is None else b64decode(row["wrapped"]) for row in rows]
    epochs = [row["epoch"] for row in rows]
    return connection.execute(_INSERT, [*columns, wrapped, epochs]).rowcount


def _lines(connection: psycopg.Connection[Any], now: datetime) -> Iterator[bytes]:
    epochs = connection.execute(_EPOCHS).fetchall()
    yield _line({"format": FORMAT, "taken_at": now, "epochs": epochs})
    with connection.cursor(name="backup") as cursor:
        cursor.itersize = _BATCH
        for owner, sensitivity, state, wrapped, epoch in cursor.execute(_ROWS):
            yield _line(
                {
                    "owner": owner,
                    "class": sensitivity,
                    "state": state,
                    "wrapped": None if wrapped is None else b64encode(wrapped).decode(),
                    "epoch": epoch,
                }
            )


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the head and the rows of a backup that was found whole before."""
    digest, count, last = hashlib.sha256(), 0, b""
    try:
        with path.open("rb") as file:
            for line in file:
                if last:
                    digest.update(last)
                    count += 1
                last = line
        end = orjson.loads(last)
        is_whole = (end["lines"], end["sha256"]) == (count, digest.hexdigest()) and count > 0
    except FileNotFoundError:
        raise PermanentError(f"{path} does not exist") from None
    except (ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise PermanentError(f"{path} is no whole backup of a key store: its digest differs")
    with path.open("rb") as file:
        head = orjson.loads(next(file))
        if head.get("format") != FORMAT:
            raise PermanentError(f"{path} has a format that this build does not know")
        yield head
        for _ in range(count - 1):
            yield orjson.loads(next(file))


def _line(value: object) -> bytes:
    return orjson.dumps(value, default=list) + b"\n"
