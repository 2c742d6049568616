"""Do the topics keep the contract by themselves? Pure: topics in, differences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache

from ops.verify.facts import EVENT_TYPES, OPERATOR_TYPES, SOURCE_COMPLETE
from ops.verify.ids import MICROS_A_DAY, digest, event_id, partition_of, raw
from ops.verify.values import Difference, Event, Topics
from schemas.topics import EVENTS, NEEDS, OPERATOR

CHECK = "topics"
_NEED_TYPES = frozenset({"hub.need_detected", "hub.need_changed", "hub.need_ended"})
_CHANGES = frozenset({"CREATED", "CORRECTED", "ANNULLED", "ENDED"})
_BY_TOPIC = {topic: registry for registry, topic in EVENTS.items()} | {OPERATOR: "operator"}
_ALLOWED = {NEEDS: _NEED_TYPES, OPERATOR: OPERATOR_TYPES}
_OF_REGISTRIES = (EVENT_TYPES - OPERATOR_TYPES) | {SOURCE_COMPLETE}

# The field that says when in the world; health.patient_linked has none.
_OCCURRED = {
    "civil.person_identifier_assigned": "born_on",
    "civil.birth_registered": "born_on",
    "civil.death_registered": "died_on",
    "civil.marriage_registered": "married_on",
    "civil.divorce_registered": "divorced_on",
    "civil.name_changed": "changed_on",
    "civil.residence_registered": "from_on",
    "civil.guardianship_established": "from_on",
    "tax.employment_started": "started_on",
    "tax.employment_ended": "ended_on",
    "tax.income_reported": "month",
    "tax.self_employment_registered": "registered_on",
    "tax.property_registered": "registered_on",
    "tax.benefit_paid": "month",
    "health.disability_assessed": "assessed_on",
    "health.condition_diagnosed": "diagnosed_on",
    "health.pregnancy_registered": "registered_on",
    "health.care_dependency_assessed": "assessed_on",
    "health.psychological_support_referred": "referred_on",
    SOURCE_COMPLETE: "through",
    "hub.need_detected": "since",
    "hub.need_changed": "since",
    "hub.need_ended": "since",
}


def check_topics(topics: Topics, event_key: bytes, digest_key: bytes) -> list[Difference]:
    """Return every way in which the topics break the contract."""
    found: list[Difference] = []
    for name, events in (("events", topics.events), ("needs", topics.needs)):
        found += _numbered(events)
        found += _unique(name, events)
    for event in (*topics.events, *topics.needs):
        found += _one(event, topics.partitions[event.place.topic], event_key, digest_key)
    return found


def connector_of(event: Event) -> str:
    """Return whose numbering an event belongs to: each topic has one connector."""
    return _BY_TOPIC.get(event.place.topic, "needs")


def _unique(name: str, events: Iterable[Event]) -> Iterator[Difference]:
    first: dict[str, Event] = {}
    for event in events:
        before = first.setdefault(event.id, event)
        if before is not event:
            detail = f"event {event.id} stands at {before.place} too"
            yield Difference(CHECK, f"{name}: id twice", str(event.place), detail)


def _numbered(events: Iterable[Event]) -> Iterator[Difference]:
    """Check that both sequences run from 1 without a gap and that time does not run backwards."""
    last: dict[tuple[str, int], int] = {}
    by_connector: dict[str, list[Event]] = {}
    for event in events:
        lane = event.place.topic, event.place.partition
        expected = last.get(lane, 0) + 1
        if event.partition_sequence != expected:
            detail = f"event {event.id} has {event.partition_sequence}, expected {expected}"
            yield Difference(CHECK, "gap in partition_sequence", str(event.place), detail)
        last[lane] = event.partition_sequence
        by_connector.setdefault(connector_of(event), []).append(event)
    for connector, own in by_connector.items():
        own.sort(key=lambda event: event.sequence)
        known_from = own[0].recorded_at
        for expected, event in enumerate(own, 1):
            if event.sequence != expected:
                detail = f"connector {connector}: {event.id} has {event.sequence}, not {expected}"
                yield Difference(CHECK, "gap in sequence", str(event.place), detail)
                break  # every later one is shifted too
            if event.recorded_at < known_from:
                detail = f"connector {connector}: {event.id} is recorded before its predecessor"
                yield Difference(CHECK, "recorded_at runs backwards", str(event.place), detail)
            known_from = event.recorded_at


def _one(
    event: Event, partitions: int, event_key: bytes, digest_key: bytes
) -> Iterator[Difference]:
    def differs(kind: str, detail: str) -> Difference:
        detail = f"event {event.id} ({event.type}) {detail}"
        return Difference(CHECK, kind, str(event.place), detail)

    if event.type not in _ALLOWED.get(event.place.topic, _OF_REGISTRIES):
        yield differs("type", "does not belong into this topic")
        return
    if event.unopened:
        if not all(reason.endswith(": erased") for reason in event.unopened):
            yield differs("sealed block", f"cannot be opened ({'; '.join(event.unopened)})")
    else:
        stated = digest(digest_key, event.type, event.subject, event.change, event.content)
        if stated != event.digest:
            yield differs("digest", f"states {event.digest}, its content gives {stated}")
    if event.key != raw(event.subject):
        yield differs("key", "has a key that is not its subject")
    yield from (differs(kind, detail) for kind, detail in _place(event, partitions, event_key))
    yield from (differs("header", detail) for detail in _headers(event))
    if event.change not in _CHANGES or event.version < 1:
        yield differs("meta", f"has change {event.change} and version {event.version}")
    yield from (differs("meta", detail) for detail in _source(event))
    if (day := _occurred(event)) is not None and day != event.occurred_at:
        yield differs("occurred_at", "is not midnight UTC of the day that its content names")


def _place(event: Event, partitions: int, event_key: bytes) -> Iterator[tuple[str, str]]:
    """Check the partition; a completeness mark is meant for its partition, not for a person."""
    partition = event.place.partition
    if event.type == SOURCE_COMPLETE:
        kind = "first" if event.content["snapshot"] else "later"
        source_key = f"source_complete/{event.content['through']}/{kind}/{partition}"
        if event.id != event_id(event_key, event.content["registry"], source_key):
            yield "id", f"is not the id of {source_key}"
        return
    expected = partition_of(event.key or b"", partitions)
    if partition != expected:
        yield "partition", f"belongs into partition {expected} of {partitions}"


def _source(event: Event) -> Iterator[str]:
    if event.place.topic == NEEDS:
        if event.source != "hub":
            yield f"states source {event.source}, not hub"
        return
    registry = "hub" if event.place.topic == OPERATOR else _BY_TOPIC[event.place.topic]
    named = event.content["registry"] if event.type == SOURCE_COMPLETE else event.source
    if named != registry:
        yield f"states source {named}, not {registry}"
    if event.correlation_id != event.id:
        yield "has a correlation id that is not its own id"


def _headers(event: Event) -> Iterator[str]:
    expected = {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_type": event.type,
        "ce_source": f"/registries/{event.source}",
        "ce_subject": event.subject,
        "content-type": "application/avro",
    }
    for name, value in expected.items():
        found = event.headers.get(name)
        if found is None or found.decode(errors="replace") != value:
            yield f"does not repeat {name}"
    time = event.headers.get("ce_time", b"").decode(errors="replace")
    if _micros(time) != event.occurred_at:
        yield "does not repeat ce_time"


@lru_cache(maxsize=1 << 16)
def _micros(rfc3339: str) -> int | None:
    try:
        moment = datetime.fromisoformat(rfc3339)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    since = moment - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return since.days * MICROS_A_DAY + since.seconds * 1_000_000 + since.microseconds


def _occurred(event: Event) -> int | None:
    field = _OCCURRED.get(event.type)
    if field is None or event.content[field] is None:
        return None
    return _micros(f"{event.content[field]}T00:00:00+00:00")
