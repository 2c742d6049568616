"""The people of the country and their families, before any registry has heard of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from ops.simulator.chance import Chance
from ops.simulator.names import Names
from ops.simulator.pinfl import pinfl
from ops.simulator.rates import BACKLOG, FAMILIES

PENSION_AGE = {"M": 60, "F": 55}
ADULT = 18
YEAR = 365.25
LARGEST_SERIAL = 999  # of those born on one day, in a PINFL


@dataclass(slots=True, eq=False)
class Dwelling:
    """A place to live; families share it."""

    code: str
    district: str
    address: str
    kind: str = "home"
    people: list[Person] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Person:
    """One invented person."""

    pinfl: str
    sex: str
    born_on: date
    script: str
    surname: str
    given_name: str
    patronymic: str | None
    district: str
    mother: Person | None = None
    father: Person | None = None
    spouse: Person | None = None
    children: list[Person] = field(default_factory=list)
    dwelling: Dwelling | None = None
    died_on: date | None = None
    has_pinfl: bool = True
    records: dict[str, str] = field(default_factory=dict)  # what for -> civil record id
    jobs: list[Job] = field(default_factory=list)

    def age(self, on: date) -> int:
        before_birthday = (on.month, on.day) < (self.born_on.month, self.born_on.day)
        return on.year - self.born_on.year - before_birthday

    def working(self, on: date) -> bool:
        return self.died_on is None and ADULT <= self.age(on) < PENSION_AGE[self.sex]


@dataclass(slots=True, eq=False)
class Job:
    """An employment; ``gross`` is soum a month."""

    employer: str
    started_on: date
    gross: int
    ended_on: date | None = None


class Population:
    """Makes families until the country is full. ``now`` is the day of the backlog's end."""

    def __init__(
        self,
        seed: int | str,
        now: date,
        districts: list[str],
        serials: range = range(LARGEST_SERIAL + 1),
    ) -> None:
        self.chance = Chance(seed, "people")
        self.names = Names(Chance(seed, "names"))
        self.now = now
        self.districts = districts
        self.people: list[Person] = []
        self._serials: dict[tuple[str, date], int] = {}
        self._own_serials = serials  # of PINFLs: those that no other part of the country gives

    def fill(self, people: int) -> None:
        """Add families until there are exactly ``people``; the last family may lack children."""
        while len(self.people) < people:
            family = self._family(self.chance.weighted(FAMILIES))
            self.people += family[: people - len(self.people)]

    def person(self, sex: str, born_on: date, script: str, like: Person | None = None) -> Person:
        """Make someone; ``like`` is the parent who gives surname and patronymic."""
        born_before = self._serials.get((sex, born_on), 0)
        self._serials[sex, born_on] = born_before + 1
        district = self.chance.pick(self.districts)
        surname, given_name, patronymic = self.names.full(sex, script, like)
        return Person(
            # district 900 is kept for the hundred known people
            pinfl=pinfl(sex, born_on, int(district) % 900, self._own_serials[born_before]),
            sex=sex,
            born_on=born_on,
            script=script,
            surname=surname,
            given_name=given_name,
            patronymic=patronymic,
            district=district,
        )

    def child(self, mother: Person, father: Person | None, born_on: date) -> Person:
        """Make a child of ``mother``; nothing is registered yet."""
        sex = "M" if self.chance.happens(0.51) else "F"
        child = self.person(sex, born_on, mother.script, father or mother)
        child.mother, child.father = mother, father
        child.district = mother.district
        child.has_pinfl = not self.chance.happens(BACKLOG["child_without_pinfl"])
        mother.children.append(child)
        if father:
            father.children.append(child)
        return child

    def dwelling(self, district: str, kind: str = "home") -> Dwelling:
        number = self.chance.whole(1, 99_999_999)
        street = self.chance.pick(STREETS)
        address = f"{street} {number % 200 + 1}, {number % 90 + 1}"
        return Dwelling(f"{district}-{number:08d}", district, address, kind)

    def _aged(self, sex: str, least: int, most: int, script: str) -> Person:
        days = self.chance.whole(int(least * YEAR), int((most + 1) * YEAR) - 1)
        return self.person(sex, self.now - timedelta(days=days), script)

    def _family(self, kind: str) -> list[Person]:
        script = "cyrillic" if self.chance.happens(0.3) else "latin"
        match kind:
            case "couple" | "grandmother_too":
                family = self._couple(script, 22, 48)
                family += self._children(family[0], family[1], 4)
                if kind == "grandmother_too":
                    family.append(self._parent_of(family[1], script))
            case "mother_alone":
                mother = self._aged("F", 22, 45, script)
                family = [mother, *self._children(mother, None, 2)]
            case "old_couple":
                family = self._couple(script, 58, 80)
            case "alone_and_old":
                family = [self._aged(self._sex(), 60, 90, script)]
            case "near_pension":
                sex = self._sex()
                days = int(PENSION_AGE[sex] * YEAR) - self.chance.whole(-30, 150)
                family = [self.person(sex, self.now - timedelta(days=days), script)]
            case "institution":
                family = [self._aged(self._sex(), 18, 90, script)]
            case _:
                family = [self._aged(self._sex(), 18, 35, script)]
        home = self.dwelling(family[0].district, "institution" if kind == "institution" else "home")
        for person in family:
            person.dwelling = home
            person.district = home.district
            home.people.append(person)
        return family

    def _sex(self) -> str:
        return "M" if self.chance.happens(0.5) else "F"

    def _couple(self, script: str, least: int, most: int) -> list[Person]:
        wife = self._aged("F", least, most, script)
        days = self.chance.whole(-700, 2200)
        latest = self.now - timedelta(days=int(20 * YEAR))
        born_on = min(wife.born_on - timedelta(days=days), latest)
        husband = self.person("M", born_on, script)
        wife.spouse, husband.spouse = husband, wife
        return [husband, wife]

    def _children(self, first: Person, second: Person | None, most: int) -> Iterator[Person]:
        mother, father = (second, first) if second else (first, None)
        born_on = mother.born_on + timedelta(days=self.chance.whole(7300, 9900))
        for _ in range(self.chance.whole(0 if second else 1, most)):
            if born_on >= self.now - timedelta(days=30):
                return
            if born_on > self.now - timedelta(days=int(ADULT * YEAR)):
                yield self.child(mother, father, born_on)
            born_on += timedelta(days=self.chance.whole(420, 1900))

    def _parent_of(self, person: Person, script: str) -> Person:
        born_on = person.born_on - timedelta(days=self.chance.whole(7000, 11000))
        parent = self.person("F", born_on, script)
        person.mother = parent
        parent.children.append(person)
        return parent


STREETS = ("Navoiy", "Bobur", "Amir Temur", "Mustaqillik", "Istiqlol", "Chilonzor", "Bunyodkor")
