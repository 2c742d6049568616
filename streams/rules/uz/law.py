"""By which law, and what shape the numbers have that stand in ``parameters.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.rules.load import Shape

PF_258: Final = "PF-258 (26 Dec 2025); Cabinet Resolution 35 (29 Jan 2026)"
PF_6277: Final = "PF-6277 (2021); PF-258 (26 Dec 2025)"
RESOLUTION_119: Final = "Cabinet Resolution 119 (23 Mar 2023)"
DISABILITY_LAW: Final = "PF-258 (26 Dec 2025); Law on the Rights of Persons with Disabilities"
INFANT_LAW: Final = "PF-258 (26 Dec 2025)"
PENSION_LAW: Final = "Law on State Pension Provision"
PENSION_AGE_LAW: Final = "Law on State Pension Provision, art. 7; PF-258 (26 Dec 2025)"
PSYCHOLOGICAL_LAW: Final = "PF-258 (26 Dec 2025)"
EMPLOYMENT_LAW: Final = "Law on Employment of the Population; PF-258 (26 Dec 2025)"
GUARDIANSHIP_LAW: Final = "Family Code; Law on Guardianship and Trusteeship"
HEALTH_LAW: Final = "Law on the Protection of Citizens' Health"

# What the tax registry calls a benefit that is paid, and the kind of need that it is paid for. Of
# pensions and benefits for a disability the hub judges no amounts.
BENEFITS: Final[Mapping[str, str]] = {
    "child": "child_benefit",
    "material": "material_assistance",
    "infant": "infant_care",
}

MONEY: Final = "money_a_month"
SHAPES: Final[Mapping[str, Shape]] = {
    "age_of_majority": Shape("years"),
    "pension_age": Shape("years", ("M", "F")),
    "unable_groups": Shape("disability_group", many=True),
    "income_months": Shape("months"),
    "income_oldest_months": Shape("months"),
    "minimum_income_per_head": Shape(MONEY),
    "at_risk_percent": Shape("percent"),
    "child_benefit": Shape(MONEY, ("first_young", "first", "second", "further")),
    "child_benefit_young_age": Shape("years"),
    "child_benefit_at_risk": Shape("percent", ("near_below", "share_near", "share_beyond")),
    "material_assistance": Shape(MONEY),
    "infant_care": Shape(MONEY),
    "infant_age": Shape("years"),
    "bereaved_months": Shape("months"),
    "referral_months": Shape("months"),
    "pension_notice_months": Shape("months"),
    "unemployed_months": Shape("months"),
    "pregnancy_days": Shape("days"),
    "review_months": Shape(
        "months",
        (
            "family_state_supported",
            "family_low_income",
            "family_at_risk",
            "child_benefit",
            "material_assistance",
        ),
    ),
    "disability_review_days": Shape("days"),
    "payments_months_back": Shape("months"),
}
