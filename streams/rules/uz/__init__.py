"""The rule pack of Uzbekistan: which law grants what, and how often it is looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from streams.household import FamilyLaw
from streams.rules.calendar import months_later
from streams.rules.load import read_parameters
from streams.rules.pack import Case, Parameters, Rule, RulePack
from streams.rules.uz import care, children, family, income, law
from streams.rules.uz.ability import ability_days

_HERE: Final = Path(__file__).parent


def _family_law(parameters: Parameters, on: date) -> FamilyLaw:
    bereaved: int = parameters.value("bereaved_months", on)
    return FamilyLaw(parameters.value("age_of_majority", on), months_later(on, -bereaved))


def _next_change(case: Case) -> Iterator[date]:
    for sets in case.parameters.values():
        for dated in sets:
            yield dated.valid_from
    yield from income.window_days(case)
    for member in case.members:
        for tie in (*member.person.guardians, *member.person.wards):
            yield tie.since
            if tie.until is not None:
                yield tie.until + timedelta(days=1)
        for tie in (*member.person.marriages, *member.person.divorces):
            yield tie.since
        if member.person.death is not None:
            yield member.person.death[0]
    yield from ability_days(case)
    yield from children.children_days(case)
    yield from care.care_days(case)


_CURRENCY, _PARAMETERS = read_parameters(_HERE / "parameters.toml", law.SHAPES)
PACK: Final = RulePack(
    name="uz",
    rules=(
        Rule(
            (family.STATE_SUPPORTED, family.LOW_INCOME, family.AT_RISK),
            law.PF_258,
            "normal",
            family.family_status,
        ),
        Rule(("child_benefit",), law.PF_6277, "normal", children.child_benefit),
        Rule(("material_assistance",), law.PF_6277, "normal", family.material_assistance),
        Rule(
            ("disability_support",),
            law.DISABILITY_LAW,
            "normal",
            care.disability_support,
            sensitive=True,
        ),
        Rule(("lonely_care",), law.RESOLUTION_119, "immediate", care.lonely_care),
    ),
    parameters=_PARAMETERS,
    currency=_CURRENCY,
    texts=_HERE / "texts.toml",
    outcome=family.outcome,
    next_change=_next_change,
    family=_family_law,
    window=income.window,
    earliest=income.earliest,
    beyond=care.may_be_lonely,
    lonely_from=care.lonely_from,
    income_registry=income.REGISTRY,
)
