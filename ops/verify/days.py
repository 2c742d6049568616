"""Days, months and birthdays as docs/rules.md counts them. Dates elsewhere are ISO text. Pure."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

_YEAR = 12
DAY = timedelta(days=1)


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of a month that is too short.

    >>> months_after(date(2025, 8, 31), 6), months_after(date(2026, 5, 31), -3)
    (datetime.date(2026, 2, 28), datetime.date(2026, 2, 28))
    """
    year, month = divmod(day.year * _YEAR + day.month - 1 + months, _YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def birthday(born_on: date, years: int) -> date:
    """Return the day on which somebody becomes so many years old; 29 February falls on 1 March.

    >>> birthday(date(2008, 2, 29), 18)
    datetime.date(2026, 3, 1)
    """
    year = born_on.year + years
    if (born_on.month, born_on.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 3, 1)
    return born_on.replace(year=year)


def first_of(month_of: date) -> date:
    """Return the first day of the month."""
    return month_of.replace(day=1)


def last_of(month_of: date) -> date:
    """Return the last day of the month."""
    return months_after(first_of(month_of), 1) - DAY
