"""The needs that do not rest on a family's income, each a function. Pure, plain and slow.

Each returns None where the rule does not hold, also where the answer is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from ops.verify import parameters
from ops.verify.days import DAY, birthday, months_after
from ops.verify.health import disability_on, is_limited, is_of_pension_age, is_severe, is_unknown
from ops.verify.households import ADULT, age, is_living, is_minor, is_present, stay_on
from ops.verify.parameters import in_force
from ops.verify.picture import Person
from ops.verify.work import earned, unreported, window, works_on

_BABY = 2
_REVIEW_BEFORE = timedelta(days=30)


class World(NamedTuple):
    """Everybody, on one day."""

    people: Mapping[str, Person]
    dwellings: Mapping[str, set[str]]  # the living people registered in each
    on: date
    through: date | None  # of the tax registry

    @property
    def day(self) -> str:
        return self.on.isoformat()


class Found(NamedTuple):
    """That a rule holds."""

    since: str | None = None  # None: the day on which it was found
    amount_minor: int | None = None
    review_on: str | None = None


def disability_support(person: Person, world: World) -> Found | None:
    """An assessed group 1 to 3 in force."""
    assessed = disability_on(person, world.on)
    if assessed is None:
        return None
    review = None
    if assessed.until is not None:
        review = (date.fromisoformat(assessed.until) - _REVIEW_BEFORE).isoformat()
    return Found(assessed.assessed_on, review_on=review)


def lonely_care(person: Person, world: World) -> Found | None:
    """Alone at home, no living grown child; of pension age, or group 1 or 2."""
    if not is_severe(person, world.on) and not is_of_pension_age(person, world.on):
        return None
    stay = stay_on(person, world.on)
    if stay is None or stay.kind != "home" or world.dwellings[stay.dwelling] != {person.id}:
        return None
    children = (world.people[child] for child in person.children)
    grown = (is_living(child, world.on) and not is_minor(child, world.on) for child in children)
    return None if any(grown) else Found()


def infant_care(person: Person, world: World) -> Found | None:
    """Under two years old, and not in an institution."""
    years = age(person, world.on)
    amount = in_force(parameters.INFANT_CARE, world.on)
    if years is None or years >= _BABY or amount is None or not is_present(person, world.on):
        return None
    return Found(person.born_on, amount)


def survivor_support(person: Person, world: World) -> Found | None:
    """A parent or the spouse died who was earning."""
    dead = list(_widowed(person, world))
    if is_minor(person, world.on):
        for id_ in (person.mother, person.father):
            parent = None if id_ is None else world.people.get(id_)
            if parent is not None and parent.died_on is not None and parent.died_on <= world.day:
                dead.append((parent, parent.died_on))
    deaths = [day for one, day in dead if works_on(one, date.fromisoformat(day))]
    return Found(min(deaths)) if deaths else None


def pension_age_approaching(person: Person, world: World) -> Found | None:
    """Three months before the birthday of pension age until the day before it."""
    if person.born_on is None or person.sex is None:
        return None
    years = parameters.PENSION_AGE[person.sex]
    reached = birthday(date.fromisoformat(person.born_on), years)
    first = months_after(reached, -parameters.PENSION_NEAR_MONTHS)
    return Found(first.isoformat()) if first <= world.on < reached else None


def psychological_support(person: Person, world: World) -> Found | None:
    """Referred within a year, or bereaved with a minor child."""
    counting = [
        referred_on
        for referred_on in person.referrals
        if _lasts(referred_on, parameters.REFERRAL_MONTHS, world.on)
    ]
    children = (world.people[child] for child in person.children)
    if any(is_living(child, world.on) and is_minor(child, world.on) for child in children):
        counting += [died_on for _, died_on in _widowed(person, world)]
    return Found(min(counting)) if counting else None


def employment_help(person: Person, world: World) -> Found | None:
    """Able to work, out of work, and without income for two closed months."""
    on = world.on
    years = age(person, on)
    if years is None or years < ADULT or person.sex is None or not is_present(person, on):
        return None
    if is_limited(person, on) or is_unknown(person, on) or works_on(person, on):
        return None
    ended = [ended_on for _, ended_on in person.ends if ended_on <= world.day]
    months = window(on, world.through)
    if not ended or months is None:
        return None
    lately = months[-parameters.IDLE_MONTHS :]
    if earned(person, lately) > 0 or unreported(person, lately):
        return None
    return Found(max(ended))


def guardianship_check(person: Person, world: World) -> Found | None:
    """A minor without a living parent or guardian."""
    if not is_minor(person, world.on) or not is_present(person, world.on) or not person.births:
        return None
    guardians = [
        guardian
        for from_on, until_on, guardian in person.guardians
        if from_on <= world.day and (until_on is None or world.day <= until_on)
    ]
    keepers = {*guardians, person.mother, person.father} - {None}
    return None if any(not _is_dead(id_, world) for id_ in keepers if id_) else Found()


def medical_follow_up(person: Person, world: World) -> Found | None:
    """Pregnant, and no follow-up arranged."""
    births = [world.people[child].born_on for child in person.children]
    fitting = []
    for registered_on, due_on, follow_up in person.pregnancies:
        last = due_on or _days_after(registered_on, parameters.PREGNANCY_DAYS)
        born = any(b is not None and registered_on <= b <= world.day for b in births)
        if not follow_up and registered_on <= world.day <= last and not born:
            fitting.append(registered_on)
    return Found(min(fitting)) if fitting else None


def _widowed(person: Person, world: World) -> Iterator[tuple[Person, str]]:
    """Give each spouse who died so lately that it counts, and the day."""
    for spouse_id in {spouse for _, spouse in person.marriages}:
        spouse = world.people[spouse_id]
        died_on = spouse.died_on
        if died_on is None or not _lasts(died_on, parameters.BEREAVED_MONTHS, world.on):
            continue
        if _were_married(person, spouse_id, died_on):
            yield spouse, died_on


def _were_married(person: Person, spouse: str, day: str) -> bool:
    return any(
        other == spouse
        and married_on <= day
        and not any(
            once == spouse and married_on <= divorced_on <= day
            for divorced_on, once in person.divorces
        )
        for married_on, other in person.marriages
    )


def _lasts(first: str, months: int, on: date) -> bool:
    """Return whether ``on`` lies between a day and the day before the same day months later."""
    begins = date.fromisoformat(first)
    return begins <= on <= months_after(begins, months) - DAY


def _days_after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _is_dead(id_: str, world: World) -> bool:
    """Return whether somebody has died; of whom nothing else is known lives."""
    known = world.people.get(id_)
    return known is not None and known.died_on is not None and known.died_on <= world.day
