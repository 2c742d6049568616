"""One picture of every person, folded from the events that hold. Pure.

Dates stay ISO text: it sorts as dates do. Facts of an alias count for the person it is
linked to, however long the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ops.verify.facts import ERASURE
from ops.verify.ids import ZERO_ID
from ops.verify.lifecycle import holding
from ops.verify.links import links_of, resolved
from ops.verify.values import Event


@dataclass(slots=True)
class Stay:
    """A registered residence."""

    dwelling: str
    kind: str  # home or institution
    from_on: str
    until_on: str | None  # the last day, inclusive
    known_from: int


@dataclass(slots=True)
class Birth:
    """What one birth record says of the child."""

    born_on: str
    sex: str
    mother: str | None
    father: str | None


@dataclass(slots=True)
class Person:
    """What the registries together state about one person."""

    id: str
    births: list[Birth] = field(default_factory=list)  # as they came to be known
    born_on: str | None = None
    sex: str | None = None
    died_on: str | None = None
    mother: str | None = None
    father: str | None = None
    children: set[str] = field(default_factory=set)
    stays: list[Stay] = field(default_factory=list)
    marriages: list[tuple[str, str]] = field(default_factory=list)  # day, spouse
    divorces: list[tuple[str, str]] = field(default_factory=list)
    guardians: list[tuple[str, str | None, str]] = field(default_factory=list)
    employments: list[tuple[str, str]] = field(default_factory=list)  # employer, day
    ends: list[tuple[str, str]] = field(default_factory=list)
    self_employments: list[tuple[str, str | None]] = field(default_factory=list)  # from, until
    incomes: list[tuple[str, str, int]] = field(default_factory=list)  # employer, month, tiyin
    # group, assessed on, until
    disabilities: list[tuple[int, str, str | None]] = field(default_factory=list)
    erased_disabilities: list[str] = field(default_factory=list)  # assessed on; no more is known
    # registered on, due on, follow-up arranged
    pregnancies: list[tuple[str, str | None, bool]] = field(default_factory=list)
    referrals: list[str] = field(default_factory=list)


_Finder = Callable[[str], Person]


def fold(events: Iterable[Event], now: int) -> dict[str, Person]:
    """Return every person that the events name, by id; ``now`` in microseconds."""
    held = sorted(holding(events, now), key=lambda event: (event.recorded_at, event.id))
    links = links_of(held)
    people: dict[str, Person] = {}

    def person(id_: str) -> Person:
        own = resolved(id_, links)
        found = people.get(own)
        if found is None:
            found = people[own] = Person(own)
        return found

    for event in held:
        if event.subject != ZERO_ID and event.type != ERASURE:
            _tell(person(event.subject), event, person)
    for one in people.values():
        _settle(one)
    return people


def _tell(one: Person, event: Event, person: _Finder) -> None:  # noqa: PLR0912 - a table of types
    content = event.content
    match event.type:
        case "civil.person_identifier_assigned":
            one.born_on, one.sex = content["born_on"], content["sex"]
        case "civil.birth_registered":
            _tell_birth(one, event, person)
        case "civil.death_registered":
            one.died_on = min(one.died_on or content["died_on"], content["died_on"])
        case "civil.marriage_registered" | "civil.divorce_registered":
            other = person(content["spouse"])
            for mine, theirs in ((one, other), (other, one)):
                if event.type == "civil.marriage_registered":
                    mine.marriages.append((content["married_on"], theirs.id))
                else:
                    mine.divorces.append((content["divorced_on"], theirs.id))
        case "civil.residence_registered":
            one.stays.append(
                Stay(
                    content["dwelling"],
                    content["kind"],
                    content["from_on"],
                    content["until_on"],
                    event.recorded_at,
                )
            )
        case "civil.guardianship_established":
            guardian = person(content["guardian"]).id
            one.guardians.append((content["from_on"], content["until_on"], guardian))
        case "tax.employment_started":
            one.employments.append((content["employer"], content["started_on"]))
        case "tax.employment_ended":
            one.ends.append((content["employer"], content["ended_on"]))
        case "tax.self_employment_registered":
            one.self_employments.append((content["registered_on"], content["ended_on"]))
        case "tax.income_reported":
            income = content["employer"], content["month"], content["gross_minor"]
            one.incomes.append(income)
        case "health.psychological_support_referred":
            one.referrals.append(content["referred_on"])
        case "health.disability_assessed" | "health.pregnancy_registered":
            _tell_finding(one, event)
        case "health.patient_linked" if content["person"] is not None:
            person(content["person"])


def _tell_birth(one: Person, event: Event, person: _Finder) -> None:
    content = event.content
    parents = [
        None if content[name] is None else person(content[name]) for name in ("mother", "father")
    ]
    mother, father = (None if parent is None else parent.id for parent in parents)
    one.births.append(Birth(content["born_on"], content["sex"], mother, father))
    for parent in parents:
        if parent is not None:
            parent.children.add(one.id)


def _tell_finding(one: Person, event: Event) -> None:
    content, block = event.content, event.content["health"]
    if event.type == "health.pregnancy_registered":
        if block is not None:
            found = content["registered_on"], block.get("due_on"), block["follow_up"]
            one.pregnancies.append(found)
    elif block is None:
        one.erased_disabilities.append(content["assessed_on"])
    else:
        assessed = block["group"], content["assessed_on"], block.get("until")
        one.disabilities.append(assessed)


def _settle(one: Person) -> None:
    """Let birth records speak before the population register, the latest of them first."""
    if one.births:
        latest = one.births[-1]
        one.born_on, one.sex = latest.born_on, latest.sex
        for birth in reversed(one.births):
            one.mother = one.mother or birth.mother
            one.father = one.father or birth.father
