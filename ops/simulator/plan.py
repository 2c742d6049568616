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
from ops.simulator.people import Population
from ops.simulator.tax_history import REPORTED_MONTHS, TaxHistory, months_before, report_on
from ops.simulator.tax_rows import TaxBook, TaxFile

_DISTRICTS = Path(__file__).parent / "districts.json"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be written, by day; day 0 is the backlog."""

    civil: dict[int, list[CivilWrite]]
    tax: dict[int, list[TaxFile]]
    health: dict[int, list[Version]]

    def standing_rows(self) -> dict[str, list[Row]]:
        """Return each civil table as it stands at the end of the backlog."""
        latest = {str(write.row["record_id"]): write for write in self.civil.get(0, [])}
        tables: dict[str, list[Row]] = defaultdict(list)
        for write in latest.values():
            tables[write.table].append(write.row)
        return tables


def district_codes() -> list[str]:
    """Return the codes of all districts."""
    regions = orjson.loads(_DISTRICTS.read_bytes())
    return [district["code"] for region in regions for district in region["districts"]]


def plan(people: int, days: int, seed: int, until: date) -> Plan:
    """Return the plan of a country; the same arguments give the same plan.

    The hundred known people come first and count as people.
    """
    start = until - timedelta(days=days)
    population = Population(seed, start, district_codes())
    civil = CivilBook(seed, start, until)
    tax = TaxBook(seed, start, until)
    health = HealthBook(seed, start, until)
    enter_known(civil, tax, health, until)
    population.fill(max(people - len(PEOPLE), 0))
    registrar = CivilHistory(civil, population)
    office = TaxHistory(tax, population)
    clinic = HealthHistory(health, population)
    registrar.enter()
    office.enter()
    clinic.enter()

    life = Life(seed, population, registrar, office, clinic)
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
