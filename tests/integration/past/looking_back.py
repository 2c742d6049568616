"""A family whose past is judged again, and who does it."""

from __future__ import annotations

from datetime import date, datetime

from streams.assessor import Assessor
from streams.rejudging import Rejudger
from tests.integration.past.timeline import Timeline, moment

ON = date(2026, 3, 10)
NOW = moment("2026-03-10")
MONTHS = ("2025-08-01", "2025-09-01", "2025-10-01", "2025-11-01", "2025-12-01", "2026-01-01")
Finding = tuple[bytes, str, str, int | None, int, int | None, bytes]


class Working:
    """Empties both queues, then says what is found."""

    def __init__(self, country: Timeline, assessor: Assessor, rejudger: Rejudger) -> None:
        self.country, self.assessor, self.rejudger = country, assessor, rejudger

    def drain(self, on: date = ON, now: datetime = NOW) -> int:
        while self.assessor.assess_batch(on, now) is not None:
            pass
        transactions = 0
        while self.rejudger.rejudge_one(on, now) is not None:
            transactions += 1
        return transactions

    def findings(self) -> list[Finding]:
        """Every line written, in order: amounts in soum."""
        rows = self.country.connection.execute(
            "SELECT person, kind, month::text, entitled_minor / 100, paid_minor / 100,"
            " difference_minor / 100, event_id FROM live.payment_findings ORDER BY id"
        ).fetchall()
        return [(row[0].bytes, *row[1:6], row[6].bytes) for row in rows]

    def open(self) -> dict[str, int]:
        """The latest word on each month: the difference in soum, if there is one."""
        rows = self.country.connection.execute(
            "SELECT DISTINCT ON (person, kind, month) month::text, difference_minor / 100"
            "  FROM live.payment_findings ORDER BY person, kind, month, id DESC"
        ).fetchall()
        return {month: difference for month, difference in rows if difference}
