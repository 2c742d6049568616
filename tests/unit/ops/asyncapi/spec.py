"""The objects of AsyncAPI 3.0.0 that our document uses, copied by hand from the specification.

For each: the fields that it may have, and (in capitals here, for "must") those that it has to have.
A third judge is in ``tests/integration/examples/test_asyncapi_in_the_registry.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Judge = Callable[[Any, str], Iterator[str]]


def an_object(judges: Mapping[str, Judge], must: str = "") -> Judge:
    def judge(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place} is not an object"
            return
        yield from (f"{place} lacks {name}" for name in must.split() if name not in value)
        for name, inner in value.items():
            if name not in judges:
                yield f"{place} may not have {name}"
            else:
                yield from judges[name](inner, f"{place}.{name}")

    return judge


def a_map(of: Judge) -> Judge:
    def judge(value: Any, place: str) -> Iterator[str]:
        for name, inner in value.items():
            yield from of(inner, f"{place}[{name}]")

    return judge


def a_list(of: Judge) -> Judge:
    def judge(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{place} is not a list"
        else:
            for number, inner in enumerate(value):
                yield from of(inner, f"{place}[{number}]")

    return judge


def a_text(value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, str) or not value:
        yield f"{place} is not a text"


def a_number(value: Any, place: str) -> Iterator[str]:
    if type(value) is not int:
        yield f"{place} is not a whole number"


def anything(value: Any, place: str) -> Iterator[str]:
    yield from ()


def one_of(*allowed: str) -> Judge:
    def judge(value: Any, place: str) -> Iterator[str]:
        if value not in allowed:
            yield f"{place} is not one of {allowed}"

    return judge


A_REFERENCE = an_object({"$ref": a_text}, "$ref")
A_TAG = an_object({"name": a_text, "description": a_text}, "name")
A_SCHEMA: Judge = an_object(
    {
        "type": one_of("object", "string"),
        "description": a_text,
        "required": a_list(a_text),
        "properties": a_map(an_object({"type": a_text, "description": a_text})),
        "format": a_text,
        "minLength": a_number,
        "maxLength": a_number,
    }
)
AN_AVRO_PAYLOAD = an_object(
    {"schemaFormat": one_of("application/vnd.apache.avro;version=1.9.0"), "schema": anything},
    "schemaFormat schema",
)
_MESSAGE_BINDING = an_object(
    {
        "key": A_SCHEMA,
        "schemaIdLocation": one_of("header", "payload"),
        "schemaIdPayloadEncoding": a_text,
        "schemaLookupStrategy": a_text,
        "bindingVersion": one_of("0.5.0"),
    }
)
A_MESSAGE = an_object(
    {
        "name": a_text,
        "title": a_text,
        "summary": a_text,
        "contentType": a_text,
        "tags": a_list(A_TAG),
        "payload": AN_AVRO_PAYLOAD,
        "examples": a_list(an_object({"name": a_text, "payload": anything, "headers": anything})),
        "bindings": an_object({"kafka": _MESSAGE_BINDING}),
        "traits": a_list(A_REFERENCE),
    }
)
_TOPIC_SETTINGS = an_object(
    {"cleanup.policy": a_list(one_of("delete", "compact")), "retention.ms": a_number}
)
_CHANNEL_BINDING = an_object(
    {
        "topic": a_text,
        "partitions": a_number,
        "replicas": a_number,
        "topicConfiguration": _TOPIC_SETTINGS,
        "bindingVersion": one_of("0.5.0"),
    }
)
A_CHANNEL = an_object(
    {
        "address": a_text,
        "title": a_text,
        "description": a_text,
        "messages": a_map(A_REFERENCE),
        "parameters": a_map(an_object({"description": a_text, "enum": a_list(a_text)})),
        "bindings": an_object({"kafka": _CHANNEL_BINDING}),
    }
)
AN_OPERATION = an_object(
    {"action": one_of("send", "receive"), "channel": A_REFERENCE, "summary": a_text},
    "action channel",
)
_SERVER_BINDING = an_object(
    {"schemaRegistryUrl": a_text, "schemaRegistryVendor": a_text, "bindingVersion": a_text}
)
A_SERVER = an_object(
    {
        "host": a_text,
        "protocol": one_of("kafka", "kafka-secure"),
        "description": a_text,
        "variables": a_map(an_object({"default": a_text, "description": a_text})),
        "security": a_list(A_REFERENCE),
        "bindings": an_object({"kafka": _SERVER_BINDING}),
    },
    "host protocol",
)
_INFO = an_object(
    {
        "title": a_text,
        "version": a_text,
        "description": a_text,
        "license": an_object({"name": a_text, "url": a_text}, "name"),
        "tags": a_list(A_TAG),
    },
    "title version",
)
_COMPONENTS = an_object(
    {
        "messages": a_map(A_MESSAGE),
        "messageTraits": a_map(an_object({"headers": A_SCHEMA})),
        "securitySchemes": a_map(
            an_object({"type": one_of("scramSha512"), "description": a_text}, "type")
        ),
    }
)
A_DOCUMENT = an_object(
    {
        "asyncapi": one_of("3.0.0"),
        "info": _INFO,
        "defaultContentType": a_text,
        "servers": a_map(A_SERVER),
        "channels": a_map(A_CHANNEL),
        "operations": a_map(AN_OPERATION),
        "components": _COMPONENTS,
    },
    "asyncapi info",
)


def faults(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``document``: its fields, its references, its parameters."""
    found = list(A_DOCUMENT(document, "document"))
    found += [f"{ref} leads nowhere" for ref in references(document) if not leads(document, ref)]
    for name, channel in document.get("channels", {}).items():
        asked = {part.split("}")[0] for part in channel.get("address", "").split("{")[1:]}
        if asked != set(channel.get("parameters", {})):
            found.append(f"channel {name}: its address and its parameters differ")
        found += [
            f"channel {name}: {ref['$ref']} is no message"
            for ref in channel.get("messages", {}).values()
            if not ref.get("$ref", "").startswith("#/components/messages/")
        ]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def leads(document: Any, ref: str) -> bool:
    place = document
    for part in ref.removeprefix("#/").split("/"):
        if not isinstance(place, dict) or part not in place:
            return False
        place = place[part]
    return True
