"""Plan a whole country from its seed: every write to every source, by day. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import orjson

from ops.simulator.civil_acts import CivilBook, CivilWrite, Row
from ops.simulator.civil_history import CivilHistory
from ops.simulator.health_history import HealthHistory
from ops.simulator.health_records import HealthBook, Version
from ops.simulator.known_facts import enter_known
from ops.simulator.known_people import PEOPLE
from ops.simulator.live import Life
from ops.simulator.people import LARGEST_SERIAL, Population
from ops.simulator.tax_history import REPORTED_MONTHS, TaxHistory, months_before, report_on
from ops.simulator.tax_rows import TaxBook, TaxFile

_DISTRICTS = Path(__file__).parent / "districts.json"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a country: planned by itself, with numbers that no other part gives."""

    number: int
    of: int

    @property
    def serials(self) -> range:
        """Return which serials its PINFLs may have."""
        share = (LARGEST_SERIAL + 1) // self.of
        return range(self.number * share, (self.number + 1) * share)

    @property
    def first_record(self) -> int:
        return self.number * 4_000_000

    @property
    def first_resource(self) -> int:
        return self.number * 10_000_000


WHOLE = Part(0, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be written, by day; day 0 is the backlog."""

    civil: dict[int, list[CivilWrite]]
    tax: dict[int, list[TaxFile]]
    health: dict[int, list[Version]]


def standing_rows(writes: Iterable[CivilWrite]) -> dict[str, list[Row]]:
    """Return each civil table as it stands after these writes."""
    latest = {str(write.row["record_id"]): write for write in writes}
    tables: dict[str, list[Row]] = defaultdict(list)
    for write in latest.values():
        tables[write.table].append(write.row)
    return tables


def district_codes() -> list[str]:
    """Return the codes of all districts."""
    regions = orjson.loads(_DISTRICTS.read_bytes())
    return [district["code"] for region in regions for district in region["districts"]]


def plan(people: int, days: int, seed: int, until: date, part: Part = WHOLE) -> Plan:
    """Return the plan of a country, or of a part; the same arguments give the same plan.

    The hundred known people come first and count as people.
    """
    start = until - timedelta(days=days)
    own = seed if part.number == 0 else f"{seed}/part {part.number}"
    population = Population(own, start, district_codes(), part.serials)
    civil = CivilBook(own, start, until, part.first_record)
    tax = TaxBook(own, start, until)
    health = HealthBook(own, start, until, part.first_resource)
    if part.number == 0:
        enter_known(civil, tax, health, until)
        people = max(people - len(PEOPLE), 0)
    population.fill(people)
    registrar = CivilHistory(civil, population)
    office = TaxHistory(tax, population)
    clinic = HealthHistory(health, population)
    registrar.enter()
    office.enter()
    clinic.enter()

    life = Life(own, population, registrar, office, clinic)
    reports = {report_on(m, until): m for m in months_before(until, REPORTED_MONTHS)}
    for day, month in reports.items():
        if day <= start:
            office.report(month, day)
    for number in range(1, days + 1):
        day = start + timedelta(days=number)
        life.live(day)
        if day in reports:
            office.report(reports[day], day)
    return Plan(
        _by_day(sorted(civil.writes, key=lambda w: w.on), lambda w: w.on, start),
        _by_day(tax.files(), lambda f: f.on, start),
        _by_day(health.ordered(), lambda v: v.on, start),
    )


def _by_day(items: Iterable[_T], on: Callable[[_T], date], start: date) -> dict[int, list[_T]]:
    days: dict[int, list[_T]] = defaultdict(list)
    for item in items:
        days[max((on(item) - start).days, 0)].append(item)
    return days
