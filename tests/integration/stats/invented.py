"""People with residences, ages, needs and payments, stated as a hub would have stored them.

What is invented is kept as values, too: recounts are made from those, never from the tables.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from tests.integration.assessment.country import EARLIER, Country, person

DISTRICTS = ("1703202", "1703203", "1706204", "1706207", "1708201")
FEBRUARY = datetime(2026, 2, 10, tzinfo=UTC)
MARCH = datetime(2026, 3, 5, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
TODAY = date(2026, 3, 20)


@dataclass(slots=True)
class Someone:
    """One person and what is known of them."""

    name: str
    born_on: date
    # since when, where, known from when
    homes: list[tuple[date, str, datetime]] = field(default_factory=list)
    needs: list[Said] = field(default_factory=list)
    paid: list[tuple[str, date]] = field(default_factory=list)  # kind and month


@dataclass(slots=True)
class Said:
    """One statement about a need."""

    kind: str
    status: str
    at: datetime
    amount_minor: int | None
    version: int


class Invented:
    """Writes people, and remembers them."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.country = Country(dsn)
        self.people: list[Someone] = []
        self._chance = random.Random(7)
        self._counter = 0

    def someone(self, born_on: date, district: str | None, *, at: datetime = EARLIER) -> Someone:
        name = f"p{len(self.people)}"
        one = Someone(name, born_on)
        self.people.append(one)
        day = born_on.isoformat()
        self.country.born(name, day, at=at, days=(day, None))
        if district is not None:
            self.moves(one, district, date(2020, 1, 1), at=at)
        self.country.connection.execute(
            "INSERT INTO live.assessments (household, anchor, members, assessed_on, outcome, seen)"
            " VALUES (%s, %s, %s, %s, 'assessed', 0)",
            [uuid(f"h{name}"), uuid(name), [uuid(name)], TODAY],
        )
        return one

    def moves(self, one: Someone, district: str, since: date, *, at: datetime = EARLIER) -> None:
        one.homes.append((since, district, at))
        value = {"district": district, "dwelling": f"d{one.name}", "kind": "home"}
        record = f"residence {one.name} {len(one.homes)}"
        stated = (one.name, "residence", value)
        self.country.state(record, stated, days=(since.isoformat(), None), at=at)

    def says(
        self, one: Someone, kind: str, status: str, at: datetime, amount: int | None = None
    ) -> None:
        version = 1 + sum(said.kind == kind for said in one.needs)
        one.needs.append(Said(kind, status, at, amount, version))
        need, event = uuid(f"need {one.name} {kind}"), uuid(f"said {one.name} {kind} {version}")
        columns = [event, need, version, uuid(one.name), uuid(f"h{one.name}"), kind, status]
        self.country.connection.execute(
            "INSERT INTO live.need_history (event_id, need, version, person, household, kind,"
            " status, since, urgency, amount_minor, rule, evidence, reason, causation_id,"
            " known_from) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'normal', %s, 'r', '{}', '',"
            " %s, %s)",
            [*columns, at.date(), amount, uuid(f"event birth {one.name} 1"), at],
        )

    def pays(self, one: Someone, kind: str, code: str, month: date, at: datetime = MARCH) -> None:
        one.paid.append((kind, month))
        value = {"benefit": code, "month": month.isoformat(), "amount_minor": 100}
        record = f"benefit {one.name} {code} {month}"
        stated = (one.name, "benefit", value)
        self.country.state(record, stated, days=(month.isoformat(), None), at=at)

    def works(self, one: Someone, since: str) -> None:
        job = (one.name, "employment", {"employer": "e", "started_on": since})
        self.country.state(f"job {one.name}", job, days=(since, None))

    def populate(self, people: int) -> None:
        """Invent people at random, the same each time."""
        with self.country.connection.transaction():
            self._populate(people)

    def _populate(self, people: int) -> None:
        chance = self._chance
        for _ in range(people):
            born_on = date(1950 + chance.randrange(76), chance.randrange(1, 13), 1)
            one = self.someone(born_on, chance.choice((*DISTRICTS, DISTRICTS[0], None)))
            if chance.random() < 0.2:
                self.moves(one, chance.choice(DISTRICTS), date(2026, 3, 1), at=MARCH)
            for kind, amount in (("child_benefit", 36_000_000), ("disability_support", None)):
                if chance.random() < 0.5:
                    self.says(one, kind, "detected", FEBRUARY, amount)
                    if chance.random() < 0.3:
                        self.says(one, kind, "ended", MARCH, None)
                elif chance.random() < 0.5:
                    self.says(one, kind, "detected", MARCH, amount)
            if chance.random() < 0.4:
                self.pays(one, "child_benefit", "child", date(2026, 3, 1))


def uuid(name: str) -> UUID:
    return UUID(bytes=person(name))
