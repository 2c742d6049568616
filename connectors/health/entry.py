"""Place one entry of a history: what it is a version of, and when the server wrote it. Pure.

What cannot be placed is a record all the same: it goes on to the translator, which refuses it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.health.bundle import instant, parse_json
from connectors.health.fhir import first_code
from connectors.source import SourceRecord
from schemas.errors import InvalidRecord

OURS: Final = ("Patient", "Observation", "Condition", "ServiceRequest")

# Of these types only these codes are ours; a health server holds far more of others.
CODES: Final = {
    "Observation": frozenset({"disability-group", "care-dependency", "pregnancy"}),
    "ServiceRequest": frozenset({"psychological-support"}),
}

# An original must fit in a Kafka message of 1 MB; a resource of ours has some hundred bytes.
MAX_ENTRY_CHARS: Final = 100_000

_TYPE: Final = re.compile(r"[A-Za-z]{1,64}")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # FHIR R5, 2.1.28: id
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")
_ETAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with its place."""

    record: SourceRecord
    updated_at: datetime | None  # None: it does not say, or not so that it can be read
    ours: bool


def place(text: str) -> Placed:
    """Return the entry in ``text`` with its place.

    The record's content is ``type``, ``id``, ``version``, ``updated_at`` and ``resource`` (None if
    deleted); or empty if the entry is no record.
    """
    entry = _parsed(text)
    deleted = _object(entry, "request").get("method") == "DELETE"
    resource = _object(entry, "resource")
    type_, id_, version, updated = _of_deletion(entry) if deleted else _of_resource(resource)
    updated_at = instant(updated)
    original = text[:MAX_ENTRY_CHARS].encode()
    if (
        not _matches(_TYPE, type_)
        or not _matches(_ID, id_)
        or not _matches(_VERSION, version)
        or updated_at is None
    ):
        key = _key_of_unreadable(type_, id_, original)
        return Placed(SourceRecord(key, original, {}), updated_at, ours=_may_be_ours(type_))
    content = {
        "type": type_,
        "id": id_,
        "version": int(version),
        "updated_at": updated_at,
        "resource": None if deleted else resource,
    }
    record = SourceRecord(f"{type_}/{id_}/{version}", original, content)
    return Placed(record, updated_at, ours=type_ in OURS and not _has_foreign_code(type_, resource))


def _may_be_ours(type_: object) -> bool:
    return not _matches(_TYPE, type_) or type_ in OURS


def _has_foreign_code(type_: str, resource: Mapping[str, Any]) -> bool:
    """Return whether the resource says, readably, that it is about something else."""
    if type_ not in CODES:
        return False
    try:
        code = first_code(resource.get("code"))
    except InvalidRecord:
        return False  # the translator says what is wrong with it
    return code is not None and code not in CODES[type_]


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_ENTRY_CHARS:
        return {}
    try:
        entry = parse_json(text)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _of_resource(resource: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    meta = _object(resource, "meta")
    return (
        resource.get("resourceType"),
        resource.get("id"),
        meta.get("versionId"),
        meta.get("lastUpdated"),
    )


def _of_deletion(entry: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    response = _object(entry, "response")
    type_, _, id_ = str(_object(entry, "request").get("url")).partition("/")
    etag = _ETAG.fullmatch(str(response.get("etag")))
    return type_, id_, etag and etag[1], response.get("lastModified")


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _key_of_unreadable(type_: object, id_: object, original: bytes) -> str:
    """Return a place for what has none: the same for the same bytes.

    The bytes hold a whole resource, so that a hash of them can hardly be guessed back.
    """
    digest = hashlib.sha256(original).hexdigest()[:32]
    if _matches(_TYPE, type_) and _matches(_ID, id_):
        return f"{type_}/{id_}/unreadable-{digest}"
    return f"unreadable/{digest}"
