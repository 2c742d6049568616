"""Who may look at schemas: the agency's password, and refusals put on record."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from projections import feeds_access
from projections.leaves import leave
from schemas.errors import TransientError

log = logging.getLogger(__name__)

_BETWEEN_LEAVES_SECONDS: Final = 1.0


class PostgresDoorman:
    """See ``ops.schemas_gateway.app.Doorman``.

    Args:
        pool: connections to the hub's database, in autocommit.
        clock: seconds that only ever go up.
    """

    def __init__(
        self, pool: ConnectionPool[psycopg.Connection[Any]], clock: Callable[[], float]
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._lock = threading.Lock()
        self._last_leaf = float("-inf")
        self._uncounted = 0

    def opens(self, agency: str, password: str) -> bool:
        """Return whether this is the agency's password; who is locked out has none."""
        try:
            with self._pool.connection() as connection:
                found = feeds_access.access(connection, agency)
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise TransientError("the hub's database does not answer; see `hub status`") from error
        return found is not None and found.opens(password)

    def refused(self, agency: str | None, rule: str) -> None:
        """Leave a refusal, at most one a second; those in between are counted in the next."""
        with self._lock:
            now = self._clock()
            if now - self._last_leaf < _BETWEEN_LEAVES_SECONDS:
                self._uncounted += 1
                return
            counted, self._uncounted, self._last_leaf = self._uncounted, 0, now
        body = {
            "what": "schemas",
            "who": "schemas",
            "agency": agency,
            "rule": rule,
            "at": datetime.now(UTC),
            "others_since_the_last": counted,
        }
        try:
            with self._pool.connection() as connection:
                leave(connection, "refusal", body)
        except (psycopg.OperationalError, PoolTimeout):
            log.warning("refusal_not_on_record")  # nothing was shown either
