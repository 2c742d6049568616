"""The key store: one sealing key per person and class, wrapped, in a database of its own.

Losing this database is erasing everyone, so it has its own backup and shares nothing with the
hub's. A key is created once and never changes: ``INSERT ... ON CONFLICT DO NOTHING``, then SELECT,
so of two creators at once both get the key of the first. States: ``active``; ``erased`` (there was
a key); ``never`` (none may be made). For the last two the caller gets ``ERASED`` instead of a key:
a writer leaves such a block out, a reader shows ``REDACTED``. A cached key outlives its erasure,
and a cached epoch its destruction, by at most ``max_age_seconds``.

How keys are wrapped anew is in ``projections.rotation``; docs/privacy.md tells the whole.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from projections import keystore_sql as sql
from projections.deadlines import Restriction, shut
from projections.epochs import EpochMissingError, Epochs, OneEpoch
from projections.keystore_sql import initialise
from schemas.errors import PermanentError, TransientError
from schemas.sealing import CLASSES, open_sealed

__all__ = [
    "ERASED",
    "REDACTED",
    "Erasure",
    "KeyName",
    "PostgresKeyStore",
    "initialise",
    "open_block",
    "unwrap",
    "wrap",
]

KeyName = tuple[bytes, str]  # person (or quarantine entry) and class

ERASED: Final = b""  # instead of a key; as a key it fails every cipher
REDACTED: Final = {"redacted": True}  # instead of the value of an erased block

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_ATTEMPTS: Final = 5  # a rotation begins at most once between two looks


class Erasure(NamedTuple):
    """One decided erasure."""

    event_id: bytes
    owner: bytes
    sensitivity: str


def open_block(key: bytes, event_id: bytes, sensitivity: str, block: bytes) -> object:
    """Return what was sealed, or ``REDACTED`` if its key is erased."""
    if key == ERASED:
        return REDACTED
    return open_sealed(key, event_id, sensitivity, block)


def wrap(wrapping: AESGCM, name: KeyName, key: bytes) -> bytes:
    """Return ``key`` wrapped: nonce, ciphertext and tag, bound to owner and class."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + wrapping.encrypt(nonce, key, name[0] + name[1].encode())


def unwrap(wrapping: AESGCM, name: KeyName, wrapped: bytes) -> bytes:
    """Return the key that was wrapped.

    Raises:
        PermanentError: it was wrapped under another key, or for another name.
    """
    nonce, block = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        return wrapping.decrypt(nonce, block, name[0] + name[1].encode())
    except InvalidTag as error:
        raise PermanentError(
            "a stored key does not open: another wrapping key wrote it; restore secrets/epochs"
        ) from error


class PostgresKeyStore:
    """Keys by (owner, class). Safe to share between threads; reconnects by itself.

    Args:
        dsn: the key store's own database.
        epochs: the wrapping keys; without them the database is worth nothing. 32 bytes stand for
            the first epoch alone.
        cache_size: keys kept in memory.
        max_age_seconds: how long at most.
        clock: seconds that only ever go up.
    """

    def __init__(
        self,
        dsn: str,
        epochs: Epochs | bytes,
        *,
        cache_size: int = 200_000,
        max_age_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dsn = dsn
        self._epochs = OneEpoch(epochs) if isinstance(epochs, bytes) else epochs
        self._ciphers: dict[int, AESGCM] = {}
        self._current: int | None = None
        self._cache: dict[KeyName, bytes] = {}
        self._cache_size = cache_size
        self._max_age = max_age_seconds
        self._clock = clock
        self._emptied_at = clock()
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def keys(self, wanted: Iterable[KeyName]) -> dict[KeyName, bytes]:
        """Return a key, or ``ERASED``, for every name; keys that do not exist are created.

        Raises:
            TransientError: the key store's database does not answer.
            PermanentError: a key does not open under our wrapping key.
        """
        names = set(wanted)
        with self._lock:
            found = self._look_up(names)
            for _ in range(_ATTEMPTS):
                missing = sorted(names - found.keys())
                if not missing:
                    return found
                self._create(missing)
                found |= self._look_up(set(missing))
                if missing and missing[0] not in found:
                    self._current = None  # a rotation began meanwhile
        if names - found.keys():
            raise TransientError("the key store changes its epoch all the time")
        return found

    def existing(self, wanted: Iterable[KeyName]) -> dict[KeyName, bytes]:
        """Return a key, or ``ERASED``, for every name that the store knows; creates nothing."""
        with self._lock:
            return self._look_up(set(wanted))

    def readable(self, wanted: Iterable[KeyName], basis: str, on: date) -> dict[KeyName, bytes]:
        """Return as ``existing``, but ``ERASED`` for what is restricted and not for ``basis``.

        Args:
            wanted: the names.
            basis: on what grounds somebody reads.
            on: the day of the reading.
        """
        with self._lock:
            found = self._look_up(set(wanted))
            columns = _columns(sorted(found))
            rows = self._run(sql.RESTRICTED, *columns)
        return found | dict.fromkeys(shut(map(Restriction._make, rows), basis, on), ERASED)

    def erase(self, erasures: Collection[Erasure], now: datetime) -> None:
        """Destroy keys for ever; durable on return, idempotent.

        What never had a key can never get one.
        """
        decided = sorted(erasures, key=lambda one: (one.owner, one.sensitivity))
        owners, classes = _columns([(one.owner, one.sensitivity) for one in decided])
        events = [UUID(bytes=one.event_id) for one in decided]
        with self._lock:
            connection = self._connected()
            try:
                with connection.transaction():
                    connection.execute(sql.ERASE, [now, owners, classes, events])
            except psycopg.OperationalError as error:
                raise self._gone() from error
            for one in decided:
                self._cache.pop((one.owner, one.sensitivity), None)

    def note_done(self, events: Collection[UUID]) -> None:
        """Note that these erasure events were carried out in this store; idempotent."""
        with self._lock:
            self._run(sql.DONE, list(events))

    def is_done(self, events: Collection[UUID]) -> set[UUID]:
        """Return which of these erasure events were carried out in this store."""
        with self._lock:
            return {row[0] for row in self._run(sql.IS_DONE, list(events))}

    def restrict(
        self,
        decided: Erasure,
        basis: str,
        until: date | None,
        readable_for: Collection[str],
    ) -> None:
        """Let a class be opened for ``readable_for`` only; durable on return, idempotent."""
        with self._lock:
            self._run(
                sql.RESTRICT,
                UUID(bytes=decided.event_id),
                UUID(bytes=decided.owner),
                decided.sensitivity,
                basis,
                until,
                list(readable_for),
            )

    def forget(self) -> None:
        """Empty the cache."""
        with self._lock:
            self._empty()

    def close(self) -> None:
        """Let go of the connection; idempotent."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _look_up(self, names: set[KeyName]) -> dict[KeyName, bytes]:
        self._empty_when_due(len(names))
        found = {name: self._cache[name] for name in names if name in self._cache}
        unread = sorted(names - found.keys())
        if unread:
            try:
                self._read(unread, found)
            except EpochMissingError:
                # Wrapped anew, and the old epoch destroyed, between the reading and the unwrapping.
                self._read(unread, found)
        return found

    def _read(self, unread: list[KeyName], found: dict[KeyName, bytes]) -> None:
        for owner, sensitivity, wrapped, epoch in self._run(sql.SELECT, *_columns(unread)):
            name = (owner.bytes, sensitivity)
            key = ERASED if wrapped is None else unwrap(self._cipher(epoch), name, wrapped)
            found[name] = self._cache[name] = key

    def _create(self, names: list[KeyName]) -> None:
        if strange := {sensitivity for _, sensitivity in names} - set(CLASSES):
            raise PermanentError(f"not a sensitivity class: {', '.join(sorted(strange))}")
        try:
            wrapping = self._cipher(self._known_epoch())
        except EpochMissingError:
            self._current = None  # it ended since we looked
            wrapping = self._cipher(self._known_epoch())
        wrapped = [wrap(wrapping, name, os.urandom(_KEY_BYTES)) for name in names]
        self._run(sql.INSERT, self._current, *_columns(names), wrapped)

    def _known_epoch(self) -> int:
        if self._current is None:
            self._current = int(self._run(sql.CURRENT)[0][0])
        return self._current

    def _cipher(self, epoch: int) -> AESGCM:
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            cipher = self._ciphers[epoch] = AESGCM(self._epochs.key(epoch))
        return cipher

    def _empty_when_due(self, coming: int) -> None:
        full = len(self._cache) + coming > self._cache_size
        if full or self._clock() - self._emptied_at >= self._max_age:
            self._empty()

    def _empty(self) -> None:
        self._cache.clear()
        self._ciphers.clear()
        self._epochs.forget()
        self._emptied_at = self._clock()

    def _run(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        try:
            cursor = self._connected().execute(statement, values, binary=True)
            return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError as error:
            raise self._gone() from error

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            try:
                self._connection = psycopg.connect(self._dsn, autocommit=True)
            except psycopg.OperationalError as error:
                raise self._gone() from error
        return self._connection

    def _gone(self) -> TransientError:
        if self._connection is not None:
            self._connection.close()
        return TransientError("the key store does not answer; see `hub status`")


def _columns(names: list[KeyName]) -> tuple[list[UUID], list[str]]:
    return [UUID(bytes=owner) for owner, _ in names], [sensitivity for _, sensitivity in names]
