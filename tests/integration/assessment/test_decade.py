"""Ten years pass over a small country, twice: the same is said, in whatever order the work is done.

``HUB_TEST_FAMILIES`` makes the country larger.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from streams.clock import Clock, days
from tests.integration.assessment.conftest import MakeAssessor
from tests.integration.assessment.country import PARTITIONS, Country
from tests.integration.assessment.decade import BEGIN, END, settle

pytestmark = pytest.mark.long

FAMILIES = int(os.environ.get("HUB_TEST_FAMILIES", "8"))
_SAID = """
SELECT need, version, status, since, amount_minor, review_on, household, rule, evidence
  FROM live.need_history ORDER BY need, version
"""
_MOVED = "SELECT person, household, assessed_on FROM live.memberships ORDER BY person, id"
_QUEUE = """
TRUNCATE live.causes, live.needs, live.need_history, live.assessments, live.memberships,
    kept.outbox, kept.audit_leaves;
INSERT INTO live.causes (person, event_id)
SELECT person, event_id FROM (SELECT DISTINCT ON (person) person, event_id FROM live.facts
    ORDER BY person, event_id) each ORDER BY {}
"""


def decade(
    country: Country, make: MakeAssessor, order: str, **limits: int
) -> tuple[list[Any], list[Any]]:
    country.connection.execute(_QUEUE.format(order).encode())
    assessor = make()
    assessor.most_causes = limits["causes"]
    clock = Clock(assessor.store, assessor.pack, PARTITIONS, most_due=limits["due"])
    last = None
    for day in days(clock, assessor, BEGIN, END):
        assert last is None or day.on > last
        last = day.on
    assert country.count("live.causes") == 0
    assert clock.next_due(END, END) is None
    said = country.connection.execute(_SAID.encode()).fetchall()
    return said, country.connection.execute(_MOVED.encode()).fetchall()


@pytest.mark.parametrize("seed", [int(os.environ.get("HUB_TEST_SEED", "1"))])
def test_ten_years_say_the_same_whatever_the_order(
    country: Country, make_assessor: MakeAssessor, seed: int
) -> None:
    settle(country, random.Random(seed), FAMILIES)

    said, moved = decade(country, make_assessor, "person", causes=1200, due=5000)
    again = decade(country, make_assessor, "md5(person::text)", causes=7, due=13)

    assert len(said) > FAMILIES * 10
    assert {row[2] for row in said} == {"detected", "changed", "ended"}
    assert (said, moved) == again
