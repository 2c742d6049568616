"""What time alone moves is queued once, a bounded number at a time, and says what moved it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta

import pytest

from projections.needs_store import NeedsStore, connect
from streams.assessor import Assessor
from streams.clock import Clock, days, end_of
from streams.rules.uz import PACK
from tests.integration.assessment.country import NOW, ON, PARTITIONS, Country, person
from tests.integration.assessment.test_corrections import drain

MANY = 24


@pytest.fixture
def clock(database: str, country: Country) -> Iterator[Clock]:
    assert country
    with closing(connect(database)) as connection:
        yield Clock(NeedsStore(connection), PACK, PARTITIONS)


@pytest.fixture
def crowd(country: Country, assessor: Assessor) -> Country:
    """Lonely people by themselves, judged by February's incomes."""
    country.complete()
    for number in range(MANY):
        country.born(f"p{number}", "1990-05-01", "M")
    drain(assessor)
    return country


def test_a_month_that_closes_is_queued_a_few_at_a_time(
    crowd: Country, assessor: Assessor, clock: Clock
) -> None:
    later = date(2026, 4, 2)
    crowd.complete(date(2026, 3, 31), "tax")
    clock.most_due = 10

    found = []
    while queued := clock.queue_due(later, NOW):
        assert clock.queue_due(later, NOW) == 0  # no room, and nobody twice
        found.append(queued)
        drain(assessor, later)

    assert found == [10, 10, 4]
    assert crowd.count("live.causes") == 0


def test_who_has_a_cause_is_not_queued_again(crowd: Country, clock: Clock) -> None:
    crowd.complete(date(2026, 3, 31), "tax")
    crowd.earns_once("p1", "2026-03-01", 1)

    assert clock.queue_due(date(2026, 4, 2), NOW) == MANY - 1


def test_what_must_settle_does_not_wait_for_the_calendar(
    crowd: Country, assessor: Assessor, clock: Clock
) -> None:
    crowd.lives("p1", "flat")
    kind = "civil.residence_registered"
    annulment = crowd.annul("residence p1 flat", "p1", kind=kind, at=NOW)
    drain(assessor)
    crowd.complete(date(2026, 3, 31), "tax")
    clock.most_due = 3
    assert clock.queue_due(date(2026, 4, 2), NOW) == 3
    crowd.connection.execute("DELETE FROM live.causes WHERE person = %s", [person("p1").hex()])

    assert clock.queue_due(date(2026, 4, 2), NOW + timedelta(hours=72)) >= 1

    rows = crowd.connection.execute(
        "SELECT event_id FROM live.causes WHERE person = %s", [person("p1").hex()]
    ).fetchall()
    assert [one.bytes for (one,) in rows] == [annulment]


def test_who_is_due_by_an_annulment_too_is_queued_for_the_annulment(
    crowd: Country, assessor: Assessor, clock: Clock
) -> None:
    """The day moves a household without an event; what then ends must name the event."""
    crowd.lives("p1", "flat")
    kind = "civil.residence_registered"
    annulment = crowd.annul("residence p1 flat", "p1", kind=kind, at=NOW)
    drain(assessor)
    crowd.complete(date(2026, 3, 31), "tax")

    assert clock.queue_due(date(2026, 4, 2), NOW + timedelta(hours=72)) == MANY

    rows = crowd.connection.execute(
        "SELECT event_id FROM live.causes WHERE person = %s", [person("p1").hex()]
    ).fetchall()
    assert [one.bytes for (one,) in rows] == [annulment]


def test_two_clocks_at_once_queue_everybody_once(crowd: Country, database: str) -> None:
    crowd.complete(date(2026, 3, 31), "tax")
    with closing(connect(database)) as one, closing(connect(database)) as other:
        clocks = [Clock(NeedsStore(each), PACK, PARTITIONS) for each in (one, other)]
        with ThreadPoolExecutor(2) as pool:
            queued = list(pool.map(lambda each: each.queue_due(date(2026, 4, 2), NOW), clocks))

    assert sorted(queued) == [0, MANY]


def test_the_date_is_moved_by_one_alone(database: str, country: Country) -> None:
    assert country
    with closing(connect(database)) as one, closing(connect(database)) as other:
        assert NeedsStore(one).take_time(alone=False)
        assert NeedsStore(other).take_time(alone=False)
        assert not NeedsStore(other).take_time(alone=True)
        one.execute("SELECT pg_advisory_unlock_all()")
        other.execute("SELECT pg_advisory_unlock_all()")
        assert NeedsStore(one).take_time(alone=True)
        assert not NeedsStore(other).take_time(alone=False)


def test_days_on_which_nothing_is_due_are_passed_over(
    country: Country, assessor: Assessor, clock: Clock
) -> None:
    country.complete(date(2026, 4, 30))
    country.born("1old", "1950-01-01", "M")
    country.disabled("1old", 2, until="2026-05-20")

    passed = [day.on for day in days(clock, assessor, ON, date(2026, 6, 30))]

    assert passed[0] == ON
    assert {date(2026, 4, 1), date(2026, 5, 1)} < set(passed)  # a month more counts
    assert date(2026, 5, 21) in passed  # the assessment has ended
    assert len(passed) < 12
    assert country.count("live.causes") == 0


def test_with_a_step_the_days_of_the_grid_are_judged(
    country: Country, assessor: Assessor, clock: Clock
) -> None:
    country.complete(date(2026, 4, 30))
    country.born("1old", "1950-01-01", "M")
    country.disabled("1old", 2, until="2026-05-20")

    passed = [day.on for day in days(clock, assessor, ON, date(2026, 6, 30), step=7)]

    assert all((on - ON).days % 7 == 0 for on in passed)
    assert ON + timedelta(days=77) in passed  # the first of the grid after 21 May
    assert end_of(ON) > NOW
