"""What was found of payments: open differences, for a person to decide."""

from __future__ import annotations

from dataclasses import dataclass

from projections import payments_sql as sql
from projections.leaves import leave
from projections.queries import Answer, Queries, Reader, as_json


@dataclass(slots=True)
class PaymentQueries:
    """Answers about findings. Safe to share between threads."""

    queries: Queries

    def open_by_month(self) -> Answer:
        """Return counts and sums by month and kind: nobody in particular, so no leaf."""
        with self.queries.reading() as connection:
            rows = connection.execute(sql.OPEN_BY_MONTH).fetchall()
            waiting = connection.execute(sql.WAITING).fetchone()
        return as_json({"findings": rows, **(waiting or {})})

    def open_each(self, reader: Reader) -> Answer:
        """Return every open finding, by pseudonym; on record before it leaves."""
        with self.queries.reading() as connection:
            rows = connection.execute(sql.OPEN_EACH).fetchall()
            waiting = connection.execute(sql.WAITING).fetchone()
            leave(connection, "read", {"what": "payments", "rows": len(rows), **reader})
        return as_json({"findings": rows, **(waiting or {})})
