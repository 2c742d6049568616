"""From the bytes of a topic to values, with the schema text that the registry gives. Pure.

Logical types are taken off the schema first, so that fastavro returns bytes and whole
numbers: quicker, and what they mean is then read here and nowhere else.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from sys import intern  # the same ids stand in many events and rows: keep each once
from typing import Any

import fastavro
import orjson

from ops.verify.ids import iso, text
from ops.verify.seals import Keys, NotOpenedError, open_block
from ops.verify.values import Broken, Entry, Event, Place

_HEADER = 5  # magic byte and schema id
Value = Callable[[Any], Any]


class NotAnEventError(Exception):
    """The bytes are no event; the text is the rule they break."""


_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class Schema:
    """One schema of the registry: how to decode it, and what its fields mean."""

    def __init__(self, schema_text: str) -> None:
        stated = orjson.loads(schema_text)
        namespace = str(stated.get("namespace", "")).removeprefix("hub.")
        self.type = f"{namespace}.{_WORD.sub('_', stated['name']).lower()}"
        self.fields: list[tuple[str, str]] = [
            (row["name"], _meaning(row["type"]))
            for row in stated["fields"]
            if row["name"] != "meta"
        ]
        self.blocks = tuple(name for name, meaning in self.fields if meaning == "bytes")
        self._parsed = fastavro.parse_schema(_without_logical_types(stated))

    def decode(self, body: bytes) -> dict[str, Any]:
        """Return the fields as Avro has them.

        Raises:
            NotAnEventError: the bytes do not fit, or are not the canonical encoding.
        """
        stream = io.BytesIO(body)
        try:
            decoded: dict[str, Any] = fastavro.schemaless_reader(stream, self._parsed, None)
        except Exception as error:  # whatever fastavro's C code meets
            raise NotAnEventError("not_canonical") from error
        if stream.tell() != len(body):
            raise NotAnEventError("not_canonical")
        return decoded

    def is_canonical(self, body: bytes) -> bool:
        """Return whether encoding again gives the same bytes."""
        again = io.BytesIO()
        fastavro.schemaless_writer(again, self._parsed, self.decode(body))
        return again.getvalue() == body


class Decoder:
    """Decode records of any of our topics."""

    def __init__(self, schema_text: Callable[[int], str | None], keys: Keys) -> None:
        self._schema_text = schema_text  # asked once for each schema id
        self._schemas: dict[int, Schema | None] = {}
        self._keys = keys

    def event(
        self,
        place: Place,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]],
    ) -> Event | Broken:
        """Return the event at ``place``, or the rule that the record breaks."""
        try:
            schema, body = self._split(value)
            decoded = schema.decode(body)
            meta = decoded["meta"]
            event_id, subject = intern(text(meta["id"])), intern(text(meta["subject"]))
            if meta["type"] != schema.type:
                raise NotAnEventError("meta")
        except NotAnEventError as error:
            return Broken(place, str(error))
        except KeyError:
            return Broken(place, "schema_unknown")
        unopened: list[str] = []
        content: dict[str, Any] = {}
        for name, meaning in schema.fields:
            item = decoded[name]
            if item is None:
                content[name] = None
                # Left out because its key was gone, or never there: the digest cannot tell.
                if meaning == "bytes" and self._keys.is_erased(subject, name):
                    unopened.append(f"{name}: erased")
            elif meaning == "bytes":
                content[name] = self._opened(subject, name, event_id, item, unopened)
            else:
                content[name] = _MEANINGS[meaning](item)
        return Event(
            place=place,
            key=key,
            headers=dict(headers),
            id=event_id,
            record=intern(text(meta["record"])),
            version=meta["version"],
            source=intern(meta["source"]),
            subject=subject,
            type=schema.type,
            occurred_at=meta["occurred_at"],
            recorded_at=meta["recorded_at"],
            change=intern(meta["change"]),
            corrects=None if meta["corrects"] is None else text(meta["corrects"]),
            sequence=meta["sequence"],
            partition_sequence=meta["partition_sequence"],
            digest=intern(meta["digest"].hex()),
            correlation_id=intern(text(meta["correlation_id"])),
            causation_id=None if meta["causation_id"] is None else text(meta["causation_id"]),
            content=content,
            sealed={name: decoded[name] for name in schema.blocks},
            unopened=tuple(unopened),
        )

    def entry(self, place: Place, value: bytes | None) -> Entry | Broken:
        """Return the quarantine entry at ``place``, or the rule that the record breaks."""
        try:
            schema, body = self._split(value)
            decoded = schema.decode(body)
            return Entry(
                place=place,
                id=text(decoded["id"]),
                source=decoded["source"],
                source_key=decoded["source_key"],
                rule=decoded["rule"],
                field=decoded["field"],
            )
        except NotAnEventError as error:
            return Broken(place, str(error))
        except KeyError:
            return Broken(place, "schema_unknown")

    def _split(self, value: bytes | None) -> tuple[Schema, bytes]:
        if value is None or len(value) <= _HEADER or value[0] != 0:
            raise NotAnEventError("wire_format")
        number = int.from_bytes(value[1:_HEADER], "big")
        if number not in self._schemas:
            found = self._schema_text(number)
            self._schemas[number] = None if found is None else Schema(found)
        schema = self._schemas[number]
        if schema is None:
            raise NotAnEventError("schema_unknown")
        return schema, value[_HEADER:]

    def _opened(
        self, subject: str, class_: str, event_id: str, sealed: bytes, unopened: list[str]
    ) -> Any:
        if self._keys.is_erased(subject, class_):
            unopened.append(f"{class_}: erased")
            return None
        try:
            return open_block(self._keys, subject, class_, event_id, sealed)
        except NotOpenedError as error:
            unopened.append(f"{class_}: {error}")
            return None


def _id(item: Any) -> Any:
    return intern(text(item))


def _same(item: Any) -> Any:
    return item


_MEANINGS: dict[str, Value] = {"date": iso, "uuid": _id, "other": _same}


def _meaning(type_: Any) -> str:
    """Return what a field of this Avro type stands for: date, uuid, bytes or other."""
    if isinstance(type_, list):
        return next(_meaning(branch) for branch in type_ if branch != "null")
    if type_ == "bytes":
        return "bytes"
    if type_ == "hub.Uuid":
        return "uuid"
    if isinstance(type_, dict):
        if type_.get("name") == "Uuid":
            return "uuid"
        if type_.get("logicalType") == "date":
            return "date"
    return "other"


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_logical_types(branch) for branch in schema]
    if isinstance(schema, dict):
        return {
            name: _without_logical_types(part)
            for name, part in schema.items()
            if name not in {"logicalType", "default", "doc"}
        }
    return schema
