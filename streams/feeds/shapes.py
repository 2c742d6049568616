"""What a record of a feed looks like: one schema per agency and event type. Pure.

A schema is made of the event's own: ids become the agency's pseudonyms, a sealed block becomes a
record of what is in it, and only the fields that the agency's rights cover are there. Every one of
them may be null and has null as its default, so that a schema made under other rights reads and is
read by this one: what was taken away, or has come, is null.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from schemas.catalogue import EventType, catalogue, event_type
from schemas.topics import EVENTS, NEEDS
from streams.feeds.names import namespace

ENDED: Final = "FeedEnded"
WITHHELD: Final = "FeedWithheld"

Avro = Any  # a type as JSON
_DATE: Final = {"type": "int", "logicalType": "date"}
_TIME: Final = {"type": "long", "logicalType": "timestamp-micros"}
_NAME: Final = {"surname": "string", "given_name": "string", "patronymic": "string"}
_PERSON: Final = {"pinfl": "string"} | _NAME
_TAXPAYER: Final = {"stir": "string", "name": "string"}
_REASON: Final = {"reason": "string"}  # JSON

# What is inside each sealed block (docs/contract.md), by event type and class.
BLOCKS: Final[dict[tuple[str, str], dict[str, Avro]]] = {
    ("civil.person_identifier_assigned", "identity"): _PERSON,
    ("civil.birth_registered", "identity"): _PERSON,
    ("civil.name_changed", "identity"): _NAME,
    ("civil.residence_registered", "contact"): {"address": "string"},
    ("tax.employment_started", "identity"): _TAXPAYER,
    ("tax.employment_ended", "identity"): _TAXPAYER,
    ("tax.income_reported", "identity"): _TAXPAYER,
    ("tax.self_employment_registered", "identity"): _TAXPAYER,
    ("tax.property_registered", "identity"): _TAXPAYER,
    ("tax.benefit_paid", "identity"): _TAXPAYER,
    ("health.patient_linked", "identity"): _PERSON | {"born_on": _DATE},
    ("health.disability_assessed", "health"): {"group": "int", "until": _DATE},
    ("health.condition_diagnosed", "health"): {"chapter": "string"},
    ("health.pregnancy_registered", "health"): {"due_on": _DATE, "follow_up": "boolean"},
    ("health.care_dependency_assessed", "health"): {"level": "int", "until": _DATE},
    ("health.psychological_support_referred", "health"): {"reason": "string"},
    ("hub.need_detected", "needs"): _REASON,
    ("hub.need_changed", "needs"): _REASON,
    ("hub.need_ended", "needs"): _REASON,
}

# The field whose date the event bears as occurred_at; without the right to it there is none.
_DATED: Final = {
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
    "health.patient_linked": None,  # the day on which the registry changed it
    "health.disability_assessed": "assessed_on",
    "health.condition_diagnosed": "diagnosed_on",
    "health.pregnancy_registered": "registered_on",
    "health.care_dependency_assessed": "assessed_on",
    "health.psychological_support_referred": "referred_on",
    "hub.need_detected": "since",
    "hub.need_changed": "since",
    "hub.need_ended": "since",
}
SENT: Final = frozenset(_DATED)  # the event types that a feed may have
# A field of an event whose name is taken by one that every record has, and its name in a feed.
SENT_AS: Final[dict[str, dict[str, str]]] = {"health.patient_linked": {"person": "linked_to"}}
# Where they come from. What operators decide of links stays inside the hub.
SOURCES: Final = (*EVENTS.values(), NEEDS)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one event type is sent to one agency."""

    row: EventType  # the feed's schema; text, parsed form and full name
    event_type: str
    fields: tuple[str, ...]  # of the event, in schema order: the plain ones
    ids: frozenset[str]  # those of them that are pseudonyms
    blocks: tuple[str, ...]  # the sealed ones: field and class
    is_dated: bool  # whether occurred_at may be told


def dated_by(name: str) -> str | None:
    """Return the field whose date ``occurred_at`` is; None: no field of the event."""
    return _DATED[name]


@lru_cache(maxsize=10_000)
def shape(agency: str, name: str, fields: frozenset[str]) -> Shape:
    """Return how events of type ``name`` are sent to ``agency``.

    Args:
        agency: whose feed.
        name: the event type.
        fields: what the agency's rights cover, ``<event type>.<field>``; others are left out.
    """
    row = catalogue()[name]
    source = json.loads(row.text)
    covered = [field for field in row.fields if f"{name}.{field}" in fields]
    types = {field["name"]: field["type"] for field in source["fields"]}
    plain = tuple(field for field in covered if field not in row.sealed)
    ids = frozenset(field for field in plain if _is_id(types[field]))
    blocks = tuple(field for field in covered if field in row.sealed)
    own: list[Avro] = [
        {"name": "person", "type": "Uuid", "doc": "The agency's own pseudonym."},
        {"name": "change", "type": _change(source)},
        _nullable("occurred_at", _TIME),
        _nullable("corrects", "Uuid"),
    ]
    sent_as = SENT_AS.get(name, {})
    for field in covered:
        if field in blocks:
            inside = [_nullable(key, kind) for key, kind in BLOCKS[name, field].items()]
            block_name = source["name"] + field.capitalize()
            block = {"type": "record", "name": block_name, "fields": inside}
            own.append(_nullable(field, block))
        else:
            kind: Avro = "Uuid" if field in ids else _plain(types[field])
            own.append(_nullable(sent_as.get(field, field), kind))
    own.append(
        {
            "name": "redacted",
            "type": {"type": "array", "items": "string"},
            "default": [],
            "doc": "The fields that are null because they were erased.",
        }
    )
    dated = dated_by(name)
    return Shape(
        _schema(agency, source["name"], own),
        name,
        plain,
        ids,
        blocks,
        dated is None or dated in covered,
    )


@cache
def ended(agency: str) -> EventType:
    """Return the schema of the last record of a feed that ends."""
    own = [{"name": "rule", "type": "string"}, {"name": "ended_at", "type": _TIME}]
    return _schema(agency, ENDED, own)


@cache
def withheld(agency: str) -> EventType:
    """Return the schema of what is sent again in place of a record that today's rights refuse."""
    return _schema(agency, WITHHELD, [{"name": "rule", "type": "string"}])


def _schema(agency: str, name: str, own: list[Avro]) -> EventType:
    feed = {
        "type": "record",
        "name": "Feed",
        "fields": [
            {"name": "number", "type": "long", "doc": "Of this feed, from 1, without a gap."},
            {"name": "event", "type": {"type": "fixed", "name": "Uuid", "size": 16}},
            {"name": "basis", "type": "string"},
            {"name": "sent_at", "type": _TIME},
        ],
    }
    schema = {
        "type": "record",
        "name": name,
        "namespace": namespace(agency),
        "fields": [{"name": "feed", "type": feed}, *own],
    }
    return event_type(schema, name, 1)


def _nullable(name: str, kind: Avro) -> Avro:
    return {"name": name, "type": ["null", kind], "default": None}


def _plain(kind: Avro) -> Avro:
    """Return a type without its null: it is put back for every field."""
    match kind:
        case ["null", inner]:
            return inner
        case _:
            return kind


def _is_id(kind: Avro) -> bool:
    inner = _plain(kind)
    return inner == "hub.Uuid" or (isinstance(inner, dict) and inner.get("name") == "Uuid")


def _change(source: Avro) -> Avro:
    meta = source["fields"][0]["type"]["fields"]
    symbols = next(field["type"]["symbols"] for field in meta if field["name"] == "change")
    return {"type": "enum", "name": "Change", "symbols": symbols}
