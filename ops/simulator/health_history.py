"""What the health authority has on record about the population. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from ops.simulator.health_records import (
    HealthBook,
    assessment,
    condition,
    pregnancy,
    referral,
)
from ops.simulator.people import ADULT, Person, Population
from ops.simulator.rates import BACKLOG

ICD_10 = ("A09", "B18.1", "C50", "E11", "F32.1", "F41", "G40", "I10", "I25", "J45", "M54", "N18")
REASONS = ("bereavement", "violence at home", "long illness in the family", "exam stress")
FERTILE = range(18, 46)
OLD = 70


class HealthHistory:
    """Opens files and enters what was found, as of the end of the backlog."""

    def __init__(self, book: HealthBook, population: Population) -> None:
        self.book = book
        self.population = population
        self.now = population.now
        self.chance = book.chance

    def enter(self) -> None:
        """Enter the past of the whole population."""
        for person in self.population.people:
            if not self.chance.happens(BACKLOG["patient"]):
                continue
            opened_on = max(person.born_on, self.now - timedelta(days=self.chance.whole(60, 900)))
            self.book.patient(person, opened_on)
            if person.died_on is None:
                self._findings(person, opened_on)

    def disability(self, person: Person, on: date) -> None:
        group = self.chance.pick((1, 2, 2, 3, 3))
        until = on + timedelta(days=self.chance.pick((365, 730, 1826)))
        forever = self.chance.happens(0.3)
        body = assessment("disability-group", on, group, None if forever else until)
        self.book.record(person, on, body)

    def care(self, person: Person, on: date) -> None:
        until = on + timedelta(days=365) if self.chance.happens(0.5) else None
        body = assessment("care-dependency", on, self.chance.whole(1, 3), until)
        self.book.record(person, on, body)

    def condition(self, person: Person, on: date) -> None:
        self.book.record(person, on, condition(on, self.chance.pick(ICD_10)))

    def pregnancy(self, person: Person, on: date) -> None:
        due_on = on + timedelta(days=200) if self.chance.happens(0.9) else None
        self.book.record(person, on, pregnancy(on, due_on, self.chance.happens(0.7)))

    def psychology(self, person: Person, on: date) -> None:
        self.book.record(person, on, referral(on, self.chance.pick(REASONS)))

    def _findings(self, person: Person, since: date) -> None:
        chance = self.chance
        age = person.age(self.now)
        if chance.happens(BACKLOG["disability"]):
            self.disability(person, chance.between(since, self.now))
        if chance.happens(BACKLOG["condition"]):
            self.condition(person, chance.between(since, self.now))
        if age >= OLD and chance.happens(BACKLOG["care"]):
            self.care(person, chance.between(since, self.now))
        if person.sex == "F" and age in FERTILE and chance.happens(BACKLOG["pregnancy"]):
            self.pregnancy(person, chance.between(self.now - timedelta(days=180), self.now))
        if age >= ADULT and chance.happens(BACKLOG["psychology"]):
            self.psychology(person, chance.between(since, self.now))
