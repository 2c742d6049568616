"""The family's status, and material assistance. Pure.

PF-258 (26 Dec 2025) and Cabinet Resolution 35 (29 Jan 2026): one Social Registry. PF-6277 (2021):
material assistance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.rules.pack import Case, Judgement
from streams.rules.reason import MET, MISSED, UNKNOWN, Condition, both, either, test
from streams.rules.uz.ability import able_to_work
from streams.rules.uz.income import Income, family_income

STATE_SUPPORTED: Final = "family_state_supported"
LOW_INCOME: Final = "family_low_income"
AT_RISK: Final = "family_at_risk"
_NOTE: Final = "means"
_OUTCOMES: Final = {
    "adult_in_family": "no_adult",
    "birth_date_known": "age_unknown",
    "ability_to_work_known": "health_unknown",
    "tax_complete": "tax_incomplete",
    "income_reported": "income_unknown",
}


class Means(NamedTuple):
    """What a family's income comes to."""

    poor: Condition  # below the minimum
    at_risk: Condition
    income: Income
    minimum: int | None
    since: str  # of the minimum


def means(case: Case) -> Means:
    """Return how the family's income stands against the minimum."""
    known = case.notes.get(_NOTE)
    if not isinstance(known, Means):
        known = case.notes[_NOTE] = _means(case)
    return known


def family_status(case: Case) -> Iterator[Judgement]:
    """Judge the family on its anchor: state-supported, low-income or at risk of poverty."""
    poor, at_risk, income, minimum, since = means(case)
    anchor = case.household.anchor
    months = case.value("review_months")
    if minimum is not None and income.condition.result == MET:
        adults = (member for member in case.members if not member.is_minor)
        able = either("adult_able_to_work", *(able_to_work(case, adult) for adult in adults))
        none_able = Condition(
            "no_adult_able_to_work", MISSED if able.result == MET else MET, parts=able.parts
        )
        supported = both(STATE_SUPPORTED, poor, none_able)
        low = both(LOW_INCOME, poor, able)
    else:
        supported, low = both(STATE_SUPPORTED, poor), both(LOW_INCOME, poor)
    for kind, reason in ((STATE_SUPPORTED, supported), (LOW_INCOME, low), (AT_RISK, at_risk)):
        yield Judgement(kind, anchor, reason, since, review_months=months[kind])


def material_assistance(case: Case) -> Iterator[Judgement]:
    """Judge a poor family without children, on its anchor."""
    amount = case.parameter("material_assistance")
    children = sum(member.is_minor for member in case.members)
    reason = both(
        "material_assistance",
        means(case).poor,
        test("no_minor_child", holds=not children, value=children, volatile=True),
        test("amount_in_force", holds=True if amount else None),
    )
    yield Judgement(
        "material_assistance",
        case.household.anchor,
        reason,
        amount.valid_from.isoformat() if amount else "",
        amount.values if amount and reason.result == MET else None,
        review_months=case.value("review_months")["material_assistance"],
    )


def outcome(case: Case) -> str:
    """Return 'assessed', or why the family's income cannot be said."""
    if case.household.in_institution:
        return "institution"
    income = family_income(case).condition
    if income.result == MET:
        return "assessed" if case.parameter("minimum_income_per_head") else "no_parameters"
    return _OUTCOMES[next(part.name for part in income.parts if part.result != MET)]


def _means(case: Case) -> Means:
    dated = case.parameter("minimum_income_per_head")
    income = family_income(case)
    whole = income.condition
    if dated is None or whole.result != MET:
        # A family without adults is no family in this sense; all else is unknown.
        result = MISSED if whole.result == MISSED else UNKNOWN
        poor = Condition("income_below_minimum", result, parts=(whole,))
        return Means(poor, both(AT_RISK, poor), income, None, "")
    minimum: int = dated.values
    percent: int = case.value("at_risk_percent")

    def compared(name: str, limit: int, *, holds: bool, parts: tuple[Condition, ...]) -> Condition:
        return test(
            name, holds=holds, value=whole.value, threshold=limit, unit=whole.unit, parts=parts
        )

    is_poor, tree = income.is_below(minimum), (whole,)
    poor = compared("income_below_minimum", minimum, holds=is_poor, parts=tree)
    above = compared("income_not_below_minimum", minimum, holds=not is_poor, parts=())
    limit, is_near = minimum * percent // 100, income.is_below(minimum, percent)
    near = compared("income_below_risk_limit", limit, holds=is_near, parts=tree)
    since = dated.valid_from.isoformat()
    return Means(poor, both(AT_RISK, above, near), income, minimum, since)
