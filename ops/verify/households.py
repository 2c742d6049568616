"""Who lives with whom in the eyes of the law, on a day. Pure, plain and slow.

A married couple together; a minor with the guardian, else with the parents; everyone
else alone. Residents of an institution are not counted and form no household.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ops.verify.ids import as_version_8, raw
from ops.verify.picture import Person, Stay

ADULT = 18


@dataclass(frozen=True, slots=True)
class Household:
    """People whom the law counts together."""

    id: str
    anchor: str
    members: tuple[Person, ...]


def household_id(anchor: str) -> str:
    """Return the id of the household with this anchor."""
    return as_version_8(hashlib.sha256(b"household\0" + raw(anchor)).digest()[:16])


def age(person: Person, on: date) -> int | None:
    """Return whole years lived; one born on 29 February is older from 1 March on."""
    if person.born_on is None:
        return None
    year, month, day = (int(part) for part in person.born_on.split("-"))
    return on.year - year - ((on.month, on.day) < (month, day))


def is_living(person: Person, on: date) -> bool:
    """Return whether ``person`` is born and not dead."""
    day = on.isoformat()
    unborn = person.born_on is not None and person.born_on > day
    dead = person.died_on is not None and person.died_on <= day
    return not (unborn or dead)


def is_minor(person: Person, on: date) -> bool:
    """Return whether ``person`` is known to be a minor."""
    years = age(person, on)
    return years is not None and years < ADULT


def stay_on(person: Person, on: date) -> Stay | None:
    """Return where ``person`` is registered; of several, the one that began last."""
    day = on.isoformat()
    held = [
        stay
        for stay in person.stays
        if stay.from_on <= day and (stay.until_on is None or day <= stay.until_on)
    ]
    return max(held, key=lambda stay: (stay.from_on, stay.known_from), default=None)


def is_present(person: Person, on: date) -> bool:
    """Return whether ``person`` lives and is not in an institution."""
    stay = stay_on(person, on)
    return is_living(person, on) and (stay is None or stay.kind != "institution")


def couples(people: Mapping[str, Person], on: date) -> dict[str, str]:
    """Return for each married person the spouse.

    Of several marriages in force each means the latest, and only who mean each other are
    a couple.
    """
    meant: dict[str, str] = {}
    for person in people.values():
        if is_present(person, on) and (spouse := _latest_spouse(person, people, on)) is not None:
            meant[person.id] = spouse
    return {one: other for one, other in meant.items() if meant.get(other) == one}


def _latest_spouse(person: Person, people: Mapping[str, Person], on: date) -> str | None:
    day = on.isoformat()
    standing = [
        (married_on, spouse)
        for married_on, spouse in person.marriages
        if married_on <= day
        and is_present(people[spouse], on)
        and not any(
            other == spouse and married_on <= divorced_on <= day
            for divorced_on, other in person.divorces
        )
    ]
    latest = max((married_on for married_on, _ in standing), default=None)
    return min((spouse for married_on, spouse in standing if married_on == latest), default=None)


def households(people: Mapping[str, Person], on: date) -> list[Household]:
    """Return every household of ``on``; each person who is present is in exactly one."""
    spouses = couples(people, on)
    present = {person.id for person in people.values() if is_present(person, on)}

    def head(person: Person, seen: frozenset[str] = frozenset()) -> str:
        """Return the lowest of those with whom ``person`` lives as spouse, or who keep them."""
        if person.id in spouses:
            return min(person.id, spouses[person.id])
        if person.id in seen or not is_minor(person, on):
            return person.id
        keeper = _keeper(person, present, on)
        return person.id if keeper is None else head(people[keeper], seen | {person.id})

    together: dict[str, list[str]] = {}
    for id_ in present:
        together.setdefault(head(people[id_]), []).append(id_)
    found = []
    for ids in together.values():
        ids.sort()
        found.append(Household(household_id(ids[0]), ids[0], tuple(people[id_] for id_ in ids)))
    return found


def _keeper(minor: Person, present: set[str], on: date) -> str | None:
    """Return with whom a minor lives: the guardian, else the mother, else the father."""
    day = on.isoformat()
    in_force = [
        (from_on, guardian)
        for from_on, until_on, guardian in minor.guardians
        if from_on <= day and (until_on is None or day <= until_on) and guardian in present
    ]
    if in_force:
        latest = max(from_on for from_on, _ in in_force)
        return min(guardian for from_on, guardian in in_force if from_on == latest)
    # Parents who are married to each other are one household whichever of them is named.
    return next(
        (parent for parent in (minor.mother, minor.father) if parent in present and parent), None
    )
