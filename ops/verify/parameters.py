"""The numbers of docs/rules.md, each with the day from which it holds. Pure data.

Amounts are in tiyin. ``None`` means: there was no such number yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

_T = TypeVar("_T")
Dated = Sequence[tuple[date, _T]]  # oldest first

_SOUM = 100
_FIRST_PACK, _NEW_PACK = date(2021, 8, 1), date(2025, 7, 1)
_REGISTRY = date(2026, 2, 1)

MINIMUM: Dated[int] = ((date(2025, 1, 1), 700_000 * _SOUM),)
# first child under 3, first child, second child, each further
CHILD_BENEFIT: Dated[tuple[int, int, int, int]] = (
    (_FIRST_PACK, (325_000 * _SOUM, 250_000 * _SOUM, 150_000 * _SOUM, 100_000 * _SOUM)),
    (_NEW_PACK, (360_000 * _SOUM, 275_000 * _SOUM, 165_000 * _SOUM, 110_000 * _SOUM)),
)
MATERIAL_ASSISTANCE: Dated[int] = (
    (_FIRST_PACK, 380_000 * _SOUM),
    (_NEW_PACK, 420_000 * _SOUM),
)
INFANT_CARE: Dated[int] = ((date(2025, 1, 1), 500_000 * _SOUM),)
# Per cent of child benefit for families at risk: below one and a quarter times the minimum, above.
AT_RISK_SHARES: Dated[tuple[int, int]] = ((_REGISTRY, (75, 50)),)

PENSION_AGE = {"M": 60, "F": 55}
PENSION_NEAR_MONTHS = 3
BEREAVED_MONTHS = 6
REFERRAL_MONTHS = 12
PREGNANCY_DAYS = 280
WINDOW_MONTHS = 3
OLDEST_MONTHS = 3  # how far the last month of the window may lie before the month of the day
IDLE_MONTHS = 2


def in_force(dated: Dated[_T], on: date) -> _T | None:
    """Return what holds on a day.

    >>> in_force(MATERIAL_ASSISTANCE, date(2025, 6, 30))
    38000000
    """
    return next((value for since, value in reversed(dated) if since <= on), None)
