"""What the law promises, worked out a second time, plainly. Pure.

Source:
    docs/rules.md, which names the laws: Presidential Decree PF-258 (26 Dec 2025), Cabinet
    Resolution 35 (29 Jan 2026), Presidential Decree PF-6277 (2021), Cabinet Resolution 119
    (23 Mar 2023), and others. Written from that page alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from ops.verify import single
from ops.verify.families import family_needs
from ops.verify.households import household_id, households, is_living, stay_on
from ops.verify.picture import Person, fold
from ops.verify.values import Event, Need
from ops.verify.work import complete_through

_Rule = Callable[[Person, single.World], single.Found | None]
_RULES: dict[str, _Rule] = {
    "disability_support": single.disability_support,
    "lonely_care": single.lonely_care,
    "infant_care": single.infant_care,
    "survivor_support": single.survivor_support,
    "pension_age_approaching": single.pension_age_approaching,
    "psychological_support": single.psychological_support,
    "employment_help": single.employment_help,
    "guardianship_check": single.guardianship_check,
    "medical_follow_up": single.medical_follow_up,
}
OF_FAMILIES = (
    *("family_state_supported", "family_low_income", "family_at_risk"),
    *("child_benefit", "material_assistance"),
)
KINDS = (*OF_FAMILIES, *_RULES)
_IMMEDIATE = frozenset({"lonely_care", "survivor_support", "guardianship_check"})
_SOON = frozenset({"psychological_support", "employment_help", "medical_follow_up"})


def expected_needs(events: Iterable[Event], on: date, now: int) -> list[Need]:
    """Return every need that the events give on a day.

    Args:
        events: all of them, in any order.
        on: the day of judgement.
        now: the moment of judgement in microseconds, for annulments that have to settle.
    """
    known = list(events)
    return needs_of(fold(known, now), on, complete_through(known, "tax"))


def needs_of(people: Mapping[str, Person], on: date, through: date | None) -> list[Need]:
    """Return every need of every person on a day; ``through`` is the tax registry's."""
    found: list[Need] = []
    household_of: dict[str, str] = {}
    for household in households(people, on):
        household_of.update({member.id: household.id for member in household.members})
        found += family_needs(household, on, through)
    world = single.World(people, _dwellings(people, on), on, through)
    for person in people.values():
        if is_living(person, on):
            own = household_of.get(person.id) or household_id(person.id)
            found += _own_needs(person, own, world)
    return found


def urgency_of(kind: str) -> str:
    """Return how urgent a kind of need is."""
    if kind in _IMMEDIATE:
        return "immediate"
    return "soon" if kind in _SOON else "normal"


def _own_needs(person: Person, household: str, world: single.World) -> Iterator[Need]:
    for kind, rule in _RULES.items():
        holds = rule(person, world)
        if holds is not None:
            yield Need(person.id, kind, household, holds.amount_minor, holds.since, holds.review_on)


def _dwellings(people: Mapping[str, Person], on: date) -> dict[str, set[str]]:
    """Return the living people registered in each dwelling."""
    found: dict[str, set[str]] = {}
    for person in people.values():
        stay = stay_on(person, on)
        if stay is not None and is_living(person, on):
            found.setdefault(stay.dwelling, set()).add(person.id)
    return found
