"""How far the tax registry is complete is read before the facts: never more than they show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import date
from typing import Any

import pytest

from streams.assessor import Assessor
from streams.person import JUDGED_KINDS
from tests.integration.assessment.country import NOW, THROUGH, Country

APRIL = date(2026, 4, 10)
MARCH = date(2026, 3, 31)


def test_a_month_that_closes_after_the_facts_were_read_is_not_counted_yet(
    country: Country, database: str, assessor: Assessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    country.complete()
    country.born("1ali", "1990-01-01", "M")
    country.earns("1ali", 5_000_000)
    read = assessor.store.facts
    late = Country(database)  # as a worker with a connection of its own
    waiting = [late]

    def overtaken(
        persons: Collection[bytes], kinds: Sequence[str], since: date
    ) -> list[tuple[Any, ...]]:
        rows = read(persons, kinds, since)
        if kinds == JUDGED_KINDS and waiting:
            worker = waiting.pop()
            worker.earns_once("1ali", "2026-03-01", 5_000_000)
            worker.complete(MARCH, "tax")
        return rows

    def through() -> list[date]:
        rows = country.connection.execute("SELECT income_through FROM live.assessments").fetchall()
        return [day for (day,) in rows]

    with closing(late.connection):
        # The store has slots: its class is patched.
        monkeypatch.setattr(
            type(assessor.store), "facts", lambda _, *arguments: overtaken(*arguments)
        )
        assessor.assess_batch(APRIL, NOW)
        assert not waiting
        assert through() == [THROUGH]

        assessor.assess_batch(APRIL, NOW)  # the income of March has a cause of its own
        assert through() == [MARCH]
