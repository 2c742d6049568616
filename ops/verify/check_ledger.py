"""Did exactly that come out which the simulator's ledger expects? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ops.verify.check_sources import published
from ops.verify.values import (
    DUE,
    RACING,
    SUPERSEDED,
    Difference,
    Entry,
    Event,
    Expected,
    Ledger,
    Planted,
    Source,
    Topics,
)
from schemas.topics import EVENTS

CHECK = "ledger"


def check_ledger(ledger: Ledger, sources: Iterable[Source], topics: Topics) -> list[Difference]:
    """Return every way in which sources and topics differ from the ledger."""
    found: list[Difference] = []
    entries = {entry.id: entry for entry in topics.entries if entry.source in EVENTS}
    by_registry = {registry: published(topics, registry) for registry in EVENTS}
    came_out = _came_out(ledger, by_registry, entries)
    found += _events(ledger.events, by_registry, came_out)
    found += _entries(ledger.planted, entries, came_out)
    for source in sources:
        found += _source(ledger, source)
    return found


def _came_out(
    ledger: Ledger, events: dict[str, dict[str, Event]], entries: dict[str, Entry]
) -> dict[str, int]:
    """Return the highest revision of each civil record that was published or quarantined."""
    highest: dict[str, int] = {}
    for item in _all(ledger):
        if item.registry == "civil" and (item.id in events["civil"] or item.id in entries):
            record, revision = _revision(item.source_key)
            highest[record] = max(highest.get(record, 0), revision)
    return highest


def _all(ledger: Ledger) -> list[Expected | Planted]:
    return [*ledger.events, *ledger.planted]


def _revision(source_key: str) -> tuple[str, int]:
    record, _, revision = source_key.rpartition("/")
    return record, int(revision)


def _missing(item: Expected | Planted, what: str, highest: dict[str, int]) -> Iterator[Difference]:
    if item.fate == SUPERSEDED:
        return
    where = f"{item.registry} {item.source_key}"
    if item.fate == RACING:
        record, revision = _revision(item.source_key)
        if highest.get(record, 0) > revision:
            return
    yield Difference(CHECK, f"{what} missing", where, f"{what} {item.id} is not on record")


def _events(
    expected: list[Expected], by_registry: dict[str, dict[str, Event]], highest: dict[str, int]
) -> Iterator[Difference]:
    known: set[str] = set()
    for item in expected:
        known.add(item.id)
        event = by_registry[item.registry].get(item.id)
        where = f"{item.registry} {item.source_key}"
        if event is None:
            yield from _missing(item, "event", highest)
            continue
        if item.fate == SUPERSEDED:
            detail = f"event {item.id} was replaced before any connector could look"
            yield Difference(CHECK, "event that cannot be", where, detail)
        for name, stated, right in (
            ("type", event.type, item.type),
            ("subject", event.subject, item.subject),
            ("change", event.change, item.change),
            ("digest", event.digest, item.digest),
        ):
            if stated != right:
                detail = f"event {item.id} ({event.type}) at {event.place}: {stated}, not {right}"
                yield Difference(CHECK, name, where, detail)
    for registry, events in by_registry.items():
        for id_, event in events.items():
            if id_ not in known:
                detail = f"event {id_} ({event.type}) is not in the ledger"
                yield Difference(CHECK, "event unexpected", f"{registry} {event.place}", detail)


def _entries(
    planted: list[Planted], entries: dict[str, Entry], highest: dict[str, int]
) -> Iterator[Difference]:
    known: set[str] = set()
    for item in planted:
        known.add(item.id)
        entry = entries.get(item.id)
        where = f"{item.registry} {item.source_key}"
        if entry is None:
            yield from _missing(item, "quarantine entry", highest)
        elif entry.rule != item.rule:
            detail = f"entry {item.id} at {entry.place}: rule {entry.rule}, not {item.rule}"
            yield Difference(CHECK, "quarantine rule", where, detail)
        elif entry.source_key != item.source_key:
            detail = f"entry {item.id} names {entry.source_key}"
            yield Difference(CHECK, "quarantine source_key", where, detail)
        elif item.fate == SUPERSEDED:
            detail = f"entry {item.id} was replaced before any connector could look"
            yield Difference(CHECK, "quarantine entry that cannot be", where, detail)
    for id_, entry in entries.items():
        if id_ not in known:
            where = f"{entry.source} {entry.source_key}"
            detail = f"entry {id_} ({entry.rule}) at {entry.place} is not in the ledger"
            yield Difference(CHECK, "quarantine entry unexpected", where, detail)


def _source(ledger: Ledger, source: Source) -> Iterator[Difference]:
    """Compare the ledger with the source itself: the simulator wrote what it says it wrote."""
    items = [item for item in _all(ledger) if item.registry == source.registry]
    known = {item.source_key for item in items}
    for key in sorted(source.stated - known):
        detail = "stands at the source but not in the ledger"
        yield Difference(CHECK, "source record unexpected", f"{source.registry} {key}", detail)
    held = source.stated | source.superseded
    gone = _deleted(items) if source.registry == "civil" else set()
    for item in items:
        if (
            item.fate == DUE
            and item.source_key not in held
            and not (gone and _revision(item.source_key)[0] in gone)
        ):
            where = f"{source.registry} {item.source_key}"
            yield Difference(CHECK, "source record missing", where, "is only in the ledger")
    for name, mine, theirs in (
        ("refused files", source.refused, ledger.refused),
        ("duplicate files", source.duplicates, ledger.duplicates),
    ):
        if source.registry == "tax":
            for file in sorted(mine ^ theirs):
                detail = "only at the source" if file in mine else "only in the ledger"
                yield Difference(CHECK, name, f"tax {file}", detail)


def _deleted(items: Iterable[Expected | Planted]) -> set[str]:
    """Return the civil records whose last revision is void: their row may be gone."""
    last: dict[str, tuple[int, bool]] = {}
    for item in items:
        record, revision = _revision(item.source_key)
        void = isinstance(item, Expected) and item.change == "ANNULLED"
        last[record] = max(last.get(record, (0, False)), (revision, void))
    return {record for record, (_, void) in last.items() if void}
