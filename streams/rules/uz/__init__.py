"""The rule pack of Uzbekistan: which law grants what, and how often it is looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from streams.household import FamilyLaw
from streams.rules.calendar import months_later
from streams.rules.load import read_parameters
from streams.rules.pack import Case, Parameters, Rule, RulePack
from streams.rules.uz import bereavement, care, children, family, health, income, law, work
from streams.rules.uz.common import ends

_HERE: Final = Path(__file__).parent


def _family_law(parameters: Parameters, on: date) -> FamilyLaw:
    bereaved: int = parameters.value("bereaved_months", on)
    return FamilyLaw(parameters.value("age_of_majority", on), months_later(on, -bereaved))


def _next_change(case: Case) -> Iterator[date]:
    yield from case.parameters.days
    yield from income.window_days(case)
    people = case.surroundings.people
    for member in case.members:
        person = member.person
        for tie in (*person.guardians, *person.wards):
            yield from ends(tie)
        for tie in (*person.marriages, *person.divorces):
            yield tie.since
        if person.death is not None:
            yield person.death[0]
        for tie in (*person.marriages, *person.guardians, *person.wards):
            near = people.get(tie.other)
            if near is not None and near.birth is not None:
                yield near.birth.on  # somebody unborn has no household that could wait
    yield from children.children_days(case)
    yield from work.work_days(case)
    yield from care.care_days(case)
    yield from health.health_days(case)
    yield from bereavement.bereavement_days(case)


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
            health.disability_support,
            sensitive=True,
        ),
        Rule(("lonely_care",), law.RESOLUTION_119, "immediate", care.lonely_care),
        Rule(("infant_care",), law.INFANT_LAW, "normal", children.infant_care),
        Rule(("survivor_support",), law.PENSION_LAW, "immediate", bereavement.survivor_support),
        Rule(
            ("pension_age_approaching",),
            law.PENSION_AGE_LAW,
            "normal",
            work.pension_age_approaching,
        ),
        Rule(
            ("psychological_support",),
            law.PSYCHOLOGICAL_LAW,
            "soon",
            bereavement.psychological_support,
            sensitive=True,
        ),
        Rule(("employment_help",), law.EMPLOYMENT_LAW, "soon", work.employment_help),
        Rule(
            ("guardianship_check",),
            law.GUARDIANSHIP_LAW,
            "immediate",
            children.guardianship_check,
        ),
        Rule(
            ("medical_follow_up",),
            law.HEALTH_LAW,
            "soon",
            health.medical_follow_up,
            sensitive=True,
        ),
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
    benefits=law.BENEFITS,
)
