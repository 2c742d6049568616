"""Figures that were counted once and are shown for a while: to count a country takes long.

They are counted in a transaction of its own, under the grant of whoever asked first and in the role
that may count and see no one; what may be shown was decided before anybody sees it. One counts at
a time; who comes meanwhile is told when to ask again. Kept in memory only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg_pool import ConnectionPool

from projections import rights_context
from projections.http.guard import Admitted
from projections.problems import Problem
from projections.queries import reading
from schemas.errors import TransientError
from schemas.rights import Access

GOOD_FOR: Final = timedelta(minutes=10)
_WAIT_SECONDS: Final = 8.0  # that an asker waits for somebody who counts
_MOST_KEPT: Final = 24  # months
_COUNT_SECONDS: Final = 600

Connection = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures that may be published: small ones are hidden already."""

    on: date
    known_at: datetime
    rows: list[dict[str, Any]]


# Counts on a connection; what it returns hides what is small, and needs no database any more.
Count = Callable[[Connection, date | None, datetime], Callable[[], Report]]


@dataclass(slots=True)
class Figures:
    """Reports by month. Safe to share between threads."""

    pool: ConnectionPool[Connection]
    count: Count
    _kept: dict[date | None, tuple[datetime, Report]] = field(default_factory=dict, init=False)
    _counting: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, month: date | None, admitted: Admitted) -> Report:
        """Return the figures of a month; None: as things stand.

        Raises:
            Problem: they are being counted.
            TransientError: the database does not answer.
        """
        known = self._fresh(month, admitted.now)
        if known is not None:
            return known
        if not self._counting.acquire(timeout=_WAIT_SECONDS):
            raise Problem("being-counted")
        try:
            known = self._fresh(month, admitted.now)
            if known is None:
                known = self._count_now(month, admitted)
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[month] = (admitted.now, known)
            return known
        finally:
            self._counting.release()

    def _fresh(self, month: date | None, now: datetime) -> Report | None:
        at, report = self._kept.get(month, (None, None))
        return report if at is not None and now - at < GOOD_FOR else None

    def _count_now(self, month: date | None, admitted: Admitted) -> Report:
        grant = admitted.decision.grant
        if grant is None:  # it was decided on one
            raise TransientError("no grant to count under")
        access = Access(admitted.agency, grant.purpose, grant.basis, "statistics")
        with reading(self.pool) as connection:
            connection.execute(f"SET LOCAL statement_timeout = '{_COUNT_SECONDS}s'".encode())
            rights_context.enter(connection, access, grant.id)
            with rights_context.counting(connection):
                finish = self.count(connection, month, admitted.now)
        return finish()
