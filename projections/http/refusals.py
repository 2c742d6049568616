"""Refusals on record: one leaf each, but a flood of them is one leaf a minute with its number.

A refusal of somebody who is known leaves its leaf before the answer leaves; if it cannot, the
answer is that a server is away. Who is not known may send whatever comes to mind: the first few a
minute from each place leave a leaf each, the rest are counted in memory and put on record together.
A crash loses that count and nothing else.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg

from projections.http.rates import Rate
from projections.leaves import leave
from schemas.errors import TransientError

EACH: Final = "10/minute"  # leaves of refusals of one place, or of one client that asks too often
ALL: Final = "120/minute"  # of all places together
_CLIENT: Final = "SELECT agency FROM kept.clients WHERE client_id = %s AND revoked_at IS NULL"
_SUMMARY_SECONDS: Final = 60

Writing = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]


class UnknownClientError(LookupError):
    """The client was never added, or was revoked."""


@dataclass(slots=True)
class Refusals:
    """Puts refusals on record. Safe to share between threads."""

    writing: Writing  # one transaction; raises TransientError
    clock: Callable[[], datetime]
    each: Rate = field(default_factory=lambda: Rate(EACH))
    all: Rate = field(default_factory=lambda: Rate(ALL))
    _counted: Counter[str] = field(default_factory=Counter, init=False)
    _since: datetime | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of_client(self, client: str, body: Mapping[str, object]) -> None:
        """Put the refusal of a client on record; committed on return.

        Raises:
            UnknownClientError: it is none; nothing was written.
            TransientError: it cannot be put on record.
        """
        with self.writing() as connection:
            row = connection.execute(_CLIENT, [client]).fetchone()
            if row is None:
                raise UnknownClientError
            leave(connection, "refusal", {**body, "who": client, "agency": row["agency"]})

    def of_anybody(self, place: str, body: Mapping[str, object]) -> None:
        """Put a refusal on record, or count it if there were many from ``place``.

        Raises:
            TransientError: it cannot be put on record.
        """
        with self._lock:  # a Rate belongs to one thread
            is_one_leaf = self.each.allows(place) and self.all.allows("")
        if is_one_leaf:
            with self.writing() as connection:
                leave(connection, "refusal", body)
        else:
            with self._lock:
                self._since = self._since or self.clock()
                self._counted[str(body.get("rule"))] += 1
        self.summarise()

    def summarise(self, *, at_once: bool = False) -> None:
        """Put what was only counted on record, once a minute has passed.

        Raises:
            TransientError: it cannot be; the count goes on.
        """
        now = self.clock()
        with self._lock:
            since, counted = self._since, dict(self._counted)
            is_due = since is not None and (now - since).total_seconds() >= _SUMMARY_SECONDS
            if not counted or since is None or not (is_due or at_once):
                return
            self._counted.clear()
            self._since = None
        body = {"what": "refusals_counted", "rules": counted, "since": since, "until": now}
        try:
            with self.writing() as connection:
                leave(connection, "refusal", {**body, "count": sum(counted.values())})
        except TransientError:
            with self._lock:
                self._counted.update(counted)
                self._since = since
            raise
