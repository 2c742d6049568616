"""State the facts of the known people in the three registries' books. Pure.

No chance is at work here: what the table says is stated once, corrected and taken back
only where it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from ops.simulator.chance import Chance
from ops.simulator.civil_acts import CivilBook, lives_at, named
from ops.simulator.health_records import (
    HealthBook,
    Resource,
    assessment,
    patient_resource,
    pregnancy,
    referral,
)
from ops.simulator.known_people import FACTS, Line, ago, patient_id, pinfl_of
from ops.simulator.names import Names
from ops.simulator.people import ADULT, Dwelling, Person
from ops.simulator.tax_history import REPORTED_MONTHS, months_before, report_on
from ops.simulator.tax_rows import TaxBook

DISTRICT = "1726266"
CORRECTED_BEFORE = timedelta(days=5)  # the reference date
TIYIN = 100


@dataclass(slots=True)
class KnownFacts:
    """Carries the table's lines into the books."""

    civil: CivilBook
    tax: TaxBook
    health: HealthBook
    until: date
    people: dict[str, Person] = field(default_factory=dict)
    homes: dict[str, Dwelling] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names(Chance(0, "known people")))

    def enter(self) -> None:
        """State everything, people first."""
        verbs: dict[str, Callable[[Line], None]] = {
            "married": self._married,
            "divorced": self._divorced,
            "died": self._died,
            "guardian": self._guardian,
            "job": self._job,
            "ended": self._ended,
            "trade": self._trade,
            "patient": self._patient,
            "disabled": self._disabled,
            "pregnant": self._pregnant,
            "referred": self._referred,
        }
        for line in FACTS:
            if line.verb == "person":
                self._person(line)
        for line in FACTS:
            if line.verb == "person":
                self._civil_records(line)
            else:
                verbs[line.verb](line)

    def _person(self, line: Line) -> None:
        name, sex, age = line.words
        surname, given_name, patronymic = self.names.full(sex, "latin", None)
        self.people[name] = Person(
            pinfl=pinfl_of(name, self.until),
            sex=sex,
            born_on=ago(age, self.until),
            script="latin",
            surname=surname,
            given_name=given_name,
            patronymic=patronymic,
            district=DISTRICT,
            has_pinfl=line.options.get("civil") != "no",
        )

    def _civil_records(self, line: Line) -> None:
        person = self.people[line.words[0]]
        if not person.has_pinfl:
            return
        content: dict[str, str | None] = {
            **named(person),
            "sex": person.sex,
            "born_on": person.born_on.isoformat(),
            "district": DISTRICT,
        }
        numbered = line.options.get("numbered")
        if person.age(self.until) >= ADULT:
            on = person.born_on + timedelta(days=16 * 366)
            self.civil.insert("person", on, {"pinfl": person.pinfl, **content})
        if "mother" in line.options:
            father = line.options.get("father")
            parents = {
                "child_pinfl": None if numbered else person.pinfl,
                "mother_pinfl": self.people[line.options["mother"]].pinfl,
                "father_pinfl": self.people[father].pinfl if father else None,
            }
            born = min(person.born_on + timedelta(days=5), self.until)
            birth = self.civil.insert("birth", born, parents | content)
            if numbered:
                later = content | {"pinfl": person.pinfl, "birth_record": birth}
                self.civil.insert("person", ago(numbered, self.until), later)
        if "home" in line.options:
            home = self._home(line.options["home"], line.options.get("kind", "home"))
            came_on = max(person.born_on, ago(numbered or "3y", self.until))
            self.civil.insert("residence", came_on, lives_at(person, home, came_on))

    def _home(self, name: str, kind: str) -> Dwelling:
        number = len(self.homes) + 1
        code = f"{DISTRICT}-9{number:08d}"  # nine digits: nobody else's
        fresh = Dwelling(code, DISTRICT, f"Yunusobod {number}", kind)
        return self.homes.setdefault(name, fresh)

    def _married(self, line: Line) -> None:
        one, other, when = line.words
        on = ago(when, self.until)
        spouses = {
            "spouse1_pinfl": self.people[one].pinfl,
            "spouse2_pinfl": self.people[other].pinfl,
        }
        record = self.civil.insert("marriage", on, {**spouses, "married_on": on.isoformat()})
        if "replaced" in line.options:
            right = self.people[line.options["by"]].pinfl
            self.civil.replace(
                record, ago(line.options["replaced"], self.until), spouse2_pinfl=right
            )

    def _divorced(self, line: Line) -> None:
        one, other, when = line.words
        on = ago(when, self.until)
        spouses = {
            "spouse1_pinfl": self.people[one].pinfl,
            "spouse2_pinfl": self.people[other].pinfl,
        }
        self.civil.insert("divorce", on, {**spouses, "divorced_on": on.isoformat()})

    def _died(self, line: Line) -> None:
        name, when = line.words
        on = ago(when, self.until)
        record = self.civil.insert(
            "death",
            min(on + timedelta(days=2), self.until),
            {
                "pinfl": self.people[name].pinfl,
                "died_on": on.isoformat(),
                "district": DISTRICT,
            },
        )
        if "annulled" in line.options:
            self.civil.annul(record, ago(line.options["annulled"], self.until))

    def _guardian(self, line: Line) -> None:
        ward, guardian, when = line.words
        on = ago(when, self.until)
        self.civil.insert(
            "guardianship",
            on,
            {
                "ward_pinfl": self.people[ward].pinfl,
                "guardian_pinfl": self.people[guardian].pinfl,
                "from_on": on.isoformat(),
            },
        )

    def _job(self, line: Line) -> None:
        name, employer, when, *monthly = line.words
        on = ago(when, self.until)
        cells = self._cells(name) | {"employer_stir": f"3{int(employer):08d}"}
        started = cells | {"started_on": on.isoformat()}
        self.tax.add("employment", on, started)
        withdrawn = line.options.get("withdrawn")
        if withdrawn:
            self.tax.add("employment", ago(withdrawn, self.until), started | {"change": "A"})
        months = months_before(self.until, REPORTED_MONTHS)
        amounts = monthly * (1 if len(monthly) == len(months) else len(months))
        for month, amount in zip(months, amounts, strict=True):
            if amount == "-":
                continue
            reported_on = report_on(month, self.until)
            row = cells | {"month": f"{month:%Y-%m}", "gross": str(int(amount) * TIYIN)}
            self.tax.add("income", reported_on, row)
            if "corrected" in line.options:
                gross = str(int(line.options["corrected"]) * TIYIN)
                later = max(reported_on, self.until - CORRECTED_BEFORE)
                self.tax.add("income", later, row | {"change": "C", "gross": gross})
            if withdrawn:
                later = max(reported_on, ago(withdrawn, self.until))
                self.tax.add("income", later, row | {"change": "A"})

    def _ended(self, line: Line) -> None:
        name, employer, when = line.words
        on = ago(when, self.until)
        cells = self._cells(name) | {"employer_stir": f"3{int(employer):08d}"}
        self.tax.add("employment_end", on, cells | {"ended_on": on.isoformat()})

    def _trade(self, line: Line) -> None:
        name, when = line.words
        on = ago(when, self.until)
        business = {"activity": "trade", "registered_on": on.isoformat(), "ended_on": ""}
        self.tax.add("self_employment", on, self._cells(name) | business)

    def _cells(self, name: str) -> dict[str, str]:
        return {"change": "N", "pinfl": self.people[name].pinfl, "stir": "", "name": ""}

    def _patient(self, line: Line) -> None:
        name = line.words[0]
        person = self.people[name]
        resource = patient_resource(person)
        opened_on = ago("7y", self.until)
        self.health.patients[person] = self.health.create(opened_on, resource, id_=patient_id(name))
        if "replaces" in line.options:
            without = {key: value for key, value in resource.items() if key != "identifier"}
            old = self.health.create(opened_on, without, id_=f"{patient_id(name)}-old")
            self.health.merge(old, self.health.patients[person], ago("30d", self.until))

    def _disabled(self, line: Line) -> None:
        name, group, when = line.words
        on = ago(when, self.until)
        until = line.options.get("until")
        until_on = ago(until, self.until) if until else None
        body = assessment("disability-group", on, int(group), until_on)
        record = self.health.create(on, body | {"subject": self._subject(name, line)})
        if "error" in line.options:
            self.health.void(record, ago(line.options["error"], self.until))

    def _pregnant(self, line: Line) -> None:
        name, when = line.words
        on = ago(when, self.until)
        due = line.options.get("due")
        due_on = ago(due, self.until) if due else None
        body = pregnancy(on, due_on, line.options["follow"] == "yes")
        self.health.create(on, body | {"subject": self._subject(name, line)})

    def _referred(self, line: Line) -> None:
        name, when = line.words
        on = ago(when, self.until)
        self.health.create(on, referral(on, "grief") | {"subject": self._subject(name, line)})

    def _subject(self, name: str, line: Line) -> Resource:
        by = line.options["by"]
        subject = self.health.subject(self.people[name], by == "identifier")
        if by == "old":
            subject["reference"] += "-old"
        return subject


def enter_known(civil: CivilBook, tax: TaxBook, health: HealthBook, until: date) -> None:
    """State the facts of the known people in all three books."""
    KnownFacts(civil, tax, health, until).enter()
