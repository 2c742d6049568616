"""Wire format, seals, ids and partitions are understood as the contract says."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ops.verify.decode import Decoder
from ops.verify.ids import EPOCH, iso, keyed, murmur2, raw, text
from ops.verify.seals import Keys
from ops.verify.values import Broken, Event, Place
from schemas.catalogue import schemas_by_topic
from schemas.topics import EVENTS
from tests.unit.ops.verify.makers import EVENT_KEY, MOTHER

PLACE = Place(EVENTS["civil"], 0, 5)
EVENT_ID = keyed(EVENT_KEY, "civil", "birth/1/1")
KEY = bytes(range(32))
BIRTH = next(
    row.text for row in schemas_by_topic()[EVENTS["civil"]] if row.name == "civil.birth_registered"
)


def sealed(value: object, event_id: str = EVENT_ID, class_: str = "identity") -> bytes:
    body = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    plain = len(body).to_bytes(4, "big") + body
    plain += bytes(-len(plain) % 64)
    nonce = bytes(12)
    bound_to = raw(event_id) + class_.encode()
    return b"\x01" + nonce + AESGCM(KEY).encrypt(nonce, plain, bound_to)


def avro(**changes: Any) -> bytes:
    meta = {
        "id": raw(EVENT_ID),
        "record": bytes(16),
        "version": 1,
        "source": "civil",
        "subject": raw(MOTHER),
        "type": "civil.birth_registered",
        "occurred_at": 0,
        "recorded_at": 1,
        "change": "CREATED",
        "corrects": None,
        "sequence": 1,
        "partition_sequence": 1,
        "digest": bytes(16),
        "correlation_id": raw(EVENT_ID),
        "causation_id": None,
    }
    record = {
        "meta": meta | changes.pop("meta", {}),
        "born_on": 20_000,
        "sex": "F",
        "district": "1703202",
        "mother": bytes(15) + b"\x07",
        "father": None,
        "identity": sealed({"surname": "A"}),
    } | changes
    plain = orjson.loads(
        BIRTH.replace('"logicalType":"', '"was":"').replace('"logicalType": "', '"was": "')
    )
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(plain), record)
    return b"\0" + (7).to_bytes(4, "big") + out.getvalue()


def decoded(value: bytes | None, keys: Keys | None = None) -> Event | Broken:
    keys = keys or Keys({(MOTHER, "identity"): KEY}, set())
    decoder = Decoder({7: BIRTH}.get, keys)
    return decoder.event(PLACE, raw(MOTHER), value, [("ce_id", EVENT_ID.encode())])


def test_an_event_is_decoded_and_opened() -> None:
    event = decoded(avro())

    assert isinstance(event, Event)
    assert (event.id, event.subject, event.version) == (EVENT_ID, MOTHER, 1)
    assert event.content == {
        "born_on": iso(20_000),
        "sex": "F",
        "district": "1703202",
        "mother": "00000000-0000-0000-0000-000000000007",
        "father": None,
        "identity": {"surname": "A"},
    }
    assert event.sealed["identity"] == sealed({"surname": "A"})
    assert event.unopened == ()


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (None, "wire_format"),
        (b"", "wire_format"),
        (b"{}", "wire_format"),
        (b"\x01" + avro()[1:], "wire_format"),
        (b"\0\0\0\0\x63" + avro()[5:], "schema_unknown"),
        (avro() + b"\0", "not_canonical"),
        (avro()[:-1], "not_canonical"),
        (avro(meta={"type": "civil.death_registered"}), "meta"),
    ],
)
def test_what_is_no_event_breaks_a_rule(value: bytes | None, rule: str) -> None:
    assert decoded(value) == Broken(PLACE, rule)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (Keys({}, set()), "no key"),
        (Keys({(MOTHER, "identity"): bytes(32)}, set()), "differ"),
        (Keys({}, {(MOTHER, "identity")}), "erased"),
    ],
)
def test_a_block_that_is_not_opened_says_why(keys: Keys, why: str) -> None:
    event = decoded(avro(), keys)

    assert isinstance(event, Event)
    assert event.content["identity"] is None
    assert why in event.unopened[0]


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x02" + sealed({})[1:],
        sealed({}, event_id=MOTHER),
        sealed({}, class_="contact"),
        sealed({})[:-1],
    ],
)
def test_a_block_of_another_event_or_class_is_not_opened(block: bytes) -> None:
    event = decoded(avro(identity=block))

    assert isinstance(event, Event)
    assert len(event.unopened) == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [  # Apache Kafka, UtilsTest.testMurmur2
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_agrees_with_kafka(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected & 0xFFFFFFFF


def test_ids_read_back() -> None:
    assert text(raw(MOTHER)) == MOTHER
    assert MOTHER[14] == "8"
    assert MOTHER[19] in "89ab"
    assert iso(0) == EPOCH.isoformat()
