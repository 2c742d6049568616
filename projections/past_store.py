"""What was known at a moment: facts, links and completeness that arrived later are left out.

Belongs to the transaction that is open on its connection, which should be one snapshot (REPEATABLE
READ): a question is asked in several statements. Writes nothing, locks nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import tuple_row

from projections import completeness, needs_sql
from projections.arrays import uuids

Row = tuple[Any, ...]

_REGISTERED_AT: Final = "SELECT uuid_send(one) FROM kept.registered_at(%s) AS one"


class PastStore:
    """Everything as it was known at ``known_at``, whatever rows the connection returns."""

    def __init__(self, connection: psycopg.Connection[Any], known_at: datetime) -> None:
        self.known_at = known_at
        self._connection = connection

    def facts(self, persons: Collection[bytes], kinds: Sequence[str], since: date) -> list[Row]:
        """Return the facts of ``persons``, of incomes only those from ``since`` on."""
        if not persons:
            return []
        arguments = {"persons": uuids(persons), "kinds": list(kinds), "since": since}
        return self._rows(needs_sql.FACTS, arguments | {"known_at": self.known_at})

    def households_of(self, _: Collection[bytes]) -> Mapping[bytes, Collection[bytes]]:
        """Return no households: what was said before plays no part in judging again."""
        return {}

    def registered_at(self, dwellings: Collection[str]) -> set[bytes]:
        """Return who has ever been registered at one of ``dwellings``."""
        if not dwellings:
            return set()
        # Not needs_sql.REGISTERED_AT: held by row security, the planner would read everybody.
        rows = self._rows(_REGISTERED_AT, [list(dwellings)])
        return {row[0] for row in rows}

    def completeness(self) -> dict[str, completeness.Complete]:
        """Return how far each registry was known to be."""
        rows = self._rows(completeness.SELECT, {"known_at": self.known_at})
        return completeness.by_registry(rows)

    def _rows(
        self, statement: LiteralString, arguments: Sequence[Any] | Mapping[str, Any]
    ) -> list[Row]:
        with self._connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            return cursor.execute(statement, arguments).fetchall()
