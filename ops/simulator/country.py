"""A simulated country, written to its three sources phase by phase.

    ledger of the day -> civil database -> tax folder -> FHIR store

The ledger comes first, so that whatever comes out of the hub is already expected.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ops.simulator import expect_civil, expect_health, expect_tax
from ops.simulator.civil_acts import CivilWrite
from ops.simulator.civil_database import (
    CountryExistsError,
    apply_day,
    copy_backlog,
    create_schema,
    is_watched,
)
from ops.simulator.contract import Keys, Pseudonyms
from ops.simulator.drop_folder import deliver
from ops.simulator.expectations import (
    ExpectedEvent,
    ExpectedFault,
    Marks,
    expected_event,
    expected_fault,
)
from ops.simulator.faults import Fault
from ops.simulator.fhir_store import FhirStore
from ops.simulator.health_records import Version
from ops.simulator.known_people import known_needs, known_persons
from ops.simulator.ledger import ExpectedFile, LedgerWriter
from ops.simulator.plan import plan
from ops.simulator.tax_rows import TaxFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the three sources and the ledger are."""

    home: Path
    civil_dsn: str = field(repr=False)
    tax_folder: Path

    @property
    def fhir_file(self) -> Path:
        return self.home / "simulator" / "fhir.sqlite"


@dataclass(slots=True)
class Expected:
    """What one day must lead to."""

    events: list[ExpectedEvent] = field(default_factory=list)
    faults: list[ExpectedFault] = field(default_factory=list)
    files: list[ExpectedFile] = field(default_factory=list)


class OutOfTurnError(Exception):
    """The days of a country are written in order, each once."""


class Country:
    """A country of ``people`` whose last ``days`` before ``until`` are lived, not loaded.

    Call ``backlog`` once, then ``day(1)`` to ``day(days)`` in order, each once. A second
    ``Country`` with the same arguments may carry on where another stopped.
    """

    def __init__(
        self, people: int, days: int, seed: int, until: date, *, places: Places, keys: Keys
    ) -> None:
        self.people = people
        self.days = days
        self.seed = seed
        self.until = until
        self.places = places
        self.keys = keys
        self._plan = plan(people, days, seed, until)
        self._pseudonyms = Pseudonyms(keys)

    def backlog(self) -> None:
        """Create the civil schema and write the population and its history.

        Raises:
            CountryExistsError: a country was written there before.
        """
        ledger = LedgerWriter(self.places.home)
        if ledger.written() is not None:
            raise CountryExistsError("this home holds a country already; use a new home")
        create_schema(self.places.civil_dsn)
        self._write_ledger(ledger, 0)
        ledger.known(known_persons(self.until, self.keys), known_needs(self.until, self.keys))
        copy_backlog(self.places.civil_dsn, self._plan.standing_rows())
        self._write_files(0)

    def day(self, number: int) -> None:
        """Write the changes of one live day; the last has the number ``days``.

        Raises:
            OutOfTurnError: another day is due, or the country there is another one.
        """
        if not 1 <= number <= self.days:
            raise ValueError(f"there is no day {number}; the live days are 1 to {self.days}")
        ledger = LedgerWriter(self.places.home)
        written = ledger.written() or {}
        if any(written.get(name) != value for name, value in self._parameters().items()):
            raise OutOfTurnError("the country in this home has other parameters, or none")
        through = written["written_through_day"]
        if through != number - 1:
            raise OutOfTurnError(f"day {number} is not due: day {through} is the last one written")
        # Asked first: a slot made while we write would watch the rest, not all.
        self._write_ledger(ledger, number, is_watched(self.places.civil_dsn))
        apply_day(self.places.civil_dsn, self._plan.civil.get(number, []))
        self._write_files(number)

    def expected(self, number: int, watched: bool = False) -> Expected:
        """Return what day ``number`` must lead to; 0 is the backlog.

        Args:
            number: of the day.
            watched: whether a replication slot follows the civil database on that day.
        """
        expected = Expected()
        phase = "live" if number else "backlog"
        writes = self._plan.civil.get(number, [])
        # In the backlog only the last write of a record reaches the database.
        standing = {
            id(w) for w in ({w.row["record_id"]: w for w in writes} if not number else {}).values()
        }
        for write in writes:
            superseded = number == 0 and id(write) not in standing
            self._expect_civil(expected, write, phase, (superseded, watched, write.op == "delete"))
        for file in self._plan.tax.get(number, []):
            self._expect_tax(expected, file, phase)
        for version in self._plan.health.get(number, []):
            self._expect_health(expected, version, phase)
        return expected

    def _expect_civil(
        self, expected: Expected, write: CivilWrite, phase: str, marks: Marks
    ) -> None:
        key = expect_civil.source_key(write)
        if write.fault:
            fault = _named(write.fault)
            expected.faults.append(
                expected_fault(self.keys, "civil", key, fault, phase=phase, marks=marks)
            )
            return
        statement = expect_civil.statement(write, self._pseudonyms)
        expected.events.append(
            expected_event(self.keys, "civil", key, statement, phase=phase, marks=marks)
        )

    def _expect_tax(self, expected: Expected, file: TaxFile, phase: str) -> None:
        outcome = "refused" if file.refused_for else "duplicate" if file.repeats else "applied"
        expected.files.append(
            ExpectedFile(file.name, outcome, file.refused_for, file.repeats, len(file.rows), phase)
        )
        if outcome != "applied":
            return
        for number, row in enumerate(file.rows, start=1):
            key = expect_tax.source_key(file, number)
            if row.fault:
                fault = _named(row.fault)
                expected.faults.append(expected_fault(self.keys, "tax", key, fault, phase=phase))
            else:
                statement = expect_tax.statement(row, self._pseudonyms)
                expected.events.append(
                    expected_event(self.keys, "tax", key, statement, phase=phase)
                )

    def _expect_health(self, expected: Expected, version: Version, phase: str) -> None:
        if version.type not in expect_health.OURS:
            return
        if version.fault:
            fault = _named(version.fault)
            expected.faults.append(
                expected_fault(self.keys, "health", version.key, fault, phase=phase)
            )
        else:
            statement = expect_health.statement(version, self._pseudonyms)
            expected.events.append(
                expected_event(self.keys, "health", version.key, statement, phase=phase)
            )

    def _write_ledger(self, ledger: LedgerWriter, number: int, watched: bool = False) -> None:
        expected = self.expected(number, watched)
        ledger.day(number, expected.events, expected.faults, expected.files)
        ledger.country(self._facts(number, expected))

    def _facts(self, number: int, expected: Expected) -> dict[str, object]:
        """Return the parameters and what was written last; the ledger holds the rest."""
        return {
            **self._parameters(),
            "written_through_day": number,
            "last_day": {
                "events": dict(Counter(event.registry for event in expected.events)),
                "faults": dict(Counter(fault.registry for fault in expected.faults)),
            },
        }

    def _parameters(self) -> dict[str, object]:
        return {
            "people": self.people,
            "days": self.days,
            "seed": self.seed,
            "until": self.until.isoformat(),
        }

    def _write_files(self, number: int) -> None:
        for file in self._plan.tax.get(number, []):
            deliver(self.places.tax_folder, file)
        store = FhirStore(self.places.fhir_file)
        try:
            versions = self._plan.health.get(number, [])
            # In two loads, between which a page may be read; an instant may lie in both.
            store.load(versions[: len(versions) // 2])
            store.load(versions[len(versions) // 2 :])
        finally:
            store.close()


def _named(fault: Fault) -> tuple[str, str, str]:
    return fault.rule, fault.field, fault.cause
