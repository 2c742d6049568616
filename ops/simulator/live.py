"""Everyday life: what changes on each live day, in all three registries. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from ops.simulator.chance import Chance
from ops.simulator.civil_history import CivilHistory
from ops.simulator.health_history import FERTILE, OLD, HealthHistory
from ops.simulator.people import ADULT, Person, Population
from ops.simulator.rates import BACKLOG, LIVE_PER_THOUSAND
from ops.simulator.tax_history import TaxHistory

MARRIES_BELOW = 50
TRIES = 30  # looking for someone to whom a thing can happen


class Life:
    """Lets the country live on, one day at a time, in order."""

    def __init__(
        self,
        seed: int | str,
        population: Population,
        civil: CivilHistory,
        tax: TaxHistory,
        health: HealthHistory,
    ) -> None:
        self.chance = Chance(seed, "life")
        self.population = population
        self.civil = civil
        self.tax = tax
        self.health = health
        self._happenings: dict[str, Callable[[date], None]] = {
            "birth": self._birth,
            "number_given": self._number_given,
            "death": self._death,
            "move": self._move,
            "marriage": self._marriage,
            "divorce": self._divorce,
            "name_change": self._name_change,
            "guardianship": self._guardianship,
            "employment": self._employment,
            "employment_end": self._employment_end,
            "self_employment": self._self_employment,
            "property": self._property,
            "benefit": self._benefit,
            "disability": self._disability,
            "condition": self._condition,
            "pregnancy": self._pregnancy,
            "care": self._care,
            "psychology": self._psychology,
        }

    def live(self, day: date) -> None:
        """Let one day pass."""
        thousands = len(self.population.people) / 1000
        for name, rate in LIVE_PER_THOUSAND.items():
            for _ in range(self.chance.count(rate * thousands)):
                self._happenings[name](day)

    def _find(self, suits: Callable[[Person], bool]) -> Person | None:
        """Return someone living who suits, or None after a while."""
        for _ in range(TRIES):
            person = self.chance.pick(self.population.people)
            if person.died_on is None and suits(person):
                return person
        return None

    def _birth(self, day: date) -> None:
        mother = self._find(lambda p: p.sex == "F" and p.age(day) in FERTILE)
        if mother:
            born_on = day - timedelta(days=self.chance.whole(0, 5))
            child = self.population.child(mother, mother.spouse, born_on)
            child.dwelling = mother.dwelling
            self.population.people.append(child)
            self.civil.birth(child, day)
            if child.has_pinfl:
                self.civil.move(child, day)
            if self.chance.happens(BACKLOG["patient"]):
                self.health.book.patient(child, day)

    def _number_given(self, day: date) -> None:
        waiting = self.civil.unnumbered
        child = self.chance.pick(waiting) if waiting else None
        if child and child.dwelling and child.died_on is None:
            self.civil.give_number(child, day)
            self.civil.move(child, day)

    def _death(self, day: date) -> None:
        person = self._find(lambda p: p.has_pinfl and self.chance.happens(p.age(day) / 100))
        if person:
            died_on = max(day - timedelta(days=self.chance.whole(0, 3)), person.born_on)
            self.civil.death(person, died_on, day)
            for job in person.jobs:
                if job.ended_on is None:
                    self.tax.dismiss(person, job, day)

    def _move(self, day: date) -> None:
        person = self._find(lambda p: p.has_pinfl and p.age(day) >= ADULT)
        if person:
            district = self.chance.pick(self.population.districts)
            person.dwelling = self.population.dwelling(district)
            together = [person, *([person.spouse] if person.spouse else [])]
            if person.sex == "F":
                together += [c for c in person.children if c.age(day) < ADULT and c.has_pinfl]
            for one in together:
                if one.died_on is None:
                    one.dwelling = person.dwelling
                    self.civil.move(one, day)

    def _marriage(self, day: date) -> None:
        def free(person: Person) -> bool:
            return person.spouse is None and ADULT <= person.age(day) < MARRIES_BELOW

        wife = self._find(lambda p: p.sex == "F" and free(p))
        husband = self._find(lambda p: p.sex == "M" and free(p))
        if wife and husband and wife.mother is not husband.mother:
            self.civil.marriage(husband, wife, day, day)

    def _divorce(self, day: date) -> None:
        wife = self._find(lambda p: p.sex == "F" and p.spouse is not None)
        if wife and wife.spouse:
            self.civil.divorce(wife.spouse, wife, day)

    def _name_change(self, day: date) -> None:
        person = self._find(lambda p: p.age(day) >= ADULT)
        if person:
            self.civil.rename(person, day)

    def _guardianship(self, day: date) -> None:
        ward = self._find(lambda p: p.age(day) < ADULT and p.has_pinfl)
        guardian = self._find(lambda p: p.working(day))
        if ward and guardian:
            self.civil.guardianship(ward, guardian, day)

    def _employment(self, day: date) -> None:
        person = self._find(lambda p: p.working(day) and not p.jobs)
        if person:
            self.tax.hire(person, day - timedelta(days=self.chance.whole(0, 5)), day)

    def _employment_end(self, day: date) -> None:
        person = self._find(lambda p: bool(p.jobs) and p.jobs[-1].ended_on is None)
        if person:
            self.tax.dismiss(person, person.jobs[-1], day)

    def _self_employment(self, day: date) -> None:
        person = self._find(lambda p: p.working(day) and not p.jobs)
        if person:
            self.tax.self_employment(person, day)

    def _property(self, day: date) -> None:
        person = self._find(lambda p: p.age(day) >= ADULT)
        if person:
            self.tax.property(person, day)

    def _benefit(self, day: date) -> None:
        person = self._find(lambda p: p.age(day) >= ADULT)
        if person:
            self.tax.benefit(person, day)

    def _patient(self, suits: Callable[[Person], bool]) -> Person | None:
        return self._find(lambda p: p in self.health.book.patients and suits(p))

    def _disability(self, day: date) -> None:
        person = self._patient(lambda p: True)
        if person:
            self.health.disability(person, day)

    def _condition(self, day: date) -> None:
        person = self._patient(lambda p: True)
        if person:
            self.health.condition(person, day)

    def _pregnancy(self, day: date) -> None:
        person = self._patient(lambda p: p.sex == "F" and p.age(day) in FERTILE)
        if person:
            self.health.pregnancy(person, day)

    def _care(self, day: date) -> None:
        person = self._patient(lambda p: p.age(day) >= OLD)
        if person:
            self.health.care(person, day)

    def _psychology(self, day: date) -> None:
        person = self._patient(lambda p: p.age(day) >= ADULT)
        if person:
            self.health.psychology(person, day)
