"""Numbers of the law of Uzbekistan, each with the day it is valid from and its source.

Money is in tiyin (1 soum = 100 tiyin). `illustrative` marks what no source confirms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from streams.rules.pack import Dated

SOUM: Final = 100

PENSION_AGE: Final = {"M": 60, "F": 55}  # Law on State Pension Provision, art. 7
UNABLE_GROUPS: Final = (1, 2)  # unable or limited to work
INCOME_MONTHS: Final = 3  # PF-258; Cabinet Resolution 35 (2026)
AT_RISK_PERCENT: Final = 150  # of the minimum; PF-258

PF_258: Final = "PF-258 (26 Dec 2025); Cabinet Resolution 35 (29 Jan 2026)"
PF_6277: Final = "PF-6277 (2021); PF-258 (26 Dec 2025)"
RESOLUTION_119: Final = "Cabinet Resolution 119 (23 Mar 2023)"
DISABILITY_LAW: Final = "PF-258 (26 Dec 2025); Law on the Rights of Persons with Disabilities"


@dataclass(frozen=True, slots=True)
class ChildBenefit:
    """Tiyin a month."""

    first_under_3: int
    first: int
    second: int
    further: int


MINIMUM_INCOME_PER_HEAD: Final = (Dated(date(2025, 1, 1), "illustrative", 700_000 * SOUM),)

CHILD_BENEFIT: Final = (
    Dated(
        date(2021, 8, 1),
        "PF-6277 (2021)",
        ChildBenefit(325_000 * SOUM, 250_000 * SOUM, 150_000 * SOUM, 100_000 * SOUM),
    ),
    Dated(
        date(2025, 7, 1),
        "press",
        ChildBenefit(360_000 * SOUM, 275_000 * SOUM, 165_000 * SOUM, 110_000 * SOUM),
    ),
)

MATERIAL_ASSISTANCE: Final = (
    Dated(date(2021, 8, 1), "PF-6277 (2021)", 380_000 * SOUM),
    Dated(date(2025, 7, 1), "press", 420_000 * SOUM),
)

REVIEW_MONTHS: Final = {
    "family_state_supported": 12,
    "family_low_income": 6,
    "family_at_risk": 6,
    "child_benefit": 6,  # illustrative: with the family's own review
    "material_assistance": 6,  # illustrative: with the family's own review
}
DISABILITY_REVIEW_DAYS: Final = 30  # before the assessment ends; illustrative
