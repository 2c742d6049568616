"""Who is limited in working, and until when. Pure."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from ops.verify.households import age
from ops.verify.parameters import PENSION_AGE
from ops.verify.picture import Person

_SEVERE = {1, 2}


class Assessed(NamedTuple):
    """A disability in force."""

    group: int
    assessed_on: str
    until: str | None


def disability_on(person: Person, on: date) -> Assessed | None:
    """Return the assessment in force: of several the latest, then the gravest."""
    day = on.isoformat()
    held = [
        Assessed(group, assessed_on, until)
        for group, assessed_on, until in person.disabilities
        if assessed_on <= day and (until is None or until >= day)
    ]
    # Of two that say the same but for their end the longer is meant.
    return max(held, key=lambda one: (one.assessed_on, -one.group, one.until or "9"), default=None)


def group_on(person: Person, on: date) -> int | None:
    """Return the disability group in force on a day."""
    assessed = disability_on(person, on)
    return None if assessed is None else assessed.group


def is_unknown(person: Person, on: date) -> bool:
    """Return whether a disability was assessed of which nothing more is known."""
    return any(assessed_on <= on.isoformat() for assessed_on in person.erased_disabilities)


def is_of_pension_age(person: Person, on: date) -> bool:
    """Return whether ``person`` is known to have reached pension age."""
    years = age(person, on)
    return years is not None and person.sex is not None and years >= PENSION_AGE[person.sex]


def is_severe(person: Person, on: date) -> bool:
    """Return whether group 1 or 2 is in force."""
    return group_on(person, on) in _SEVERE


def is_limited(adult: Person, on: date) -> bool:
    """Return whether somebody is unable or limited to work."""
    return is_severe(adult, on) or is_of_pension_age(adult, on)
