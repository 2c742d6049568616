"""An Avro schema in words, and an invented value of it. Pure.

An id in an example is shown as text (UUID), a date as YYYY-MM-DD, a moment in UTC: as people read
them. On the wire they are what the schema says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from schemas.ids import text, uuid8

_LOGICAL: Final = {"date": "date", "timestamp-micros": "moment"}
_PLAIN: Final = {
    "boolean": "true or false",
    "int": "whole number",
    "long": "whole number",
    "double": "number",
    "string": "text",
    "bytes": "bytes",
}
_INVENTED: Final[Mapping[str, Any]] = {
    "date": "2026-08-01",
    "moment": "2026-08-14T09:30:00.000000Z",
    "whole number": 1,
    "true or false": True,
    "bytes": "sealed",
    "sealed block": "sealed",
    "one of": "CREATED",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field's schema says, in words."""

    word: str  # "date", "id", "text", "record", ...
    is_optional: bool = False
    symbols: tuple[str, ...] = ()  # of an enum
    parts: tuple[Mapping[str, Any], ...] = ()  # fields of a record, as the schema has them


def shape(schema: Any) -> Shape:
    """Return what ``schema`` says; an Avro type as parsed from JSON."""
    match schema:
        case list():
            rest = [item for item in schema if item != "null"]
            said = replace(shape(rest[0]), is_optional=len(rest) < len(schema))
        case str():
            said = Shape(_PLAIN.get(schema) or _named(schema))
        case {"logicalType": logical}:
            said = Shape(_LOGICAL[logical])
        case {"type": "fixed", "name": name}:
            said = Shape(_named(name))
        case {"type": "enum"}:
            said = Shape("one of", symbols=tuple(schema["symbols"]))
        case {"type": "array", "items": items}:
            said = Shape(f"list of {shape(items).word}")
        case {"type": "record"}:
            said = Shape("record", parts=tuple(schema["fields"]))
        case _:
            said = shape(schema["type"])
    return said


def _named(name: str) -> str:
    return {"Digest": "digest", "Change": "one of"}.get(name.rpartition(".")[2], "id")


def example(schema: Any, path: str, known: Mapping[str, Any]) -> Any:
    """Return an invented value of ``schema``.

    Args:
        schema: an Avro type as parsed from JSON.
        path: the field's full name, ``<event>.<field>``; the same path gives the same value.
        known: values by full name or by the field's own name.
    """
    own = path.rpartition(".")[2]
    found = next((known[key] for key in (path, own) if key in known), None)
    if found is not None:
        return found
    said = shape(schema)
    if said.parts:
        return {
            part["name"]: example(part["type"], f"{path}.{part['name']}", known)
            for part in said.parts
        }
    if said.word in {"id", "digest"}:
        return invented_id(own)
    if said.word.startswith("list"):
        return []
    return said.symbols[0] if said.symbols else _INVENTED.get(said.word, own)


def invented_id(word: str) -> str:
    """Return an id for examples; the same word, the same id."""
    return text(uuid8(hashlib.sha256(word.encode()).digest()))
