"""Days and months, as laws count them. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

_SHORTEST = 28


def birthday(born_on: date, years: int) -> date:
    """Return the day on which somebody is ``years`` old; of 29 February it is 1 March.

    >>> birthday(date(2008, 2, 29), 18)
    datetime.date(2026, 3, 1)
    """
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def months_later(day: date, months: int) -> date:
    """Return the same day months later, or earlier; the month's last where that day is missing.

    >>> months_later(date(2025, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29):
        if last <= day.day:
            try:
                return date(year, month + 1, last)
            except ValueError:
                continue
    return date(year, month + 1, _SHORTEST)


def month_after(day: date) -> date:
    """Return the first day of the next month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


@lru_cache(maxsize=64)
def months_of(first: date, last: date) -> tuple[tuple[date, date], ...]:
    """Return the first day of each month from ``first`` to ``last``, and of the month after."""
    found = []
    while first <= last:
        found.append((first, month_after(first)))
        first = found[-1][1]
    return tuple(found)


@lru_cache(maxsize=64)
def months_text(first: date, last: date) -> str:
    """Return the months of two days as text.

    >>> months_text(date(2026, 1, 1), date(2026, 3, 31))
    '2026-01/2026-03'
    """
    return f"{first:%Y-%m}/{last:%Y-%m}"


def month_start(day: date, months: int) -> date:
    """Return the first day of the month that is ``months`` after that of ``day``."""
    return months_later(day.replace(day=1), months)


@lru_cache(maxsize=64)
def last_closed(through: date) -> date:
    """Return the last day of the latest month that is complete when all is known ``through``.

    >>> last_closed(date(2026, 3, 30))
    datetime.date(2026, 2, 28)
    """
    day = timedelta(days=1)
    return (through + day).replace(day=1) - day
