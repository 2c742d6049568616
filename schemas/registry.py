"""A thin client of a schema registry (Confluent REST API): register, and pin what ids mean.

Order of effects in ``register``: compatibility of the subject, then its schema. A crash between
the two leaves a subject without schema, which the next run fills; a schema is never registered
under the registry's own default, which may be NONE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx
import orjson
from fastavro.schema import to_parsing_canonical_form

from schemas.catalogue import EventType, earlier_versions, schemas_by_topic
from schemas.errors import PermanentError, TransientError

COMPATIBILITY: Final = "FULL_TRANSITIVE"
_JSON: Final = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


@dataclass(frozen=True, slots=True)
class SchemaIds:
    """What the registry calls our schemas. One schema text has one id, whatever the topic."""

    ids: Mapping[tuple[str, str], int]  # by (topic, event type), of the version that is written
    earlier: Mapping[tuple[str, str, int], int] = field(default_factory=dict)
    # by (topic, event type, version), of those that are only read any more

    def of(self, topic: str, event_type: str) -> int:
        return self.ids[topic, event_type]

    def types(self, topic: str) -> dict[int, EventType]:
        """Return the event types by schema id that may stand in ``topic``."""
        found = {}
        for row in schemas_by_topic()[topic]:
            for old in earlier_versions(row.name):
                if (number := self.earlier.get((topic, row.name, old.version))) is not None:
                    found[number] = old
            found[self.ids[topic, row.name]] = row
        return found


def register(client: httpx.Client) -> SchemaIds:
    """Register every schema of the catalogue with ``FULL_TRANSITIVE``; idempotent.

    Raises:
        TransientError: the registry does not answer.
        PermanentError: it refuses a schema as incompatible; the text carries its reason.
    """
    ids, earlier = {}, {}
    for topic, rows in schemas_by_topic().items():
        for row in rows:
            subject = row.schema_subject(topic)
            _send(client, "PUT", f"/config/{subject}", {"compatibility": COMPATIBILITY})
            path = f"/subjects/{subject}/versions"
            for old in earlier_versions(row.name):
                earlier[topic, row.name, old.version] = _id(
                    _send(client, "POST", path, {"schema": old.text})
                )
            ids[topic, row.name] = _id(_send(client, "POST", path, {"schema": row.text}))
    return SchemaIds(ids, earlier)


def register_schema(client: httpx.Client, subject: str, text: str) -> int:
    """Register one schema that is not of the catalogue, with ``FULL_TRANSITIVE``; idempotent.

    Raises:
        TransientError, PermanentError: as ``register``.
    """
    _send(client, "PUT", f"/config/{subject}", {"compatibility": COMPATIBILITY})
    return _id(_send(client, "POST", f"/subjects/{subject}/versions", {"schema": text}))


def look_up(client: httpx.Client) -> SchemaIds:
    """Return the ids of our schemas, which must mean the very same there.

    Raises:
        TransientError: the registry does not answer.
        PermanentError: a schema is not registered, or is another one.
    """
    ids, earlier = {}, {}
    ours: dict[int, list[EventType]] = {}
    for topic, rows in schemas_by_topic().items():
        for row in rows:
            path = f"/subjects/{row.schema_subject(topic)}"
            for version in (*earlier_versions(row.name), row):
                number = _id(_send(client, "POST", path, {"schema": version.text}))
                ours.setdefault(number, []).append(version)
                if version is row:
                    ids[topic, row.name] = number
                else:
                    earlier[topic, row.name, version.version] = number
    for number, versions in ours.items():
        body = _send(client, "GET", f"/schemas/ids/{number}", None)
        form = _canonical_form(str(body["schema"]))
        for version in versions:
            if form != _canonical_form(version.text):
                raise PermanentError(
                    f"schema id {number} ({version.name}) is another schema than ours"
                )
    return SchemaIds(ids, earlier)


def _canonical_form(text: str) -> str:
    """Return the Parsing Canonical Form (Avro 1.12): registries write names their own way."""
    form: str = to_parsing_canonical_form(orjson.loads(text))
    return form


def _id(answer: dict[str, object]) -> int:
    number = answer.get("id")
    if not isinstance(number, int):
        raise PermanentError("the schema registry answered without a schema id")
    return number


def _send(
    client: httpx.Client, method: str, path: str, body: dict[str, str] | None
) -> dict[str, object]:
    try:
        answer = client.request(
            method, path, content=orjson.dumps(body) if body is not None else None, headers=_JSON
        )
    except httpx.TransportError as error:
        raise TransientError("the schema registry does not answer; see `hub status`") from error
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise TransientError(f"the schema registry answered {answer.status_code}; see its log")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise PermanentError(f"not registered: {path.split('/')[2]}; run `hub init`")
    if answer.is_error:
        reason = answer.json().get("message", "no reason given")
        raise PermanentError(f"the schema registry refused {path} ({answer.status_code}): {reason}")
    loaded: dict[str, object] = answer.json()
    return loaded
