"""What each record of a source must become: an event, a quarantine entry, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ops.simulator import expect_civil, expect_health, expect_tax
from ops.simulator.civil_acts import CivilWrite
from ops.simulator.contract import Keys, Pseudonyms
from ops.simulator.expectations import (
    ExpectedEvent,
    ExpectedFault,
    Marks,
    expected_event,
    expected_fault,
)
from ops.simulator.faults import Fault
from ops.simulator.health_records import Version
from ops.simulator.ledger import ExpectedFile
from ops.simulator.tax_rows import TaxFile

Item = ExpectedEvent | ExpectedFault | ExpectedFile


@dataclass(slots=True)
class Expected:
    """What one day must lead to."""

    events: list[ExpectedEvent] = field(default_factory=list)
    faults: list[ExpectedFault] = field(default_factory=list)
    files: list[ExpectedFile] = field(default_factory=list)

    def add(self, item: Item) -> None:
        match item:
            case ExpectedEvent():
                self.events.append(item)
            case ExpectedFault():
                self.faults.append(item)
            case ExpectedFile():
                self.files.append(item)


@dataclass(frozen=True, slots=True)
class Expecting:
    """Turns records into what they must lead to."""

    keys: Keys
    pseudonyms: Pseudonyms
    phase: str  # "backlog" or "live"

    def civil(self, write: CivilWrite, marks: Marks) -> Item:
        key = expect_civil.source_key(write)
        of = self.keys, "civil", key
        if write.fault:
            return expected_fault(*of, _named(write.fault), phase=self.phase, marks=marks)
        statement = expect_civil.statement(write, self.pseudonyms)
        return expected_event(*of, statement, phase=self.phase, marks=marks)

    def tax(self, file: TaxFile) -> Iterator[Item]:
        outcome = "refused" if file.refused_for else "duplicate" if file.repeats else "applied"
        yield ExpectedFile(
            file.name, outcome, file.refused_for, file.repeats, len(file.rows), self.phase
        )
        if outcome != "applied":
            return
        for number, row in enumerate(file.rows, start=1):
            of = self.keys, "tax", expect_tax.source_key(file, number)
            if row.fault:
                yield expected_fault(*of, _named(row.fault), phase=self.phase)
            else:
                statement = expect_tax.statement(row, self.pseudonyms)
                yield expected_event(*of, statement, phase=self.phase)

    def health(self, version: Version) -> Iterator[Item]:
        if version.type not in expect_health.OURS:
            return
        of = self.keys, "health", version.key
        if version.fault:
            yield expected_fault(*of, _named(version.fault), phase=self.phase)
        else:
            statement = expect_health.statement(version, self.pseudonyms)
            yield expected_event(*of, statement, phase=self.phase)


def _named(fault: Fault) -> tuple[str, str, str]:
    return fault.rule, fault.field, fault.cause
