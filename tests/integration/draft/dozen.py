"""A dozen kinds of invented households, and what the example draft law changes for each, by hand.

On 10 March 2026, tax complete through February: December to February count. The minimum rises from
700,000 to 800,000 soum, so a family is at risk up to 1,200,000 and not 1,050,000; a family at risk
has 75 % of child benefit up to 1.25 times the minimum (875,000; 1,000,000), then 50 %.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.integration.assessment.country import Country

FIRST, SECOND = "1703203", "1706207"


class Kind(NamedTuple):
    """One kind of household."""

    adults: tuple[str, ...]  # birth dates; two are married
    children: tuple[str, ...]
    per_head: int | None  # soum a month; None: employed, and nothing is reported
    now: int  # soum a month in all by the law in force
    draft: int
    district: str = FIRST


GROWN = "1990-05-01"
OLD = "1950-05-01"
C10, C8, C6 = "2016-01-15", "2018-01-15", "2020-01-15"
PAIR = (GROWN, GROWN)

DOZEN = {
    # low income: 275 + 165; the second child's 200
    "poor two": Kind(PAIR, (C10, C8), 600_000, 440_000, 475_000),
    "poor one": Kind(PAIR, (C10,), 600_000, 275_000, 275_000),
    # at risk, 75 % of 275 + 165; then low income: 275 + 200
    "falls under": Kind(PAIR, (C10, C8), 750_000, 330_000, 475_000),
    # at risk, 50 % of 275; then 75 %
    "nearer": Kind(PAIR, (C10,), 900_000, 137_500, 206_250),
    # nothing; then at risk, 50 % of 275
    "newly at risk": Kind(PAIR, (C10,), 1_100_000, 0, 137_500),
    # 275 + 165 + 110; then 275 + 200 + 110
    "poor three": Kind(PAIR, (C10, C8, C6), 500_000, 550_000, 585_000),
    # at risk; then low income without children: material assistance
    "alone near": Kind((GROWN,), (), 750_000, 0, 420_000, SECOND),
    "alone poor": Kind((GROWN,), (), 650_000, 420_000, 420_000, SECOND),
    "alone rich": Kind((GROWN,), (), 3_000_000, 0, 0, SECOND),
    # at risk; then state-supported: material assistance
    "old couple": Kind((OLD, OLD), (), 790_000, 0, 420_000, SECOND),
    # income unknown by both
    "unknown": Kind(PAIR, (C10, C8), None, 0, 0, SECOND),
    # first child under 3: 360; infant care: 500
    "infant": Kind((GROWN,), ("2025-03-01",), 690_000, 860_000, 860_000, SECOND),
}


def settle(country: Country, copies: int) -> None:
    """Put ``copies`` of each kind of household into the tables."""
    country.complete()
    for number in range(copies):
        for name, kind in DOZEN.items():
            with country.connection.transaction():
                _settle(country, f"{name} {number}", kind)


def _settle(country: Country, name: str, kind: Kind) -> None:
    adults = [f"{name} a{number}" for number in range(len(kind.adults))]
    for number, (who, born_on) in enumerate(zip(adults, kind.adults, strict=True)):
        country.born(who, born_on, "MF"[number])
    if len(adults) > 1:
        country.married(*adults)
    children = [f"{name} c{number}" for number in range(len(kind.children))]
    for who, born_on in zip(children, kind.children, strict=True):
        country.born(who, born_on, "F", mother=adults[-1], father=adults[0])
    for who in (*adults, *children):
        place = {"district": kind.district, "dwelling": f"home of {name}", "kind": "home"}
        country.state(f"residence {who}", (who, "residence", place), days=("2015-01-01", None))
    if kind.per_head is None:
        country.employed(adults[0])
    else:
        country.earns(adults[0], kind.per_head * (len(adults) + len(children)))
