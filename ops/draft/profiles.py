"""Invented households that stand for many: from coarse profiles, never from anybody's facts. Pure.

A profile says who lives in a household by rough age, and its income per head in tenths of the
minimum. The example is a household made up to fit: round ages, one income. It is shown only if
both laws treat it as they treat the households that it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from streams.assessment import Assessment, assess
from streams.household import Household, household_id
from streams.person import Person
from streams.rules.pack import RulePack, Surroundings
from streams.rules.reason import walk
from streams.stated import Birth, Income

INCOME: Final = "income_below_minimum"  # the condition that has an income and a minimum
_ADULT, _BEFORE_PENSION, _PENSIONER, _SMALL = 18, 55, 60, 3  # rough; between, nobody is typical
_AGES: Final = {"adults": 35, "pensioners": 70, "small": 1, "children": 10}
_WORDS: Final = {
    "adults": ("adult of working age", "adults of working age"),
    "pensioners": ("pensioner", "pensioners"),
    "small": ("child under 3", "children under 3"),
    "children": ("child from 3 to 17", "children from 3 to 17"),
}
_MOST_TENTHS: Final = 30
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Profile(NamedTuple):
    """A kind of household."""

    adults: int
    pensioners: int
    small: int
    children: int
    tenths: int  # of the minimum; the income per head lies between this and the next

    def text(self) -> str:
        """Return the profile as one word."""
        return ".".join(str(number) for number in self)

    @classmethod
    def parse(cls, text: str) -> Profile:
        """Return the profile that ``text`` was made of."""
        return cls(*(int(number) for number in text.split(".")))

    def describe(self) -> str:
        """Return who lives there, in words."""
        found = []
        for name, (one, many) in _WORDS.items():
            count: int = getattr(self, name)
            if count:
                number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
                found.append(f"{number} {one if count == 1 else many}")
        return ", ".join(found)


class Example(NamedTuple):
    """A made-up household, as both laws see it."""

    profile: Profile
    income_minor: int  # per head and month
    minimum_minor: int
    in_force: Assessment
    draft: Assessment


def profile_of(assessment: Assessment) -> Profile | None:
    """Return the profile of a household; None if it is not typical enough for one."""
    income = _income(assessment)
    if income is None or assessment.household.in_institution:
        return None
    value, minimum = income
    counts = dict.fromkeys(_AGES, 0)
    for member in assessment.household.members:
        age = member.age(assessment.on)
        if age is None or member.disabilities or _BEFORE_PENSION <= age < _PENSIONER:
            return None
        counts[_band(age)] += 1
    return Profile(**counts, tenths=min(value * 10 // minimum, _MOST_TENTHS))


def invent(
    profile: Profile,
    laws: tuple[RulePack, RulePack],
    on: date,
    complete: Mapping[str, date | None],
    share: float,
) -> Example | None:
    """Return a made-up household of the profile under both laws; None if there can be none.

    Args:
        profile: what it stands for.
        laws: the law in force, and the draft.
        on: the day.
        complete: how far the registries are.
        share: where in its tenth the income lies, from 0 to 1.
    """
    base = laws[0]
    window = base.income_window(on, complete.get(base.income_registry))
    minimum = base.parameters.in_force(on).get("minimum_income_per_head")
    if window is None or minimum is None:
        return None
    per_head = int(minimum.values * (profile.tenths + share) / 10)
    members = _members(profile, on)
    earner = next(iter(members), None)
    if earner is None:
        return None
    for month in _months(*window):
        gross = per_head * len(members)
        earner.incomes.append(Income("employer", month, gross, b"income"))
    household = Household(household_id(earner.id), earner.id, tuple(members))
    around = Surroundings({member.id: member for member in members})
    before, after = (
        assess(household, on, law, complete=complete, surroundings=around) for law in laws
    )
    return Example(profile, per_head, minimum.values, before, after)


def _members(profile: Profile, on: date) -> list[Person]:
    found: list[Person] = []
    for name, age in _AGES.items():
        for _ in range(getattr(profile, name)):
            number = len(found)
            # Half a year after a birthday, which is then near neither for long.
            born_on = on - timedelta(days=round(365.25 * age) + 180)
            parent = found[0].id if found and age < _ADULT else None
            sex = "FM"[number % 2]
            identifier = bytes(15) + bytes([number + 1])
            birth = Birth((True,), born_on, sex, parent, None, b"birth")
            found.append(Person(identifier, birth=birth))
    return found


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


def _band(age: int) -> str:
    if age < _SMALL:
        return "small"
    if age < _ADULT:
        return "children"
    return "pensioners" if age >= _PENSIONER else "adults"


def _income(assessment: Assessment) -> tuple[int, int] | None:
    """Return the income per head and the minimum it was held against."""
    for judgement in assessment.judgements.values():
        for node in walk(judgement.reason):
            if node.name == INCOME and isinstance(node.value, int):
                minimum = node.threshold
                return (node.value, minimum) if isinstance(minimum, int) and minimum else None
    return None
