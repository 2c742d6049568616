"""What the law promises, worked out a second time, plainly. Pure.

Source:
    The rules and numbers of docs/contract.md's rule pack: Presidential Decree PF-258
    (26 Dec 2025), Cabinet Resolution 35 (29 Jan 2026), Presidential Decree PF-6277
    (2021) with the amounts from 1 July 2025, Cabinet Resolution 119 (23 Mar 2023).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from ops.verify.households import (
    Household,
    age,
    household_id,
    households,
    is_living,
    is_minor,
    stay_on,
)
from ops.verify.picture import Person, fold
from ops.verify.values import Event

SOUM = 100  # tiyin
MINIMUM = 700_000 * SOUM  # income per head and month
MONTHS = 3
PENSION_AGE = {"M": 60, "F": 55}
FIRST_UNDER_3, FIRST, SECOND, FURTHER = (
    360_000 * SOUM,
    275_000 * SOUM,
    165_000 * SOUM,
    110_000 * SOUM,
)
MATERIAL_ASSISTANCE = 420_000 * SOUM
STATE_SUPPORTED, LOW_INCOME, AT_RISK = (
    "family_state_supported",
    "family_low_income",
    "family_at_risk",
)
_POOR = {STATE_SUPPORTED, LOW_INCOME}
_SEVERE = {1, 2}
_INFANT = 3


class Need(NamedTuple):
    """One need as it must be."""

    person: str
    kind: str
    amount_minor: int | None
    household: str


def expected_needs(events: Iterable[Event], on: date) -> list[Need]:
    """Return every need that the events give on a day."""
    return needs_of(fold(events), on)


def needs_of(people: Mapping[str, Person], on: date) -> list[Need]:
    """Return every need of every person on a day."""
    found: list[Need] = []
    household_of: dict[str, str] = {}
    for household in households(people, on):
        household_of.update({member.id: household.id for member in household.members})
        found += _family_needs(household, on)
    dwellings = _dwellings(people, on)
    for person in people.values():
        if not is_living(person, on):
            continue
        own = household_of.get(person.id) or household_id(person.id)
        if disability_groups(person, on):
            found.append(Need(person.id, "disability_support", None, own))
        if _is_lonely(person, people, dwellings, on):
            found.append(Need(person.id, "lonely_care", None, own))
    return found


def closed_months(on: date) -> list[tuple[str, str]]:
    """Return first and last day of the three months before the month of ``on``.

    >>> closed_months(date(2026, 1, 15))[0]
    ('2025-10-01', '2025-10-31')
    """
    found = []
    first = on.replace(day=1)
    for _ in range(MONTHS):
        last = first - timedelta(days=1)
        first = last.replace(day=1)
        found.append((first.isoformat(), last.isoformat()))
    return found[::-1]


def disability_groups(person: Person, on: date) -> set[int]:
    """Return the groups in force on a day."""
    day = on.isoformat()
    return {
        group
        for group, assessed_on, until in person.disabilities
        if assessed_on <= day and (until is None or until >= day)
    }


def is_of_pension_age(person: Person, on: date) -> bool:
    """Return whether ``person`` is known to have reached pension age."""
    years = age(person, on)
    return years is not None and person.sex is not None and years >= PENSION_AGE[person.sex]


def family_status(household: Household, on: date) -> str | None:
    """Return the family status; None for no need, no adult, or an income not yet known."""
    adults = [member for member in household.members if not is_minor(member, on)]
    if not adults or any(member.born_on is None for member in adults):
        return None
    months = closed_months(on)
    if any(_income_is_unknown(adult, months, on) for adult in adults):
        return None
    firsts = {first for first, _ in months}
    income = sum(
        gross
        for member in household.members
        for _, month, gross in member.incomes
        if month in firsts
    )
    threshold = MINIMUM * len(household.members) * MONTHS
    if income < threshold:
        able = any(not _is_limited(adult, on) for adult in adults)
        return LOW_INCOME if able else STATE_SUPPORTED
    return AT_RISK if 2 * income < 3 * threshold else None  # below one and a half times


def _family_needs(household: Household, on: date) -> list[Need]:
    status = family_status(household, on)
    if status is None:
        return []
    found = [Need(household.anchor, status, None, household.id)]
    if status not in _POOR:
        return found
    children = [member for member in household.members if is_minor(member, on)]
    children.sort(key=lambda child: (child.born_on or "", child.id))
    for number, child in enumerate(children):
        amount = (_first(child, on), SECOND, FURTHER)[min(number, 2)]
        found.append(Need(child.id, "child_benefit", amount, household.id))
    if not children:
        assistance = "material_assistance"
        found.append(Need(household.anchor, assistance, MATERIAL_ASSISTANCE, household.id))
    return found


def _first(child: Person, on: date) -> int:
    years = age(child, on)
    return FIRST_UNDER_3 if years is not None and years < _INFANT else FIRST


def _is_limited(adult: Person, on: date) -> bool:
    return bool(disability_groups(adult, on) & _SEVERE) or is_of_pension_age(adult, on)


def _income_is_unknown(adult: Person, months: list[tuple[str, str]], on: date) -> bool:
    """Return whether an employer of a month has not yet reported that month's income."""
    if is_of_pension_age(adult, on):
        return False
    reported = {(employer, month) for employer, month, _ in adult.incomes}
    for employer, started_on in adult.employments:
        ended_on = min(
            (day for other, day in adult.ends if other == employer and day >= started_on),
            default=None,
        )
        for first, last in months:
            in_force = started_on <= last and (ended_on is None or ended_on >= first)
            if in_force and (employer, first) not in reported:
                return True
    return False


def _dwellings(people: Mapping[str, Person], on: date) -> dict[str, set[str]]:
    """Return the living people registered in each dwelling."""
    found: dict[str, set[str]] = {}
    for person in people.values():
        stay = stay_on(person, on)
        if stay is not None and is_living(person, on):
            found.setdefault(stay.dwelling, set()).add(person.id)
    return found


def _is_lonely(
    person: Person, people: Mapping[str, Person], dwellings: dict[str, set[str]], on: date
) -> bool:
    severe = bool(disability_groups(person, on) & _SEVERE)
    if not severe and not is_of_pension_age(person, on):
        return False
    stay = stay_on(person, on)
    if stay is None or stay.kind != "home" or dwellings[stay.dwelling] != {person.id}:
        return False
    children = (people[child] for child in person.children)
    return not any(is_living(child, on) and not is_minor(child, on) for child in children)
