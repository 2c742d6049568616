"""What a household needs on a day, and why. Pure: ``assess(household, on, rules)``.

The same facts give the same needs. Nothing here knows a country: that is the rule pack's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from streams.household import Household
from streams.person import Person
from streams.rules.pack import Case, Judgement, Member, RulePack, Surroundings
from streams.rules.reason import MET, Condition, missing


@dataclass(slots=True)
class Assessment:
    """What was concluded of one household."""

    household: Household
    on: date
    outcome: str  # 'assessed', or why the family's situation cannot be said
    judgements: dict[tuple[bytes, str], Judgement]  # by person and kind; a need if met
    next_change_on: date | None  # the next day on which the answer can change
    income_through: date | None = None  # the last day of the months whose incomes counted

    def needs(self) -> list[Judgement]:
        return [found for found in self.judgements.values() if found.reason.result == MET]

    def near_misses(self) -> list[tuple[Judgement, Condition]]:
        """Return who is just outside, and the condition missed by little."""
        return [
            (judgement, node)
            for judgement in self.judgements.values()
            for node in missing(judgement.reason)
            if node.is_near
        ]


def assess(
    household: Household,
    on: date,
    rules: RulePack,
    *,
    complete: Mapping[str, date | None],
    surroundings: Surroundings,
) -> Assessment:
    """Return what ``household`` needs on ``on``.

    Args:
        household: its members with all that is known of them.
        on: the day.
        rules: a country's rules and numbers.
        complete: per registry the day up to which it has stated everything.
        surroundings: everybody judged together and their dead; co-residents and children of
            members who may live alone.
    """
    window = rules.income_window(on, complete.get(rules.income_registry))
    adult_age = rules.family_law(on).adult_age
    case = Case(
        household,
        on,
        [_member(person, on, adult_age) for person in household.members],
        complete,
        surroundings,
        rules.parameters,
        window,
    )
    judgements = {
        (found.person, found.kind): found for rule in rules.rules for found in rule.judge(case)
    }
    days = [day for day in rules.next_change(case) if day > on]
    return Assessment(
        household,
        on,
        rules.outcome(case),
        judgements,
        min(days, default=None),
        None if window is None else window[1],
    )


def _member(person: Person, on: date, adult_age: int) -> Member:
    age = person.age(on)
    disability = person.disability(on) if person.disabilities else None
    return Member(person, age, disability, age is not None and age < adult_age)
