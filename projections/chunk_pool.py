"""The chunk store's connections, and which of PostgreSQL's errors pass by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg import errors
from psycopg_pool import AsyncConnectionPool

from projections import chunk_sql, chunk_store
from projections.chunk_store import ChunkWork, Connection, Outcome, Progress, SealConflict
from schemas.errors import TransientError

# Server gone, deadlock, lock or statement timeout, disk full; and our session ended for idleness.
_PASSING: Final = (psycopg.OperationalError, errors.IdleInTransactionSessionTimeout)
_POOL_SECONDS: Final = 10.0


class ChunkPool:
    """``chunk_store`` over a few connections; one call is one transaction."""

    def __init__(self, dsn: str, size: int) -> None:
        self._pool = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=size,
            open=False,
            timeout=_POOL_SECONDS,
            configure=chunk_store.prepare,
            kwargs=dict(chunk_sql.SESSION),
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    async def claim(self, topic: str, partition: int, cluster_id: str, topic_id: str) -> Progress:
        """See ``chunk_store.claim``.

        Raises:
            TransientError: the database does not answer, or a lock is held; call again.
        """
        async with self._connection() as connection:
            return await chunk_store.claim(connection, topic, partition, cluster_id, topic_id)

    async def apply(self, work: ChunkWork, seal: SealConflict) -> Outcome | None:
        """See ``chunk_store.apply``.

        Raises:
            TransientError: the database does not answer, or a lock is held; call again.
        """
        async with self._connection() as connection:
            return await chunk_store.apply(connection, work, seal)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except _PASSING as error:
            raise TransientError("the hub's database does not answer; see `hub status`") from error
