"""The key store: one sealing key per person and class, wrapped, in a database of its own.

Losing this database is erasing everyone, so it has its own backup and shares nothing with the
hub's. A key is created once and never changes: ``INSERT ... ON CONFLICT DO NOTHING``, then SELECT,
so of two creators at once both get the key of the first. States: ``active``; ``erased`` (there was
a key); ``never`` (none may be made). For the last two the caller gets ``ERASED`` instead of a key:
a writer leaves such a block out, a reader shows ``REDACTED``. A cached key outlives its erasure by
at most ``max_age_seconds``.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, LiteralString
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import PermanentError, TransientError
from schemas.sealing import CLASSES, open_sealed

KeyName = tuple[bytes, str]  # person (or quarantine entry) and class

ERASED: Final = b""  # instead of a key; as a key it fails every cipher
REDACTED: Final = {"redacted": True}  # instead of the value of an erased block

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_DDL: Final = """
CREATE TABLE IF NOT EXISTS sealing_keys (
    owner uuid NOT NULL,                -- person id, or a quarantine entry's own id
    class text NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'erased', 'never')),
    wrapped bytea,                      -- nonce and AES-256-GCM, bound to owner and class
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, class),
    CHECK ((state = 'active') = (wrapped IS NOT NULL))
)
"""
_SELECT: Final = """
SELECT owner, class, wrapped FROM sealing_keys
  JOIN unnest(%s::uuid[], %s::text[]) AS wanted (owner, class) USING (owner, class)
"""
# In the order of the key: two creators at once wait for each other and never in a circle.
_INSERT: Final = """
INSERT INTO sealing_keys (owner, class, wrapped)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bytea[])
ON CONFLICT DO NOTHING
"""


def initialise(dsn: str) -> None:
    """Create the table; idempotent."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(7301)")  # IF NOT EXISTS races otherwise
        connection.execute(_DDL)


def open_block(key: bytes, event_id: bytes, sensitivity: str, block: bytes) -> object:
    """Return what was sealed, or ``REDACTED`` if its key is erased."""
    if key == ERASED:
        return REDACTED
    return open_sealed(key, event_id, sensitivity, block)


class PostgresKeyStore:
    """Keys by (owner, class). Safe to share between threads; reconnects by itself.

    Args:
        dsn: the key store's own database.
        wrapping_key: 32 bytes; without it the database is worth nothing.
        cache_size: keys kept in memory.
        max_age_seconds: how long at most.
        clock: seconds that only ever go up.
    """

    def __init__(
        self,
        dsn: str,
        wrapping_key: bytes,
        *,
        cache_size: int = 200_000,
        max_age_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dsn = dsn
        self._wrap = AESGCM(wrapping_key)
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
            missing = sorted(names - found.keys())
            if missing:
                self._create(missing)
                found |= self._look_up(set(missing))
        return found

    def existing(self, wanted: Iterable[KeyName]) -> dict[KeyName, bytes]:
        """Return a key, or ``ERASED``, for every name that the store knows; creates nothing."""
        with self._lock:
            return self._look_up(set(wanted))

    def forget(self) -> None:
        """Empty the cache."""
        with self._lock:
            self._cache.clear()

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
        for owner, sensitivity, wrapped in self._run(_SELECT, *_columns(unread)) if unread else ():
            name = (owner.bytes, sensitivity)
            found[name] = self._cache[name] = self._unwrap(name, wrapped)
        return found

    def _create(self, names: list[KeyName]) -> None:
        if strange := {sensitivity for _, sensitivity in names} - set(CLASSES):
            raise PermanentError(f"not a sensitivity class: {', '.join(sorted(strange))}")
        wrapped = []
        for owner, sensitivity in names:
            nonce, key = os.urandom(_NONCE_BYTES), os.urandom(_KEY_BYTES)
            wrapped.append(nonce + self._wrap.encrypt(nonce, key, owner + sensitivity.encode()))
        self._run(_INSERT, *_columns(names), wrapped)

    def _unwrap(self, name: KeyName, wrapped: bytes | None) -> bytes:
        if wrapped is None:
            return ERASED
        nonce, block = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._wrap.decrypt(nonce, block, name[0] + name[1].encode())
        except InvalidTag as error:
            raise PermanentError(
                "a stored key does not open: another wrapping key wrote it; restore secrets/"
            ) from error

    def _empty_when_due(self, coming: int) -> None:
        now = self._clock()
        full = len(self._cache) + coming > self._cache_size
        if full or now - self._emptied_at >= self._max_age:
            self._cache.clear()
            self._emptied_at = now

    def _run(
        self, statement: LiteralString, *columns: list[UUID] | list[str] | list[bytes]
    ) -> list[tuple[UUID, str, bytes | None]]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(self._dsn, autocommit=True)
            cursor = self._connection.execute(statement, columns, binary=True)
            return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError as error:
            if self._connection is not None:
                self._connection.close()
            raise TransientError("the key store does not answer; see `hub status`") from error


def _columns(names: list[KeyName]) -> tuple[list[UUID], list[str]]:
    return [UUID(bytes=owner) for owner, _ in names], [sensitivity for _, sensitivity in names]
