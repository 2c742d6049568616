"""What a family's income gives it: its status, child benefit, material assistance. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ops.verify import parameters
from ops.verify.health import is_limited, is_of_pension_age, is_unknown
from ops.verify.households import Household, age, is_minor
from ops.verify.parameters import WINDOW_MONTHS, in_force
from ops.verify.picture import Person
from ops.verify.values import Need
from ops.verify.work import Month, earned, unreported, window

STATE_SUPPORTED, LOW_INCOME, AT_RISK = (
    "family_state_supported",
    "family_low_income",
    "family_at_risk",
)
_INFANT = 3
_PER_CENT = 100


def family_needs(household: Household, on: date, through: date | None) -> Iterator[Need]:
    """Give the needs that rest on the income of a household."""
    months = window(on, through)
    minimum = in_force(parameters.MINIMUM, on)
    if months is None or minimum is None or _is_not_judged(household, months, on):
        return
    income = sum(earned(member, months) for member in household.members)
    threshold = minimum * len(household.members) * WINDOW_MONTHS
    if 2 * income >= 3 * threshold:
        return
    share: int | None = _PER_CENT
    if income >= threshold:
        status = AT_RISK
        shares = in_force(parameters.AT_RISK_SHARES, on)
        share = None if shares is None else shares[4 * income >= 5 * threshold]
    else:
        adults = [member for member in household.members if not is_minor(member, on)]
        able = any(not is_limited(adult, on) for adult in adults)
        status = LOW_INCOME if able else STATE_SUPPORTED
    yield Need(household.anchor, status, household.id)
    children = [member for member in household.members if is_minor(member, on)]
    children.sort(key=lambda child: (child.born_on or "", child.id))
    for number, child in enumerate(children):
        full = _benefit(number, child, on)
        if share is not None and full is not None:
            yield Need(child.id, "child_benefit", household.id, full * share // _PER_CENT)
    if not children and status != AT_RISK:
        amount = in_force(parameters.MATERIAL_ASSISTANCE, on)
        yield Need(household.anchor, "material_assistance", household.id, amount)


def _is_not_judged(household: Household, months: list[Month], on: date) -> bool:
    """Return whether there is no adult, or of one of them something is not known."""
    adults = [member for member in household.members if not is_minor(member, on)]
    return not adults or any(_is_unknown(adult, months, on) for adult in adults)


def _is_unknown(adult: Person, months: list[Month], on: date) -> bool:
    if adult.born_on is None or adult.sex is None:
        return True
    if is_of_pension_age(adult, on):
        return False
    return is_unknown(adult, on) or unreported(adult, months)


def _benefit(number: int, child: Person, on: date) -> int | None:
    amounts = in_force(parameters.CHILD_BENEFIT, on)
    if amounts is None:
        return None
    first_under_3, first, second, further = amounts
    if number:
        return second if number == 1 else further
    years = age(child, on)
    return first_under_3 if years is not None and years < _INFANT else first
