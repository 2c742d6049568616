"""Days and months at the ends of months and years."""

from __future__ import annotations

from datetime import date

import pytest

from streams.rules.calendar import (
    birthday,
    last_closed,
    month_after,
    month_start,
    months_later,
    months_of,
    months_text,
)

BIRTHDAYS = [
    pytest.param("2008-02-28", 18, "2026-02-28", id="28 February"),
    pytest.param("2008-02-29", 18, "2026-03-01", id="29 February: 1 March"),
    pytest.param("2008-02-29", 20, "2028-02-29", id="29 February of a leap year"),
    pytest.param("2008-12-31", 18, "2026-12-31", id="the last day of a year"),
]


@pytest.mark.parametrize(("born", "years", "then"), BIRTHDAYS)
def test_birthday(born: str, years: int, then: str) -> None:
    assert birthday(date.fromisoformat(born), years) == date.fromisoformat(then)


MONTHS = [
    pytest.param("2026-03-10", 3, "2026-06-10", id="the same day"),
    pytest.param("2026-10-31", 3, "2027-01-31", id="over the year"),
    pytest.param("2026-01-31", -1, "2025-12-31", id="back over the year"),
    pytest.param("2025-08-31", 8, "2026-04-30", id="no 31 April"),
    pytest.param("2025-08-31", 6, "2026-02-28", id="no 31 February"),
    pytest.param("2025-08-30", 6, "2026-02-28", id="no 30 February"),
    pytest.param("2025-08-29", 6, "2026-02-28", id="no 29 February"),
    pytest.param("2027-08-31", 6, "2028-02-29", id="31 to a leap year's February"),
    pytest.param("2027-08-29", 6, "2028-02-29", id="29 to a leap year's February"),
]


@pytest.mark.parametrize(("day", "months", "then"), MONTHS)
def test_months_later(day: str, months: int, then: str) -> None:
    assert months_later(date.fromisoformat(day), months) == date.fromisoformat(then)


def test_the_month_after() -> None:
    assert month_after(date(2026, 1, 1)) == date(2026, 2, 1)
    assert month_after(date(2026, 1, 31)) == date(2026, 2, 1)
    assert month_after(date(2026, 2, 1)) == date(2026, 3, 1)
    assert month_after(date(2026, 12, 31)) == date(2027, 1, 1)


def test_the_start_of_a_month() -> None:
    assert month_start(date(2026, 3, 31), 0) == date(2026, 3, 1)
    assert month_start(date(2026, 1, 31), -1) == date(2025, 12, 1)


def test_the_months_between_two_days() -> None:
    december, january, february = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)

    assert months_of(december, date(2026, 1, 31)) == ((december, january), (january, february))
    assert months_of(december, december) == ((december, january),)
    assert months_of(january, date(2025, 12, 31)) == ()
    assert months_text(december, date(2026, 1, 31)) == "2025-12/2026-01"


def test_a_month_is_closed_with_its_last_day() -> None:
    assert last_closed(date(2026, 2, 27)) == date(2026, 1, 31)
    assert last_closed(date(2026, 2, 28)) == date(2026, 2, 28)
    assert last_closed(date(2025, 12, 31)) == date(2025, 12, 31)
