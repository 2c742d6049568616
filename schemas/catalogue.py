"""The event catalogue: every event type, its Avro schema, its topic. Pure but for package files.

The schema text that is registered is self-contained: ``hub.Meta`` is put in where a file names it.
Our own reader and writer leave logical types out: same bytes, and both are twice as fast.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import fastavro
from fastavro.types import Schema

from schemas import topics

_AVRO: Final = files("schemas") / "avro"
ENVELOPE_NAMES: Final = ("meta", "quarantine_entry", "checkpoint")


@dataclass(frozen=True, slots=True)
class EventType:
    """One row of the catalogue."""

    name: str  # "civil.birth_registered"
    version: int  # of the schema
    text: str  # the schema as registered
    parsed: Schema  # for fastavro, without logical types
    fields: tuple[str, ...]  # all but meta, in schema order
    sealed: tuple[str, ...]  # the fields that are sealed blocks; the name is the class
    full_name: str  # "hub.civil.BirthRegistered"

    @property
    def registry(self) -> str:
        """Who publishes it: civil, tax, health or hub."""
        return self.name.partition(".")[0]

    def schema_subject(self, topic: str) -> str:
        """Return the schema registry's subject (TopicRecordNameStrategy)."""
        return f"{topic}-{self.full_name}"


def _load(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_AVRO / path).read_text("utf-8"))
    return loaded


def _without_logical_types(schema: Any) -> Any:
    match schema:
        case {"type": str(primitive), "logicalType": _, **rest} if not rest:
            return primitive
        case dict():
            return {
                key: _without_logical_types(value)
                for key, value in schema.items()
                if key not in {"logicalType", "doc"}
            }
        case list():
            return [_without_logical_types(item) for item in schema]
        case _:
            return schema


def self_contained(schema: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    """Return ``schema`` with ``hub.Meta`` put in where it is named."""
    fields = [f | {"type": meta} if f["type"] == "hub.Meta" else f for f in schema["fields"]]
    return schema | {"fields": fields}


def event_type(schema: dict[str, Any], name: str, version: int) -> EventType:
    """Return the catalogue row of a self-contained record schema."""
    own = [field for field in schema["fields"] if field["name"] != "meta"]
    return EventType(
        name=name,
        version=version,
        text=json.dumps(schema, separators=(",", ":"), ensure_ascii=False),
        parsed=fastavro.parse_schema(_without_logical_types(schema)),
        fields=tuple(field["name"] for field in own),
        sealed=tuple(f["name"] for f in own if str(f.get("doc", "")).startswith("Sealed block")),
        full_name=f"{schema['namespace']}.{schema['name']}",
    )


@cache
def _versions() -> dict[str, dict[int, EventType]]:
    meta = _load("meta.v1.avsc")
    rows: dict[str, dict[int, EventType]] = {}
    for file in sorted(_AVRO.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".avsc"):
            continue
        name, _, version = file.name.removesuffix(".avsc").rpartition(".v")
        row = event_type(self_contained(_load(file.name), meta), name, int(version))
        rows.setdefault(name, {})[row.version] = row
    return rows


@cache
def _all() -> dict[str, EventType]:
    return {name: rows[max(rows)] for name, rows in _versions().items()}


def earlier_versions(name: str) -> tuple[EventType, ...]:
    """Return the versions of ``name`` before the last, in order: topics hold events of them."""
    rows = _versions()[name]
    return tuple(rows[version] for version in sorted(rows)[:-1])


@cache
def catalogue() -> dict[str, EventType]:
    """Return every event type by name, in its last version: the one that is written."""
    return {
        name: row for name, row in _all().items() if name.removeprefix("hub.") not in ENVELOPE_NAMES
    }


def quarantine_entry() -> EventType:
    """Return the schema of a quarantine entry; it is no event and has no meta."""
    return _all()["hub.quarantine_entry"]


def checkpoint() -> EventType:
    """Return the schema of a connector's checkpoint; it is no event and has no meta."""
    return _all()["hub.checkpoint"]


_HUB_TOPICS: Final = {
    "hub.need_detected": topics.NEEDS,
    "hub.need_changed": topics.NEEDS,
    "hub.need_ended": topics.NEEDS,
    "hub.identity_linked": topics.OPERATOR,
    "hub.identity_unlinked": topics.OPERATOR,
    "hub.erasure_decided": topics.OPERATOR,
    "hub.quarantine_released": topics.OPERATOR,
}


def schemas_by_topic() -> dict[str, tuple[EventType, ...]]:
    """Return what may be written to each topic; source_complete goes to every registry's."""
    by_topic: dict[str, list[EventType]] = {name: [] for name in topics.EVENTS.values()}
    for row in catalogue().values():
        if row.name == "hub.source_complete":
            for name in topics.EVENTS.values():
                by_topic[name].append(row)
        else:
            topic = topics.EVENTS.get(row.registry) or _HUB_TOPICS[row.name]
            by_topic.setdefault(topic, []).append(row)
    by_topic[topics.QUARANTINE] = [quarantine_entry()]
    by_topic[topics.CHECKPOINTS] = [checkpoint()]
    return {topic: tuple(rows) for topic, rows in by_topic.items()}
