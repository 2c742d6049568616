"""What the holding facts say of each person. Pure.

Every tie names the event that states it, so that a reason can cite it. Ids are canonical here: an
alias does not occur. Whatever the order of the facts, the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from streams.erasures import ERASED
from streams.identity import LINK_KINDS, canonical, identifier, links
from streams.lifecycle import Fact
from streams.stated import (
    Birth,
    Disability,
    Income,
    Job,
    Pregnancy,
    Referral,
    Residence,
    SelfEmployment,
    Tie,
    age,
    is_in_force,
)


@dataclass(slots=True)
class Person:
    """One person, as all registries together state it."""

    id: bytes
    birth: Birth | None = None
    death: tuple[date, bytes] | None = None  # the earliest stated
    marriages: list[Tie] = field(default_factory=list)
    divorces: list[Tie] = field(default_factory=list)
    children: list[Tie] = field(default_factory=list)  # since: born on
    guardians: list[Tie] = field(default_factory=list)
    wards: list[Tie] = field(default_factory=list)
    residences: list[Residence] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    job_ends: list[Job] = field(default_factory=list)
    incomes: list[Income] = field(default_factory=list)
    disabilities: list[Disability] = field(default_factory=list)
    self_employments: list[SelfEmployment] = field(default_factory=list)
    pregnancies: list[Pregnancy] = field(default_factory=list)
    referrals: list[Referral] = field(default_factory=list)

    def is_dead(self, on: date) -> bool:
        return self.death is not None and self.death[0] <= on

    def is_unborn(self, on: date) -> bool:
        return self.birth is not None and self.birth.on > on

    def age(self, on: date) -> int | None:
        """Return whole years lived; None if the birth date is not known."""
        return None if self.birth is None else age(self.birth.on, on)

    def is_minor(self, on: date, adult_age: int) -> bool:
        """Whose birth date is not known counts as grown up."""
        return self.birth is not None and age(self.birth.on, on) < adult_age

    def residence(self, on: date) -> Residence | None:
        """Return the registration in force; of several the latest."""
        found = None
        for one in self.residences:  # asked several times of everybody, and there is mostly one
            if (
                one.since <= on
                and (one.until is None or one.until >= on)
                and (found is None or one > found)
            ):
                found = one
        return found

    def disability(self, on: date) -> Disability | None:
        """Return the assessment in force; of several the latest, then the gravest."""
        if not self.disabilities:
            return None
        in_force = [d for d in self.disabilities if is_in_force(d, on)]
        return max(in_force, key=lambda d: (d.since, -(d.group or 0), d.event), default=None)


Opened = Mapping[bytes, Mapping[str, Any] | None]
"""By event id: the health block in clear; None: its key is erased."""


def people(
    facts: Iterable[Fact], opened: Opened, identities: Mapping[bytes, bytes] | None = None
) -> dict[bytes, Person]:
    """Return every person that the holding ``facts`` speak of, by canonical id.

    Args:
        facts: holding facts.
        opened: sealed blocks in clear.
        identities: alias to person; None: as the facts themselves link them.
    """
    facts = list(facts)
    link = links(facts) if identities is None else identities
    same = {alias: canonical(alias, link) for alias in link}
    context = _Context(same, opened)
    found: dict[bytes, Person] = {}
    for fact in facts:
        fold = _FOLDS.get(fact.kind)
        if fold is None:
            continue
        owner = same.get(fact.person, fact.person)
        person = found.get(owner)
        if person is None:
            person = found[owner] = Person(owner)
        fold(person, fact, context)
    return found


class _Context(NamedTuple):
    same: Mapping[bytes, bytes]
    opened: Opened

    def other(self, text: str | None) -> bytes | None:
        if text is None:
            return None
        raw = identifier(text)
        return self.same.get(raw, raw)


def _birth(person: Person, fact: Fact, context: _Context) -> None:
    value = fact.value
    if value.get("born_on") is None:
        return
    born = Birth(
        (fact.kind == "birth", fact.known_from, fact.event_id),
        date.fromisoformat(value["born_on"]),
        value.get("sex"),
        context.other(value.get("mother")),
        context.other(value.get("father")),
        fact.event_id,
    )
    if person.birth is None or person.birth.rank < born.rank:
        person.birth = born


def _death(person: Person, fact: Fact, _: _Context) -> None:
    stated = date.fromisoformat(fact.value["died_on"]), fact.event_id
    person.death = stated if person.death is None else min(person.death, stated)


def _tie(name: str, other: str, since: str | None) -> Callable[[Person, Fact, _Context], None]:
    def fold(person: Person, fact: Fact, context: _Context) -> None:
        to = context.other(fact.value.get(other))
        begin = fact.valid_from if since is None else date.fromisoformat(fact.value[since])
        if to is not None and begin is not None and to != person.id:
            until = fact.valid_to if since is None else None
            ties: list[Tie] = getattr(person, name)
            ties.append(Tie(to, begin, until, fact.event_id))

    return fold


def _residence(person: Person, fact: Fact, _: _Context) -> None:
    if fact.valid_from is not None:
        value = fact.value
        person.residences.append(
            Residence(
                fact.valid_from, fact.event_id, fact.valid_to, value["dwelling"], value["kind"]
            )
        )


def _job(person: Person, fact: Fact, _: _Context) -> None:
    begin = date.fromisoformat(fact.value["started_on"])
    person.jobs.append(Job(fact.value["employer"], begin, fact.event_id))


def _job_end(person: Person, fact: Fact, _: _Context) -> None:
    end = date.fromisoformat(fact.value["ended_on"])
    person.job_ends.append(Job(fact.value["employer"], end, fact.event_id))


def _income(person: Person, fact: Fact, _: _Context) -> None:
    value = fact.value
    month = date.fromisoformat(value["month"])
    person.incomes.append(Income(value["employer"], month, value["gross_minor"], fact.event_id))


def _disability(person: Person, fact: Fact, context: _Context) -> None:
    begin = fact.valid_from or date.fromisoformat(fact.value["assessed_on"])
    health = context.opened.get(fact.event_id)
    if health is None:
        person.disabilities.append(Disability(begin, None, None, fact.event_id))
        return
    until = health.get("until")
    last = None if until is None else date.fromisoformat(until)
    person.disabilities.append(Disability(begin, health["group"], last, fact.event_id))


def _self_employment(person: Person, fact: Fact, _: _Context) -> None:
    value = fact.value
    ended = value.get("ended_on")
    person.self_employments.append(
        SelfEmployment(
            date.fromisoformat(value["registered_on"]),
            fact.event_id,
            None if ended is None else date.fromisoformat(ended),
        )
    )


def _pregnancy(person: Person, fact: Fact, context: _Context) -> None:
    begin = date.fromisoformat(fact.value["registered_on"])
    health = context.opened.get(fact.event_id)
    if health is None:
        person.pregnancies.append(Pregnancy(begin, fact.event_id, None, None))
        return
    due = health.get("due_on")
    due_on = None if due is None else date.fromisoformat(due)
    person.pregnancies.append(Pregnancy(begin, fact.event_id, due_on, health["follow_up"]))


def _referral(person: Person, fact: Fact, _: _Context) -> None:
    begin = date.fromisoformat(fact.value["referred_on"])
    person.referrals.append(Referral(begin, fact.event_id))


_FOLDS: Final[Mapping[str, Callable[[Person, Fact, _Context], None]]] = {
    "birth": _birth,
    "person": _birth,
    "death": _death,
    "marriage": _tie("marriages", "spouse", "married_on"),
    "divorce": _tie("divorces", "spouse", "divorced_on"),
    "child": _tie("children", "child", "born_on"),
    "guardian": _tie("guardians", "guardian", None),
    "ward": _tie("wards", "ward", None),
    "residence": _residence,
    "employment": _job,
    "employment_end": _job_end,
    "income": _income,
    "disability": _disability,
    "self_employment": _self_employment,
    "pregnancy": _pregnancy,
    "psychological_support": _referral,
}
KINDS: Final = (*_FOLDS, *LINK_KINDS)  # all that anything here reads
JUDGED_KINDS: Final = (*KINDS, ERASED)  # and what says that a block counts as erased
SEALED_KINDS: Final = ("disability", "pregnancy")  # whose blocks must be opened; no others are
