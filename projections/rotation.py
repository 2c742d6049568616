"""Change the epoch: wrap every key anew, then destroy what they were wrapped under before.

    1  write the new epoch's key file                crash: a file, which the next try uses
    2  make it current, in one transaction           crash after: the next try goes on from here
    3  leaf `epoch_begun`
    4  wrap anew, batch by batch, a transaction each crash: the next try finds who is left
    5  leaf `epoch_ended`
    6  destroy the old key file                      crash: the next try destroys it again
    7  leaf `epoch_destroyed`
    8  note that it is destroyed                     crash before: 6 and 7 find that they are done

Readers and creators go on all the while. Nothing is created under an old epoch once 2 is
committed: creators hold the row of the epoch that they wrap under until their commit, and 2 waits
for it. So when 4 finds nobody, nobody can come. A leaf is looked for before it is written: each
stands once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from projections import leaves
from projections.epochs import EpochFolder
from projections.keystore import unwrap, wrap
from projections.keystore_sql import LOCK
from schemas.errors import PermanentError, TransientError

BATCH: Final = 5000
Show = Callable[[int, int], None]  # keys wrapped anew, of how many
_Connection = psycopg.Connection[tuple[Any, ...]]

_STATES: Final = "SELECT epoch, state, began_at, destroyed_at FROM key_epochs ORDER BY epoch"
_COUNTS: Final = """
SELECT epoch, state, count(*) FROM sealing_keys GROUP BY epoch, state ORDER BY epoch, state
"""
_LEFT: Final = "SELECT count(*) FROM sealing_keys WHERE state = 'active' AND epoch <> %s"
_RETIRE: Final = "UPDATE key_epochs SET state = 'retired' WHERE state = 'current'"
_BEGIN: Final = "INSERT INTO key_epochs (epoch, state) VALUES (%s, 'current')"
_DESTROYED: Final = """
UPDATE key_epochs SET state = 'destroyed', destroyed_at = now() WHERE epoch = %s
"""
_SURVIVORS: Final = """
SELECT owner, class, wrapped, epoch FROM sealing_keys
 WHERE (owner, class) > (%s, %s) AND state = 'active' AND epoch <> %s
 ORDER BY owner, class LIMIT %s FOR UPDATE
"""
_REWRAP: Final = """
UPDATE sealing_keys SET wrapped = fresh.wrapped, epoch = %s
  FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS fresh (owner, class, wrapped)
 WHERE sealing_keys.owner = fresh.owner AND sealing_keys.class = fresh.class
"""
_WAITING: Final = """
SELECT count(*) FROM sealing_keys
 WHERE state = 'erased'
   AND erased_at >= (SELECT began_at FROM key_epochs WHERE state = 'current')
"""
_IS_LEFT: Final = """
SELECT EXISTS (SELECT FROM kept.audit_leaves
    WHERE kind = 'key' AND body ->> 'what' = %s AND body ->> 'epoch' = %s)
"""


class Epoch(NamedTuple):
    """One epoch as the key store knows it."""

    number: int
    state: str
    began_at: datetime
    destroyed_at: datetime | None


class Status(NamedTuple):
    """What the key store holds."""

    epochs: list[Epoch]
    counts: list[tuple[int, str, int]]  # epoch, state of the key, how many
    waiting: int  # erased in this epoch: old pages of them open until the next one


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a change of epoch came to."""

    epoch: int
    keys: int
    destroyed: list[int]
    is_resumed: bool


def status(dsn: str) -> Status:
    """Return what the key store holds.

    Raises:
        TransientError: its database does not answer.
    """
    with _connected(dsn) as connection:
        epochs = [Epoch(*row) for row in connection.execute(_STATES).fetchall()]
        counts = [(row[0], row[1], row[2]) for row in connection.execute(_COUNTS).fetchall()]
        return Status(epochs, counts, _number(connection, _WAITING))


def rotate(
    dsn: str, hub_dsn: str, epochs: EpochFolder, *, who: str, show: Show, batch: int = BATCH
) -> Rotated:
    """Change the epoch, or finish the change that was begun; see the module.

    Args:
        dsn: the key store's database.
        hub_dsn: where the leaves go.
        epochs: the key files.
        who: the operator, for the leaves.
        show: learns how far it is.
        batch: keys a transaction.

    Raises:
        TransientError: a database does not answer, or somebody else is at it; nothing is lost.
        PermanentError: a key does not open; nothing was destroyed.
    """
    with _connected(dsn) as connection, _connected(hub_dsn) as hub:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
            raise TransientError("another `hub keys rotate` is under way")
        known = [Epoch(*row) for row in connection.execute(_STATES).fetchall()]
        is_resumed = any(epoch.state == "retired" for epoch in known)
        current = known[-1].number if is_resumed else _begin(connection, epochs, known)
        retired = _retired(connection)
        _leave_once(hub, "epoch_begun", current, who, {"retires": retired})
        keys = _wrap_anew(connection, epochs, current, show, batch)
        if left := _number(connection, _LEFT, current):
            raise PermanentError(f"{left} keys are of an old epoch still; nothing was destroyed")
        _leave_once(hub, "epoch_ended", current, who, {"keys": keys})
        for number in retired:
            epochs.destroy(number)
            _leave_once(hub, "epoch_destroyed", number, who, {})
            connection.execute(_DESTROYED, [number])
    return Rotated(current, keys, retired, is_resumed)


def _begin(connection: _Connection, epochs: EpochFolder, known: list[Epoch]) -> int:
    number = max(epoch.number for epoch in known) + 1
    epochs.create(number)
    with connection.transaction():
        connection.execute(_RETIRE)  # waits for whoever creates keys right now
        connection.execute(_BEGIN, [number])
    return number


def _retired(connection: _Connection) -> list[int]:
    rows = connection.execute(_STATES).fetchall()
    return [epoch for epoch, state, *_ in rows if state == "retired"]


def _wrap_anew(
    connection: _Connection, epochs: EpochFolder, current: int, show: Show, batch: int
) -> int:
    total, done = _number(connection, _LEFT, current), 0
    ciphers = {current: AESGCM(epochs.key(current))}
    after = (UUID(int=0), "")
    while True:
        with connection.transaction():
            rows = connection.execute(_SURVIVORS, [*after, current, batch], binary=True).fetchall()
            if not rows:
                return done
            fresh = []
            for owner, sensitivity, wrapped, epoch in rows:
                if epoch not in ciphers:
                    ciphers[epoch] = AESGCM(epochs.key(epoch))
                name = (owner.bytes, sensitivity)
                fresh.append(wrap(ciphers[current], name, unwrap(ciphers[epoch], name, wrapped)))
            owners, classes = [row[0] for row in rows], [row[1] for row in rows]
            connection.execute(_REWRAP, [current, owners, classes, fresh], binary=True)
        after = (owners[-1], classes[-1])
        done += len(rows)
        show(done, total)


def _leave_once(hub: _Connection, what: str, epoch: int, who: str, more: dict[str, object]) -> None:
    with hub.transaction():
        if hub.execute(_IS_LEFT, [what, str(epoch)]).fetchone() == (False,):
            leaves.leave(hub, "key", {"what": what, "epoch": epoch, "who": who, **more})


def _number(connection: _Connection, statement: str, *values: object) -> int:
    row = connection.execute(statement.encode(), values or None).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _connected(dsn: str) -> Iterator[_Connection]:
    try:
        with closing(psycopg.connect(dsn, autocommit=True)) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise TransientError("the key store does not answer; see `hub status`") from error
