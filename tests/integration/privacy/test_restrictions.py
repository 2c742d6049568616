"""A restriction, decided by itself: what says more than before counts, what says less does not."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import psycopg

from projections.erasures import Category, Decided, decide
from tests.integration.assessment.country import KEYS, ON, person
from tests.integration.privacy.coming import RULES


def test_a_longer_restriction_is_decided_and_a_shorter_one_is_covered(keys_dsn: str) -> None:
    def restrict(until: date | None) -> Decided:
        plan = [Category(UUID(bytes=person("1ali")), RULES["needs"], until)]
        (made,) = decide(connection, KEYS, plan, "asked for it", "tester", ON)
        return made

    days = [date(2027, 1, 1), date(2027, 1, 1), date(2026, 6, 1), date(2028, 1, 1)]
    without_end = [None, date(2029, 1, 1), None]

    with psycopg.connect(keys_dsn, autocommit=True) as connection:
        decided = [restrict(until) for until in (*days, *without_end)]

    assert [one.is_new for one in decided] == [True, False, False, True, True, False, False]
    assert len({one.event_id for one in decided}) == 3
