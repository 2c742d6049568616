"""Make national numbers (PINFL) for people who do not exist. Pure."""

from __future__ import annotations

from datetime import date

WEIGHTS = (7, 3, 1)


def check_digit(first_thirteen: str) -> int:
    """Return the last digit of a PINFL.

    >>> check_digit("3021197591003")
    3
    """
    return sum(int(d) * WEIGHTS[i % 3] for i, d in enumerate(first_thirteen)) % 10


def pinfl(sex: str, born_on: date, district: int, serial: int) -> str:
    """Return the PINFL of a person; ``district`` and ``serial`` have three digits.

    >>> pinfl("M", date(1997, 11, 2), 591, 3)
    '30211975910033'
    """
    first = (born_on.year // 100 - 18) * 2 + (1 if sex == "M" else 2)
    stem = f"{first}{born_on:%d%m%y}{district:03d}{serial:03d}"
    return f"{stem}{check_digit(stem)}"
