"""Hold what a connector makes of a simulated country against the simulator's ledger.

The simulator shares no code with the connectors: each reads the contract for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from connectors.compose import translate_page
from connectors.source import Draft, SourceRecord, Translate
from ops.simulator import contract
from ops.simulator.country import Country, Places
from ops.simulator.plan import Plan, plan
from schemas.ids import Keys, text

KEYS = Keys(person=b"p" * 32, event=b"e" * 32, digest=b"d" * 32)
PEOPLE, DAYS, UNTIL = 250, 4, date(2026, 9, 30)

Found = set[tuple[str, ...]]


def country_plan(seed: int) -> Plan:
    return plan(PEOPLE, DAYS, seed, UNTIL)


def expected(registry: str, seed: int, home: Path) -> tuple[Found, Found]:
    """Return the events and faults that the ledger expects of a registry."""
    places = Places(home=home, civil_dsn="", tax_folder=home)
    keys = contract.Keys(KEYS.person, KEYS.event, KEYS.digest)
    country = Country(PEOPLE, DAYS, seed, UNTIL, places=places, keys=keys)
    events: Found = set()
    faults: Found = set()
    for number in range(DAYS + 1):
        day = country.expected(number)
        events |= {
            (e.source_key, e.id, e.type, e.subject, e.change, e.digest)
            for e in day.events
            if e.registry == registry
        }
        faults |= {(f.source_key, f.id, f.rule) for f in day.faults if f.registry == registry}
    return events, faults


def made(
    registry: str, records: Iterable[SourceRecord], translate: Translate
) -> tuple[Found, Found]:
    """Return the events and faults that the connector makes of ``records``."""
    drafts, broken = translate_page(list(records), translate)
    faults: Found = {
        (
            fault.record.source_key,
            text(KEYS.quarantine_id(registry, fault.record.source_key)),
            fault.rule,
        )
        for fault in broken
    }
    return {_event(registry, draft) for draft in drafts}, faults


def _event(registry: str, draft: Draft) -> tuple[str, ...]:
    content = {**{name: _json(value) for name, value in draft.fields.items()}, **draft.sealed}
    digest = KEYS.content_digest(draft.type, draft.subject, draft.change, content)
    event_id = text(KEYS.event_id(registry, draft.source_key))
    subject = text(draft.subject)
    return draft.source_key, event_id, draft.type, subject, draft.change, digest.hex()


def _json(value: object) -> object:
    match value:
        case bytes():
            return text(value)
        case date():
            return value.isoformat()
        case _:
            return value
