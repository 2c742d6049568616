"""What may change in a schema, and what may not stand in one. Pure.

Released files never change; a new version of an event is a new file, and every two versions of one
event must read each other (``FULL_TRANSITIVE``, as the schema registry is told too). Two shapes
are forbidden because hostile bytes under them exhaust a reader: recursive types crash the process,
and arrays or maps of items without size take no bytes to claim millions.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse

from schemas.ids import canonical_json

JsonSchema = dict[str, Any]


def fingerprint(schema: JsonSchema) -> str:
    """Return the SHA-256 of the schema's canonical JSON; white space does not count."""
    return hashlib.sha256(canonical_json(schema)).hexdigest()


def changed_releases(files: Mapping[str, JsonSchema], released: Mapping[str, str]) -> list[str]:
    """Return a finding for every released file that is gone or another."""
    findings = []
    for name, pinned in released.items():
        if name not in files:
            findings.append(f"{name}: was released and is gone; put it back")
        elif fingerprint(files[name]) != pinned:
            findings.append(
                f"{name}: was released and has changed; put it back and make the change in a new "
                "version"
            )
    findings += [
        f"{name}: not released; run `hub schema release`" for name in files if name not in released
    ]
    return findings


def incompatible_versions(versions: Mapping[str, JsonSchema]) -> list[str]:
    """Return a finding for every two versions of one event that cannot read each other.

    Args:
        versions: self-contained schemas by file name, ``<event>.v<n>.avsc``.
    """
    by_event: dict[str, list[str]] = defaultdict(list)
    for name in versions:
        by_event[name.rpartition(".v")[0]].append(name)
    findings = []
    for names in by_event.values():
        for reader, writer in itertools.permutations(sorted(names), 2):
            findings += [
                f"{reader} cannot read {writer}: {reason}"
                for reason in _reasons(versions[reader], versions[writer])
            ]
    return findings


def _reasons(reader: JsonSchema, writer: JsonSchema) -> list[str]:
    result = ReaderWriterCompatibilityChecker().get_compatibility(
        parse(json.dumps(reader)), parse(json.dumps(writer))
    )
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    return sorted(result.messages)


def forbidden_shapes(name: str, schema: JsonSchema) -> list[str]:
    """Return a finding for every shape in ``schema`` that hostile bytes can abuse."""
    return [f"{name}: {text}" for text in _walk(schema, inside=())]


def _walk(schema: Any, inside: tuple[str, ...]) -> Iterator[str]:
    match schema:
        case str():
            if schema in inside:
                yield f"recursive type {schema}"
        case list():
            for branch in schema:
                yield from _walk(branch, inside)
        case {"type": "array", "items": items} | {"type": "map", "values": items}:
            if _has_no_size(items):
                yield "array or map of items without size"
            yield from _walk(items, inside)
        case {"type": "record", "fields": fields}:
            full_name = f"{schema.get('namespace', '')}.{schema['name']}".lstrip(".")
            for field in fields:
                yield from _walk(field["type"], (*inside, full_name))
        case {"type": dict() | list() as inner}:
            yield from _walk(inner, inside)


def _has_no_size(schema: Any) -> bool:
    match schema:
        case "null":
            return True
        case {"type": "record", "fields": fields}:
            return all(_has_no_size(field["type"]) for field in fields)
        case {"type": "fixed", "size": 0}:
            return True
        case _:
            return False
