"""Family status, child benefit and material assistance. Pure.

PF-258 (26 Dec 2025) and Cabinet Resolution 35 (29 Jan 2026): one Social Registry. PF-6277 (2021):
child benefit and material assistance.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from streams.household import ADULT_AGE
from streams.rules.pack import Case, Judgement, Member, in_force
from streams.rules.reason import MET, MISSED, UNKNOWN, Condition, both, either, test
from streams.rules.uz.income import (
    family_income,
    has_pension_age,
    is_adult,
    is_unable,
)
from streams.rules.uz.parameters import (
    AT_RISK_PERCENT,
    CHILD_BENEFIT,
    MATERIAL_ASSISTANCE,
    MINIMUM_INCOME_PER_HEAD,
    ChildBenefit,
)

STATE_SUPPORTED: Final = "family_state_supported"
LOW_INCOME: Final = "family_low_income"
AT_RISK: Final = "family_at_risk"
_NOTE: Final = "poor_family"


def family_status(case: Case) -> Iterator[Judgement]:
    """Judge the family on its anchor: state-supported, low-income or at risk of poverty."""
    minimum = in_force(MINIMUM_INCOME_PER_HEAD, case.on)
    income = family_income(case)
    anchor = case.household.anchor
    if minimum is None or income.result != MET:
        poor = _below("income_below_minimum", income, None)
        case.notes[_NOTE] = poor
        for kind in (STATE_SUPPORTED, LOW_INCOME, AT_RISK):
            yield Judgement(kind, anchor, both(kind, poor))
        return
    since = minimum.valid_from.isoformat()
    poor = case.notes[_NOTE] = _below("income_below_minimum", income, minimum.values)
    able = either("adult_able_to_work", *_work(case))
    none_able = Condition(
        "no_adult_able_to_work", MISSED if able.result == MET else MET, parts=able.parts
    )
    above = test(
        "income_not_below_minimum",
        holds=poor.result == MISSED,
        threshold=minimum.values,
        unit=income.unit,
    )
    limit = minimum.values * AT_RISK_PERCENT // 100
    yield Judgement(STATE_SUPPORTED, anchor, both(STATE_SUPPORTED, poor, none_able), since)
    yield Judgement(LOW_INCOME, anchor, both(LOW_INCOME, poor, able), since)
    risk = both(AT_RISK, above, _below("income_below_risk_limit", income, limit))
    yield Judgement(AT_RISK, anchor, risk, since)


def child_benefit(case: Case) -> Iterator[Judgement]:
    """Judge each child of a poor family; the oldest is the first."""
    parameters = in_force(CHILD_BENEFIT, case.on)
    poor = _poor(case)
    for order, child in enumerate(_children(case), start=1):
        birth = child.person.birth
        assert birth is not None
        assert child.age is not None
        young = test(
            "under_18",
            holds=True,
            value=child.age,
            threshold=ADULT_AGE,
            events=(birth.event,),
            volatile=True,
        )
        rank = test("order_of_child", holds=True, value=order)
        known = test("amount_in_force", holds=True if parameters else None)
        yield Judgement(
            "child_benefit",
            child.person.id,
            both("child_benefit", poor, young, rank, known),
            parameters.valid_from.isoformat() if parameters else "",
            child_amount(parameters.values, order, child.age) if parameters else None,
        )


def child_amount(benefit: ChildBenefit, order: int, age: int) -> int:
    """Return tiyin a month; only the first child has an amount by age (PF-6277)."""
    if order == 1:
        return benefit.first_under_3 if age < 3 else benefit.first
    return benefit.second if order == 2 else benefit.further


def material_assistance(case: Case) -> Iterator[Judgement]:
    """Judge a poor family without children, on its anchor."""
    parameters = in_force(MATERIAL_ASSISTANCE, case.on)
    children = len(_children(case))
    none = test("no_child_under_18", holds=not children, value=children, volatile=True)
    known = test("amount_in_force", holds=True if parameters else None)
    yield Judgement(
        "material_assistance",
        case.household.anchor,
        both("material_assistance", _poor(case), none, known),
        parameters.valid_from.isoformat() if parameters else "",
        parameters.values if parameters else None,
    )


def outcome(case: Case) -> str:
    """Return 'assessed', or why the family's income cannot be said."""
    if case.household.in_institution:
        return "institution"
    income = family_income(case)
    if income.result == MET:
        known = in_force(MINIMUM_INCOME_PER_HEAD, case.on) is not None
        return "assessed" if known else "no_parameters"
    failing = next(part.name for part in income.parts if part.result != MET)
    return {
        "adult_in_family": "no_adult",
        "birth_date_known": "age_unknown",
        "ability_to_work_known": "health_unknown",
        "tax_complete": "tax_incomplete",
        "income_reported": "income_unknown",
    }[failing]


def birthdays(case: Case) -> Iterator[date]:
    """Return the days on which a child's age changes what it is due."""
    for child in case.members:
        if child.person.birth is not None:
            for years in (3, ADULT_AGE):
                yield birthday(child.person.birth.on, years)


def birthday(born_on: date, years: int) -> date:
    """Return the day on which somebody is ``years`` old; of 29 February it is 1 March."""
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def _children(case: Case) -> list[Member]:
    children = [member for member in case.members if not is_adult(member)]
    return sorted(children, key=_seniority)


def _poor(case: Case) -> Condition:
    poor = case.notes[_NOTE]
    assert isinstance(poor, Condition)
    return poor


def _below(name: str, income: Condition, limit: int | None) -> Condition:
    """Return whether the income is below ``limit``, exactly: the value shown is rounded down."""
    if income.result != MET or limit is None:
        # A family without adults is no family in this sense; all else is unknown.
        result = MISSED if income.result == MISSED else UNKNOWN
        return Condition(name, result, threshold=limit, parts=(income,))
    assert isinstance(income.value, int)
    return Condition(
        name,
        MET if income.value < limit else MISSED,
        value=income.value,
        threshold=limit,
        unit=income.unit,
        parts=(income,),
    )


def _work(case: Case) -> Iterator[Condition]:
    """Return for each adult whether they are able to work."""
    for member in case.members:
        if not is_adult(member):
            continue
        person = member.person
        assert person.birth is not None
        events = [person.birth.event]
        because = "working_age"
        if has_pension_age(member):
            because = "pension_age"
        elif member.disability is not None:
            because = f"disability_group_{member.disability.group}"
            events.append(member.disability.event)
        unable = is_unable(member)
        yield test(
            "able_to_work",
            holds=None if unable is None else not unable,
            value=because,
            person=person.id,
            events=tuple(events),
        )


def _seniority(child: Member) -> tuple[date, bytes]:
    assert child.person.birth is not None
    return child.person.birth.on, child.person.id  # twins by id, so that the order is one
