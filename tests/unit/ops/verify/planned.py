"""The events of a planned country, as the hub would publish them: no server, no key but ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ops.simulator import expect_civil, expect_health, expect_tax
from ops.simulator.civil_acts import CivilWrite
from ops.simulator.contract import Keys, Pseudonyms
from ops.simulator.expectations import Statement
from ops.simulator.plan import Plan
from ops.verify.ids import ZERO_ID
from ops.verify.values import Event, Place

KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
RECORDED_AT = 1_000_000


def published(plan: Plan) -> list[Event]:
    """Return what comes out, but for what was replaced before anybody could look."""
    pseudonyms = Pseudonyms(KEYS)
    found = [
        *_civil(plan, pseudonyms),
        *_tax(plan, pseudonyms),
        *_health(plan, pseudonyms),
    ]
    closed = max(file.closes for day in plan.tax.values() for file in day if file.closes)
    first = date.fromisoformat(f"{closed}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    content: dict[str, object] = {"registry": "tax", "through": last.isoformat(), "snapshot": True}
    found.append(
        _event("tax", Statement("hub.source_complete", ZERO_ID, "CREATED", content), "", 1)
    )
    return found


def _civil(plan: Plan, pseudonyms: Pseudonyms) -> Iterator[Event]:
    for number, writes in plan.civil.items():
        standing = {write.row["record_id"]: write for write in writes}.values()
        for write in writes if number else standing:
            if write.fault is None:
                yield _civil_event(write, expect_civil.statement(write, pseudonyms))


def _civil_event(write: CivilWrite, statement: Statement) -> Event:
    record, _, version = expect_civil.source_key(write).rpartition("/")
    event = _event("civil", statement, record, int(version))
    replaced = write.row["replaces"]
    if version == "1" and replaced:
        event.corrects = f"{write.table}/{replaced}/{write.row['replaces_revision']}"
    return event


def _tax(plan: Plan, pseudonyms: Pseudonyms) -> Iterator[Event]:
    for file in (file for day in plan.tax.values() for file in day):
        if file.refused_for or file.repeats:
            continue
        for number, row in enumerate(file.rows, 1):
            if row.fault is None:
                said = expect_tax.statement(row, pseudonyms)
                yield _event("tax", said, _tax_record(said), file.number * 1_000_000 + number)


def _tax_record(said: Statement) -> str:
    own = ["employer", "benefit", "month", "started_on", "ended_on"]
    if said.type == "tax.property_registered":
        own = ["property"]
    if said.type == "tax.self_employment_registered":
        own = ["registered_on"]
    return "/".join([said.type, said.subject, *(str(said.content.get(name)) for name in own)])


def _health(plan: Plan, pseudonyms: Pseudonyms) -> Iterator[Event]:
    for version in (version for day in plan.health.values() for version in day):
        if version.type in expect_health.OURS and version.fault is None:
            said = expect_health.statement(version, pseudonyms)
            yield _event("health", said, f"{version.type}/{version.id}", version.number)


def _event(registry: str, said: Statement, record: str, version: int) -> Event:
    return Event(
        place=Place(registry, 0, 0),
        key=None,
        headers={},
        id=f"{record}/{version}",
        record=f"{registry}/{record}",
        version=version,
        source=registry,
        subject=said.subject,
        type=said.type,
        occurred_at=0,
        recorded_at=RECORDED_AT,
        change=said.change,
        corrects=None,
        sequence=0,
        partition_sequence=0,
        digest="",
        correlation_id="",
        causation_id=None,
        content=said.content,
        sealed={},
    )
