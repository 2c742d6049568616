"""Is every record of every source published, suppressed or quarantined? Pure, as sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ops.verify.facts import SOURCE_COMPLETE
from ops.verify.ids import entry_id, event_id, record_id
from ops.verify.values import Difference, Event, Source, Topics
from schemas.topics import EVENTS

CHECK = "sources"
_ROWS_A_MANIFEST = 1_000_000


def check_sources(sources: Iterable[Source], topics: Topics, event_key: bytes) -> list[Difference]:
    """Return every source record that is lost or doubled, and every event without a record."""
    found: list[Difference] = []
    for source in sources:
        found += _registry(source, topics, event_key)
    return found


def published(topics: Topics, registry: str) -> dict[str, Event]:
    """Return a registry's events by id; what only says that the source is complete is none."""
    topic = EVENTS[registry]
    return {
        event.id: event
        for event in topics.events
        if event.place.topic == topic and event.type != SOURCE_COMPLETE
    }


def _registry(source: Source, topics: Topics, event_key: bytes) -> Iterator[Difference]:
    events = published(topics, source.registry)
    entries = {entry.id for entry in topics.entries if entry.source == source.registry}
    known_events: set[str] = set()
    known_entries: set[str] = set()

    def differs(kind: str, where: str, detail: str) -> Difference:
        return Difference(CHECK, kind, f"{source.registry} {where}", detail)

    for key in sorted(source.stated):
        id_ = event_id(event_key, source.registry, key)
        quarantine = entry_id(event_key, source.registry, key)
        known_events.add(id_)
        known_entries.add(quarantine)
        if id_ in events and quarantine in entries:
            yield differs("published and quarantined", key, f"event {id_}, entry {quarantine}")
        elif id_ not in events and quarantine not in entries:
            yield differs("lost", key, f"neither event {id_} nor entry {quarantine} is on record")
        if id_ in events:
            yield from _lineage(source.registry, key, events[id_], event_key)
    for key in source.superseded:
        known_events.add(event_id(event_key, source.registry, key))
        known_entries.add(entry_id(event_key, source.registry, key))
    for key in sorted(source.repeated):
        id_ = event_id(event_key, source.registry, key)
        quarantine = entry_id(event_key, source.registry, key)
        known_events.add(id_)
        known_entries.add(quarantine)
        if id_ in events or quarantine in entries:
            yield differs("repeat not suppressed", key, f"event {id_}, entry {quarantine}")
    for where in sorted(source.misplaced):
        yield differs("file in the wrong place", where, "judged by the file itself")
    yield from _unexplained(source, events, known_events)
    if source.registry != "civil":  # a civil row that was deleted takes its keys along
        for entry in topics.entries:
            if entry.source == source.registry and entry.id not in known_entries:
                detail = f"entry {entry.id} has no record at the source"
                yield differs("quarantined from nowhere", entry.source_key, detail)


def _lineage(registry: str, key: str, event: Event, event_key: bytes) -> Iterator[Difference]:
    """Check of which record an event is, and which version of it."""
    where = f"{registry} {key}"
    if registry == "tax":
        _, manifest, row = key.split("/")
        version = int(manifest) * _ROWS_A_MANIFEST + int(row)
        record = _tax_record(event)
    else:
        record, _, number = key.rpartition("/")
        version = int(number)
    if event.version != version:
        detail = f"event {event.id} has version {event.version}, not {version}"
        yield Difference(CHECK, "version", where, detail)
    if event.record != record_id(event_key, registry, record):
        detail = f"event {event.id} ({event.type}) is not of the record that its source names"
        yield Difference(CHECK, "record", where, detail)


def _tax_record(event: Event) -> str:
    content = event.content
    match event.type.removeprefix("tax."):
        case "income_reported":
            parts = "income", event.subject, content["employer"], content["month"][:7]
        case "employment_started":
            parts = "employment", event.subject, content["employer"], content["started_on"]
        case "employment_ended":
            parts = "employment_end", event.subject, content["employer"], content["ended_on"]
        case "self_employment_registered":
            return f"self_employment/{event.subject}/{content['registered_on']}"
        case "property_registered":
            return f"property/{event.subject}/{content['property']}"
        case "benefit_paid":
            parts = "benefit", event.subject, content["benefit"], content["month"][:7]
        case _:
            return ""
    return "/".join(parts)


def _unexplained(source: Source, events: dict[str, Event], known: set[str]) -> Iterator[Difference]:
    """Name events without a source record; a civil row may be gone if its last event is void."""
    stray = [event for id_, event in events.items() if id_ not in known]
    last: dict[str, Event] = {}
    for event in stray:
        if event.record not in last or event.version > last[event.record].version:
            last[event.record] = event
    for event in stray:
        if source.registry == "civil" and last[event.record].change == "ANNULLED":
            continue
        yield Difference(
            CHECK,
            "published from nowhere",
            f"{source.registry} {event.place}",
            f"event {event.id} ({event.type}) has no record at the source",
        )
