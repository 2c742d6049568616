"""The rule pack of Uzbekistan: which law grants what, and how often it is looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from streams.rules.pack import Case, Rule, RulePack
from streams.rules.uz import care, family
from streams.rules.uz.income import month_after, window
from streams.rules.uz.parameters import (
    CHILD_BENEFIT,
    DISABILITY_LAW,
    MATERIAL_ASSISTANCE,
    MINIMUM_INCOME_PER_HEAD,
    PENSION_AGE,
    PF_258,
    PF_6277,
    RESOLUTION_119,
    REVIEW_MONTHS,
)


def _next_change(case: Case) -> Iterator[date]:
    yield month_after(case.on)  # the three closed months move on
    for sets in (CHILD_BENEFIT, MATERIAL_ASSISTANCE, MINIMUM_INCOME_PER_HEAD):
        for dated in sets:
            yield dated.valid_from
    for member in case.members:
        for tie in (*member.person.guardians, *member.person.wards):
            yield tie.since
            if tie.until is not None:
                yield tie.until + timedelta(days=1)
        for tie in (*member.person.marriages, *member.person.divorces):
            yield tie.since
        if member.person.death is not None:
            yield member.person.death[0]
    yield from family.birthdays(case)
    yield from care.care_days(case)


PACK: Final = RulePack(
    name="uz",
    rules=(
        Rule(
            (family.STATE_SUPPORTED, family.LOW_INCOME, family.AT_RISK),
            PF_258,
            "normal",
            family.family_status,
            REVIEW_MONTHS,
        ),
        Rule(("child_benefit",), PF_6277, "normal", family.child_benefit, REVIEW_MONTHS),
        Rule(
            ("material_assistance",), PF_6277, "normal", family.material_assistance, REVIEW_MONTHS
        ),
        Rule(("disability_support",), DISABILITY_LAW, "normal", care.disability_support),
        Rule(("lonely_care",), RESOLUTION_119, "immediate", care.lonely_care),
    ),
    outcome=family.outcome,
    next_change=_next_change,
    income_window=window,
    looks_beyond=care.may_be_lonely,
    lonely_from_age=min(PENSION_AGE.values()),
)
