"""What a person must know of every message: the catalogue with its words. Pure but for files.

The document and the page are made from these values and from nothing else.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ops.asyncapi.shapes import example, invented_id, shape
from schemas.catalogue import EventType, earlier_versions, schemas_by_topic
from schemas.errors import PermanentError
from schemas.topics import EVENTS

_ZERO: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    name: str
    kind: str  # "date", "id", "text", ..., "sealed block"
    is_optional: bool
    meaning: str
    sealed_class: str = ""  # "" if it is not sealed
    holds: tuple[tuple[str, str], ...] = ()  # what a sealed block holds: name, meaning


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of one topic or more."""

    name: str  # "civil.birth_registered"
    registry: str
    about: str
    schema: Mapping[str, Any]  # Avro, self-contained, as registered
    full_name: str
    topics: tuple[str, ...]
    versions: tuple[int, ...]
    fields: tuple[Field, ...]
    example: Mapping[str, Any]

    @property
    def has_meta(self) -> bool:
        return "meta" in self.example


@cache
def words() -> Mapping[str, Any]:
    """Return ``words.toml``."""
    found: Mapping[str, Any] = tomllib.loads(
        (files("ops") / "asyncapi" / "words.toml").read_text("utf-8")
    )
    return found


@cache
def entries() -> tuple[Entry, ...]:
    """Return every message of every topic but the feeds', events first, by name.

    Raises:
        PermanentError: a field has no words yet.
    """
    topics_of: dict[str, list[str]] = {}
    rows: dict[str, EventType] = {}
    for topic, types in schemas_by_topic().items():
        for row in types:
            topics_of.setdefault(row.name, []).append(topic)
            rows[row.name] = row
    order = (*EVENTS, "hub")
    made = [_entry(row, topics_of[name]) for name, row in rows.items()]
    return tuple(
        sorted(made, key=lambda each: (not each.has_meta, order.index(each.registry), each.name))
    )


def _entry(row: EventType, topics: Iterable[str]) -> Entry:
    schema = json.loads(row.text)
    fields = [field for field in schema["fields"] if field["name"] != "meta"]
    known = words()["examples"]
    value = {
        field["name"]: example(field["type"], f"{row.name}.{field['name']}", known)
        for field in schema["fields"]
    }
    if "meta" in value:
        value["meta"] |= {
            "source": row.registry,
            "type": row.name,
            "change": "CREATED",
            "corrects": None,
            "subject": invented_id("person"),
            "causation_id": None,
        }
        if row.name == "hub.source_complete":
            value["meta"] |= {"source": "tax", "subject": _ZERO}
    return Entry(
        name=row.name,
        registry=row.registry,
        about=schema.get("doc", ""),
        schema=schema,
        full_name=row.full_name,
        topics=tuple(topics),
        versions=(*(old.version for old in earlier_versions(row.name)), row.version),
        fields=tuple(_field(row, field) for field in fields),
        example=value,
    )


def _field(row: EventType, field: Mapping[str, Any]) -> Field:
    name, said = field["name"], shape(field["type"])
    if name in row.sealed:
        holds = sealed_parts(row.name, name)
        return Field(name, "sealed block", said.is_optional, words()["classes"][name], name, holds)
    return Field(name, said.word, said.is_optional, meaning(row.name, name))


def meaning(event: str, field: str) -> str:
    """Return what a field means.

    Raises:
        PermanentError: ``words.toml`` does not say.
    """
    said: Mapping[str, str] = words()["fields"]
    for key in (f"{event}.{field}", field):
        if key in said:
            return said[key]
    raise PermanentError(f"ops/asyncapi/words.toml does not say what {event}.{field} means")


def sealed_parts(event: str, sealed_class: str) -> tuple[tuple[str, str], ...]:
    """Return what a sealed block of ``event`` holds: names and meanings.

    Raises:
        PermanentError: ``words.toml`` does not say.
    """
    said: Mapping[str, Mapping[str, str]] = words()["sealed"]
    registry = event.partition(".")[0]
    for key in (f"{event}.{sealed_class}", f"{registry}.{sealed_class}", sealed_class):
        if key in said:
            return tuple(said[key].items())
    raise PermanentError(f"ops/asyncapi/words.toml does not say what {event}.{sealed_class} holds")
