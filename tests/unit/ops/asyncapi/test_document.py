"""The AsyncAPI document is well-formed, true, and the one that is committed."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro
import pytest

from ops.asyncapi.command import as_text, whole
from ops.asyncapi.document import agency_document
from ops.asyncapi.feeds import everything, feed_messages
from schemas.catalogue import schemas_by_topic
from schemas.topics import TOPICS, partitions_of
from streams.feeds.shapes import SENT
from tests.unit.ops.asyncapi.spec import faults

ROOT = Path(__file__).resolve().parents[4]
Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    loaded: Document = json.loads(as_text(whole()))
    return loaded


def test_the_committed_document_is_the_one_that_is_made_now() -> None:
    committed = (ROOT / "docs" / "asyncapi.json").read_text("utf-8")

    assert committed == as_text(whole()), "run: hub schema asyncapi -o docs/asyncapi.json"


def test_it_is_as_the_specification_says(document: Document) -> None:
    assert faults(document) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["info"].pop("title"),
        lambda d: d.update(asyncapi="2.6.0"),
        lambda d: d["channels"]["feed"].update(adress="x"),
        lambda d: d["channels"]["feed"].pop("parameters"),
        lambda d: d["channels"]["feed"]["messages"].update(x={"$ref": "#/components/messages/x"}),
        lambda d: d["servers"]["local"].pop("protocol"),
        lambda d: d["servers"]["local"]["security"].append({"$ref": "#/components/x"}),
        lambda d: d["operations"]["write.feed"].update(action="publish"),
        lambda d: d["operations"]["write.feed"].pop("channel"),
        lambda d: d["components"]["messages"]["feed.ended"]["bindings"]["kafka"].update(k=1),
        lambda d: d["components"]["securitySchemes"]["scram"].update(type="scram"),
    ],
)
def test_a_fault_would_be_found(document: Document, spoil: Callable[[Document], object]) -> None:
    spoil(document)

    assert faults(document)


def test_every_topic_is_a_channel_with_its_settings(document: Document) -> None:
    for topic in TOPICS:
        channel = document["channels"][topic.name]
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == topic.name
        assert kafka["partitions"] == partitions_of(topic.name, 4)
        assert kafka["topicConfiguration"].get("retention.ms") == _number(topic.config)
        assert kafka["topicConfiguration"]["cleanup.policy"] == [topic.config["cleanup.policy"]]


def _number(config: dict[str, str]) -> int | None:
    return int(config["retention.ms"]) if "retention.ms" in config else None


def test_every_topic_carries_what_the_catalogue_says(document: Document) -> None:
    for topic, rows in schemas_by_topic().items():
        assert set(document["channels"][topic]["messages"]) == {row.name for row in rows}


def test_a_payload_is_the_very_schema_that_is_registered(document: Document) -> None:
    for rows in schemas_by_topic().values():
        for row in rows:
            payload = document["components"]["messages"][row.name]["payload"]
            assert payload["schema"] == json.loads(row.text)


def test_a_feed_carries_every_type_that_is_sent(document: Document) -> None:
    carried = set(document["channels"]["feed"]["messages"])

    assert carried == {f"feed.{name}" for name in SENT} | {"feed.ended", "feed.withheld"}
    assert carried == set(document["channels"]["feed.resend"]["messages"])


def test_every_payload_is_avro_and_its_example_can_be_written_in_it(document: Document) -> None:
    # The parser of AsyncAPI lets a field of a type that does not exist pass: fastavro does not.
    for name, message in document["components"]["messages"].items():
        schema = fastavro.parse_schema(message["payload"]["schema"])
        (example,) = message["examples"]
        value = _as_avro(message["payload"]["schema"], example["payload"])
        fastavro.schemaless_writer(BytesIO(), schema, value)
        assert name


def test_an_example_of_another_shape_would_be_found(document: Document) -> None:
    message = document["components"]["messages"]["tax.income_reported"]
    value = _as_avro(message["payload"]["schema"], message["examples"][0]["payload"])
    value["gross_minor"] = "much"

    with pytest.raises((TypeError, ValueError, struct.error)):
        fastavro.schemaless_writer(
            BytesIO(), fastavro.parse_schema(message["payload"]["schema"]), value
        )


def test_an_agency_sees_its_own_feed_and_its_own_fields_only() -> None:
    def some(name: str) -> frozenset[str]:
        if name == "tax.income_reported":
            return everything(name)
        return frozenset({"civil.death_registered.died_on"} if "death" in name else ())

    document = json.loads(
        as_text(agency_document("1", "tax-office", feed_messages("tax-office", some)))
    )

    assert faults(document) == []
    addresses = [channel["address"] for channel in document["channels"].values()]
    assert addresses == ["feed.tax-office.v1", "feed.tax-office.resend.v1"]
    messages = document["components"]["messages"]
    assert set(messages) == {
        "feed.tax.income_reported",
        "feed.civil.death_registered",
        "feed.ended",
        "feed.withheld",
    }
    death = messages["feed.civil.death_registered"]["payload"]["schema"]
    assert death["namespace"] == "hub.feed.tax_office"
    assert "died_on" in {field["name"] for field in death["fields"]}
    assert "district" not in {field["name"] for field in death["fields"]}


def _as_avro(schema: Any, value: Any) -> Any:
    """Return an example, which is for people, as Avro takes it."""
    read: dict[str, Callable[[Any], Any]] = {
        "id": lambda text: UUID(text).bytes,
        "date": date.fromisoformat,
        "timestamp-micros": lambda text: datetime.fromisoformat(text).astimezone(UTC),
        "bytes": str.encode,
    }
    match schema:
        case list():
            rest = [item for item in schema if item != "null"]
            return None if value is None else _as_avro(rest[0], value)
        case {"type": "record"}:
            assert set(value) == {field["name"] for field in schema["fields"]}
            return {f["name"]: _as_avro(f["type"], value[f["name"]]) for f in schema["fields"]}
        case {"type": "fixed"} | "Uuid" | "hub.Uuid":
            kind = "id"
        case {"logicalType": logical}:
            kind = logical
        case _:
            kind = str(schema)
    return read.get(kind, lambda same: same)(value)
