"""What the civil registry has on record about the population when the live days begin. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from ops.simulator.civil_acts import CivilBook, lives_at, named
from ops.simulator.people import ADULT, Person, Population
from ops.simulator.rates import BACKLOG, TROUBLE

# Grown children are looked for among those younger than the one, parents from the other on.
CHILD_BELOW, PARENT_FROM = 50, 58


class CivilHistory:
    """Enters everyone's past into the book, as of the end of the backlog."""

    def __init__(self, book: CivilBook, population: Population) -> None:
        self.book = book
        self.population = population
        self.now = population.now
        self.chance = population.chance
        self.unnumbered: list[Person] = []  # children whose birth names no number

    def enter(self) -> None:
        """Enter the acts of the whole population."""
        people = self.population.people
        adults = [p for p in people if p.age(self.now) >= ADULT]
        for person in people:
            if person.age(self.now) >= ADULT:
                self._adult(person)
            else:
                self.birth(person, self._after(person.born_on, 1, 20))
                if not person.has_pinfl and self.chance.happens(BACKLOG["number_given"]):
                    self.give_number(person, self._after(person.born_on, 30, 400))
        self._grown_children(adults)
        for person in people:
            self._residence(person)
        for person in adults:
            if person.sex == "F" and person.spouse:
                self._couple(person, person.spouse)
            elif person.sex == "F" and person.children and not self._orphans(person):
                self._guardian(person)
            if self.chance.happens(BACKLOG["name_changed"]):
                self.rename(person, self._recent(3650))

    def birth(self, child: Person, on: date) -> None:
        """Register a birth with the parents' numbers; the mother's is always known."""
        assert child.mother is not None
        child.records["birth"] = self.book.register(
            "birth",
            on,
            child_pinfl=child.pinfl if child.has_pinfl else None,
            mother_pinfl=child.mother.pinfl,
            father_pinfl=child.father.pinfl if child.father else None,
            **named(child),
            sex=child.sex,
            born_on=child.born_on.isoformat(),
            district=child.district,
        )
        if not child.has_pinfl:
            self.unnumbered.append(child)

    def give_number(self, child: Person, on: date) -> None:
        """Enter a child that was born without a number into the population register.

        The new record names the birth record, and nothing else says who it was. Some clerks
        also write the number into the birth record.
        """
        self.unnumbered.remove(child)
        child.has_pinfl = True
        birth = child.records["birth"]
        child.records["person"] = self.book.register(
            "person",
            on,
            pinfl=child.pinfl,
            **named(child),
            sex=child.sex,
            born_on=child.born_on.isoformat(),
            district=child.district,
            birth_record=birth,
        )
        if self.chance.happens(TROUBLE["civil_number_into_birth"]):
            self.book.update(birth, on, child_pinfl=child.pinfl)

    def death(self, person: Person, died_on: date, on: date) -> None:
        """Register a death; the widowed spouse is free to marry."""
        person.died_on = died_on
        if person.spouse:
            person.spouse.spouse = None
            person.spouse = None
        person.records["death"] = self.book.register(
            "death",
            on,
            pinfl=person.pinfl,
            died_on=died_on.isoformat(),
            district=person.district,
        )

    def marriage(self, husband: Person, wife: Person, married_on: date, on: date) -> None:
        husband.spouse, wife.spouse = wife, husband
        self.book.register(
            "marriage",
            on,
            spouse1_pinfl=husband.pinfl,
            spouse2_pinfl=wife.pinfl,
            married_on=married_on.isoformat(),
        )

    def divorce(self, husband: Person, wife: Person, on: date) -> None:
        husband.spouse = wife.spouse = None
        self.book.register(
            "divorce",
            on,
            spouse1_pinfl=husband.pinfl,
            spouse2_pinfl=wife.pinfl,
            divorced_on=on.isoformat(),
        )

    def guardianship(self, ward: Person, guardian: Person, on: date) -> None:
        self.book.register(
            "guardianship",
            on,
            ward_pinfl=ward.pinfl,
            guardian_pinfl=guardian.pinfl,
            from_on=on.isoformat(),
            until_on=None,
        )

    def rename(self, person: Person, on: date) -> None:
        person.surname = self.population.names.surname(person.sex, person.script)
        self.book.register(
            "name_change",
            on,
            pinfl=person.pinfl,
            **named(person),
            changed_on=on.isoformat(),
        )

    def move(self, person: Person, on: date) -> None:
        """End the old residence, if it is on record, and enter the new one."""
        dwelling = person.dwelling
        assert dwelling is not None
        if "residence" in person.records:
            self.book.update(person.records["residence"], on, until_on=on.isoformat())
        person.records["residence"] = self.book.register(
            "residence", on, **lives_at(person, dwelling, on)
        )

    def _adult(self, person: Person) -> None:
        person.records["person"] = self.book.register(
            "person",
            self._after(person.born_on, 16 * 365, 17 * 365),
            pinfl=person.pinfl,
            **named(person),
            sex=person.sex,
            born_on=person.born_on.isoformat(),
            district=person.district,
        )

    def _grown_children(self, adults: list[Person]) -> None:
        """Give old people an adult child each, and that child a birth record."""
        orphans = [p for p in adults if p.mother is None and p.age(self.now) < CHILD_BELOW]
        self.chance_order(orphans)
        for parent in adults:
            if parent.sex != "F" or parent.age(self.now) < PARENT_FROM:
                continue
            if orphans and self.chance.happens(BACKLOG["married_children_known"]):
                child = orphans.pop()
                if 18 * 365 < (child.born_on - parent.born_on).days < 45 * 365:
                    child.mother, child.father = parent, parent.spouse
                    parent.children.append(child)
        for child in adults:
            if child.mother is not None:
                self.birth(child, self._after(child.born_on, 1, 30))

    def chance_order(self, people: list[Person]) -> None:
        """Shuffle in place."""
        for i in range(len(people) - 1, 0, -1):
            j = self.chance.whole(0, i)
            people[i], people[j] = people[j], people[i]

    def _residence(self, person: Person) -> None:
        if not person.has_pinfl or person.dwelling is None:
            return
        came_on = self.chance.between(max(person.born_on, date(2005, 1, 1)), self.now)
        if self.chance.happens(BACKLOG["moved"]):
            home, person.dwelling = person.dwelling, self.population.dwelling(person.district)
            self.move(person, came_on)
            person.dwelling = home
            came_on = self.chance.between(came_on, self.now)
        self.move(person, came_on)

    def _couple(self, wife: Person, husband: Person) -> None:
        latest = self.now - timedelta(days=200)
        first = max(wife.born_on, husband.born_on) + timedelta(days=18 * 366)
        married_on = self.chance.between(first, min(first + timedelta(days=1500), latest))
        self.marriage(husband, wife, married_on, married_on)
        if self.chance.happens(BACKLOG["widowed"]):
            died_on = self._recent(1500)
            dead = husband if self.chance.happens(0.6) else wife
            self.death(dead, died_on, self._after(died_on, 1, 15))
        elif self.chance.happens(BACKLOG["divorced"]):
            self.divorce(husband, wife, self._recent(180))

    def _orphans(self, mother: Person) -> bool:
        """Let a mother who was alone die; some of her children get a guardian."""
        minors = [c for c in mother.children if c.mother is mother and c.age(self.now) < ADULT]
        if not minors or not self.chance.happens(BACKLOG["orphaned"]):
            return False
        died_on = max(self._recent(900), *(child.born_on for child in minors))
        self.death(mother, died_on, self._after(died_on, 1, 15))
        for child in minors:
            guardian = self.chance.pick(self.population.people)
            has_one = child.has_pinfl and self.chance.happens(BACKLOG["orphan_has_guardian"])
            if has_one and guardian.working(self.now):
                self.guardianship(child, guardian, self._after(died_on, 1, 60))
        return True

    def _guardian(self, mother: Person) -> None:
        children = [c for c in mother.children if c.has_pinfl and c.age(self.now) < ADULT]
        if children and self.chance.happens(BACKLOG["guardian"]):
            guardian = self.chance.pick(self.population.people)
            if guardian.working(self.now) and guardian is not mother:
                self.guardianship(children[0], guardian, self._recent(700))

    def _recent(self, days: int) -> date:
        return self.now - timedelta(days=self.chance.whole(1, days))

    def _after(self, on: date, least: int, most: int) -> date:
        return min(on + timedelta(days=self.chance.whole(least, most)), self.now)
