"""A country of invented families, straight into the fact tables: what assessment is measured on.

Not the simulator: it needs no registries and no Kafka, and makes a million people in minutes. What
is stored is what a worker would have stored: facts by ``streams/facts.py``, closures, sealed
health blocks. Five to six facts a person; extended families share dwellings; some people died,
live in institutions, have guardians, were corrected, or are known to health by another id.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from schemas.ids import Id, days, uuid8

DISTRICTS: Final = ("1703203", "1706207", "1714401", "1718203", "1726262", "1735401")
_SEX: Final = ("M", "F")


class Stated(NamedTuple):
    """One event, before it has ids: its type, its record, and what it says."""

    type: str
    record: str
    version: int
    change: str
    subject: bytes
    fields: dict[str, Any]
    health: dict[str, Any] | None = None
    days_ago: int = 200  # recorded


@dataclass(slots=True)
class Families:
    """Families until ``people`` are born; the same seed gives the same."""

    people: int
    on: date
    seed: int = 1
    months: tuple[date, ...] = ()  # those for which incomes are reported
    _chance: random.Random = field(init=False)
    _born: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - a load, no secret
        if not self.months:
            first = self.on.replace(day=1)
            self.months = tuple(_months_before(first, back) for back in (4, 3, 2, 1))

    def __iter__(self) -> Iterator[Stated]:
        """Return all events, family by family."""
        number = 0
        while self._born < self.people:
            number += 1
            yield from self._family(f"f{number}")

    def _family(self, name: str) -> Iterator[Stated]:
        """Grandparents, perhaps, and one grown child's household, under one roof or two."""
        chance = self._chance
        home = _Home(identifier(f"{self.seed} dwelling {name}"), chance.choice(DISTRICTS))
        kind = chance.random()
        if kind < 0.62:  # noqa: PLR2004 - a share
            grown = yield from self._couple(name, home, chance.choice((0, 1, 1, 2, 2, 3, 4)))
        elif kind < 0.75:  # noqa: PLR2004
            grown = yield from self._mother(name, home, chance.choice((1, 1, 2)))
        else:
            grown = yield from self._adult(f"{name} single", home, (19, 54), _SEX)
        if chance.random() < 0.4:  # noqa: PLR2004
            yield from self._grandparents(name, home, grown)

    def _couple(self, name: str, home: _Home, children: int) -> Generator[Stated, None, bytes]:
        he = yield from self._adult(f"{name} he", home, (24, 48), "M")
        she = yield from self._adult(f"{name} she", home, (22, 44), "F")
        married = self.on - timedelta(days=self._chance.randrange(900, 6000))
        fields = {"spouse": she, "married_on": days(married)}
        yield Stated("civil.marriage_registered", f"m {name}", 1, "CREATED", he, fields)
        if self._chance.random() < 0.06:  # noqa: PLR2004
            ended = {"spouse": she, "divorced_on": days(married + timedelta(days=700))}
            yield Stated("civil.divorce_registered", f"v {name}", 1, "CREATED", he, ended)
        for number in range(children):
            yield from self._child(f"{name} c{number}", home, she, he)
        if self._chance.random() < 0.02:  # noqa: PLR2004
            died = {"died_on": days(self.on - timedelta(days=200)), "district": home.district}
            yield Stated("civil.death_registered", f"d {name}", 1, "CREATED", he, died)
        return she

    def _mother(self, name: str, home: _Home, children: int) -> Generator[Stated, None, bytes]:
        she = yield from self._adult(f"{name} she", home, (20, 45), "F")
        for number in range(children):
            yield from self._child(f"{name} c{number}", home, she, None)
        return she

    def _grandparents(self, name: str, home: _Home, grown: bytes) -> Iterator[Stated]:
        chance = self._chance
        if chance.random() < 0.5:  # noqa: PLR2004
            home = _Home(identifier(f"{self.seed} old dwelling {name}"), home.district)
        old = yield from self._adult(f"{name} old", home, (56, 85), _SEX)
        if chance.random() < 0.7:  # noqa: PLR2004 - the birth of the grown child is on record
            born = {
                "born_on": days(self.on - timedelta(days=30 * 365)),
                "sex": "M",
                "district": home.district,
                "mother": old,
                "father": None,
                "identity": None,
            }
            yield Stated("civil.birth_registered", f"b {name} grown", 1, "CREATED", grown, born)
        if chance.random() < 0.5:  # noqa: PLR2004
            other = yield from self._adult(f"{name} old other", home, (56, 85), _SEX)
            fields = {"spouse": other, "married_on": days(self.on - timedelta(days=11_000))}
            yield Stated("civil.marriage_registered", f"m {name} old", 1, "CREATED", old, fields)

    def _adult(
        self, name: str, home: _Home, ages: tuple[int, int], sexes: str | tuple[str, ...]
    ) -> Generator[Stated, None, bytes]:
        chance = self._chance
        age = chance.randrange(*ages)
        who = self._person(name)
        born = {
            "born_on": days(self.on - timedelta(days=age * 365 + chance.randrange(365))),
            "sex": chance.choice(sexes),
            "district": home.district,
            "identity": None,
        }
        kind = "civil.person_identifier_assigned"
        yield Stated(kind, f"p {name}", 1, "CREATED", who, born)
        if chance.random() < 0.02:  # noqa: PLR2004
            yield Stated(kind, f"p {name}", 2, "CORRECTED", who, born)
        yield from self._residence(name, home, who)
        if age < 58 and chance.random() < 0.7:  # noqa: PLR2004
            yield from self._work(name, who)
        if chance.random() < 0.04 + (0.06 if age > 55 else 0):  # noqa: PLR2004
            yield from self._disability(name, who)
        return who

    def _child(
        self, name: str, home: _Home, mother: bytes, father: bytes | None
    ) -> Iterator[Stated]:
        who = self._person(name)
        born = {
            "born_on": days(self.on - timedelta(days=self._chance.randrange(-20, 20 * 365))),
            "sex": self._chance.choice(_SEX),
            "district": home.district,
            "mother": mother,
            "father": father,
            "identity": None,
        }
        yield Stated("civil.birth_registered", f"b {name}", 1, "CREATED", who, born)
        yield from self._residence(name, home, who)
        if self._chance.random() < 0.01:  # noqa: PLR2004
            span = {"from_on": days(self.on - timedelta(days=400)), "until_on": None}
            guardian = yield from self._adult(f"{name} guardian", home, (30, 60), "F")
            fields = {"guardian": guardian, **span}
            kind = "civil.guardianship_established"
            yield Stated(kind, f"g {name}", 1, "CREATED", who, fields)

    def _residence(self, name: str, home: _Home, who: bytes) -> Iterator[Stated]:
        kind = "institution" if self._chance.random() < 0.004 else "home"  # noqa: PLR2004
        fields = {
            "district": home.district,
            "dwelling": home.dwelling,
            "kind": kind,
            "from_on": days(date(2012, 3, 1)),
            "until_on": None,
            "contact": None,
        }
        event = "civil.residence_registered"
        yield Stated(event, f"r {name}", 1, "CREATED", who, fields)
        if self._chance.random() < 0.01:  # noqa: PLR2004
            recorded = self._chance.choice((1, 90))  # settling still, or settled long ago
            yield Stated(event, f"r {name}", 2, "ANNULLED", who, fields, None, recorded)

    def _work(self, name: str, who: bytes) -> Iterator[Stated]:
        chance = self._chance
        employer = identifier(f"employer {chance.randrange(4000)}")
        started = self.on - timedelta(days=chance.randrange(200, 4000))
        fields = {"employer": employer, "started_on": days(started), "identity": None}
        yield Stated("tax.employment_started", f"j {name}", 7_000_001, "CREATED", who, fields)
        earns = round(chance.lognormvariate(19.6, 0.6))  # tiyin; the median is 3.25 million soum
        for month in self.months:
            if chance.random() < 0.015:  # noqa: PLR2004 - not reported
                continue
            fields = {"employer": employer, "month": days(month), "gross_minor": earns}
            fields["identity"] = None
            record = f"i {name} {month}"
            yield Stated("tax.income_reported", record, 7_000_002, "CREATED", who, fields)
            if chance.random() < 0.02:  # noqa: PLR2004
                fields = fields | {"gross_minor": earns // 2}
                yield Stated("tax.income_reported", record, 8_000_001, "CORRECTED", who, fields)
        if chance.random() < 0.06:  # noqa: PLR2004
            ended = {"employer": employer, "ended_on": days(self.on - timedelta(days=60))}
            ended["identity"] = None
            yield Stated("tax.employment_ended", f"e {name}", 7_000_003, "CREATED", who, ended)

    def _disability(self, name: str, who: bytes) -> Iterator[Stated]:
        on = self.on - timedelta(days=self._chance.randrange(30, 900))
        until = self.on + timedelta(days=self._chance.randrange(-60, 700))
        health = {"group": self._chance.randrange(1, 4), "until": until.isoformat()}
        subject = who
        if self._chance.random() < 0.3:  # noqa: PLR2004 - known to health by another id
            subject = identifier(f"{self.seed} patient {name}")
            link = {"person": who, "reason": "identifier", "identity": None}
            yield Stated("health.patient_linked", f"l {name}", 1, "CREATED", subject, link)
        fields = {"assessed_on": days(on)}
        kind = "health.disability_assessed"
        yield Stated(kind, f"h {name}", 1, "CREATED", subject, fields, health)

    def _person(self, name: str) -> bytes:
        self._born += 1
        return identifier(f"{self.seed} person {name}")


class _Home(NamedTuple):
    dwelling: bytes
    district: str


def identifier(name: str) -> Id:
    """Return the id that goes with a name; no key, nobody is real."""
    return uuid8(blake2b(name.encode(), digest_size=16).digest())


def _months_before(first: date, back: int) -> date:
    month = first.year * 12 + first.month - 1 - back
    return date(month // 12, month % 12 + 1, 1)
