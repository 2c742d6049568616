"""What is read is understood as the contract says: wire format, seals, tax files, histories."""

from __future__ import annotations

import gzip
import hashlib
import io
from typing import Any

import fastavro
import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ops.verify import fhir
from ops.verify.decode import Decoder
from ops.verify.ids import EPOCH, iso, keyed, murmur2, raw, text
from ops.verify.pending import behind, incomplete, unread
from ops.verify.seals import Keys
from ops.verify.tax import Delivery, counted, judge
from ops.verify.values import Broken, Event, Place
from schemas.catalogue import schemas_by_topic
from schemas.errors import PermanentError
from schemas.topics import EVENTS
from tests.unit.ops.verify.worlds import EVENT_KEY, MOTHER, world

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


HEADER = "row,change,pinfl,stir,name,employer_stir,month,gross\n"
ROWS = HEADER + "1,N,1,,,2,2026-08,100\n2,N,1,,,2,2026-08,100\n"


def delivery(number: int = 1, body: str = ROWS, *, folder: str = "done", **stated: Any) -> Delivery:
    data = gzip.compress(body.encode(), mtime=0) if stated.pop("packed", False) else body.encode()
    name = f"income-{number}"
    manifest = {
        "manifest": number,
        "kind": "income",
        "period": "2026-08",
        "file": f"{name}.csv" + (".gz" if data[:2] == b"\x1f\x8b" else ""),
        "rows": 2,
        "sha256": hashlib.sha256(data).hexdigest(),
        "unit": "soum",
        "closes": None,
    } | stated
    refused = folder == "inbox"
    return Delivery(f"{name}.manifest.json", folder, orjson.dumps(manifest), data, refused)


def outcomes(*deliveries: Delivery) -> list[str]:
    return [item.outcome for item in judge(deliveries)]


def test_a_good_file_is_applied_and_its_rows_are_source_keys() -> None:
    source = counted(judge([delivery(3), delivery(4, ROWS.replace("100", "7"), packed=True)]))

    assert source.stated == {"income/3/1", "income/3/2", "income/4/1", "income/4/2"}
    assert not source.misplaced


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (delivery(folder="inbox", rows=3), "rows"),
        (delivery(folder="inbox", sha256="0" * 64), "hash"),
        (delivery(folder="inbox", kind="weather"), "manifest"),
        (delivery(body=ROWS.replace("gross", "net"), folder="inbox"), "header"),
        (delivery(body=ROWS.replace("\n2,", "\n3,"), folder="inbox"), "numbering"),
        (Delivery("x.manifest.json", "inbox", b"{}", b"", True), "manifest"),
        (Delivery("x.manifest.json", "inbox", b"not json", b"", True), "manifest"),
    ],
)
def test_a_bad_file_is_refused_whole(refused: Delivery, why: str) -> None:
    assert outcomes(refused) == [why]
    source = counted(judge([refused]))
    assert not source.stated
    assert len(source.refused) == 1
    assert not source.misplaced


def test_a_second_delivery_of_a_file_is_a_repeat_of_the_one_with_the_lower_number() -> None:
    source = counted(judge([delivery(9), delivery(3)]))

    assert source.stated == {"income/3/1", "income/3/2"}
    assert source.repeated == {"income/9/1", "income/9/2"}
    assert source.suppressed == 2


def test_another_file_under_a_used_number_is_refused() -> None:
    other = delivery(3, ROWS.replace("100", "7"), folder="inbox")

    assert outcomes(delivery(3), other) == ["applied", "manifest number used before"]


def test_a_refused_file_in_done_is_in_the_wrong_place() -> None:
    assert counted(judge([delivery(rows=3)])).misplaced


def test_a_file_in_the_inbox_without_a_note_is_pending() -> None:
    waiting = delivery(folder="inbox")
    taken = Delivery(waiting.name, "inbox", waiting.manifest, waiting.data, refused=False)

    assert counted(judge([taken])).pending


def bundle(*entries: dict[str, Any], more: str | None = None) -> dict[str, Any]:
    links = [{"relation": "next", "url": more}] if more else []
    return {"resourceType": "Bundle", "link": links, "entry": list(entries)}


def version(place: str, number: int) -> dict[str, Any]:
    type_, id_ = place.split("/")
    meta = {"versionId": str(number), "lastUpdated": f"2026-09-01T00:00:0{number}Z"}
    return {"resource": {"resourceType": type_, "id": id_, "meta": meta}}


def test_a_history_is_walked_to_its_end_through_a_busy_server() -> None:
    deleted = {
        "request": {"method": "DELETE", "url": "Patient/a"},
        "response": {"etag": 'W/"2"', "lastModified": "2026-09-01T00:00:09Z"},
    }
    pages = [
        httpx.Response(200, json={"access_token": "t"}),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(401),
        httpx.Response(200, json={"access_token": "u"}),
        httpx.Response(200, json=bundle(deleted, version("Device/d", 1), more="/fhir/x?page=2")),
        httpx.Response(503, headers={"Retry-After": "0"}),
        httpx.Response(200, json=bundle(version("Patient/a", 1))),
    ]
    transport = httpx.MockTransport(lambda _: pages.pop(0))

    source = fhir.read_fhir(fhir.Access("http://fhir", "hub", "secret"), transport)

    assert source.stated == {"Patient/a/1", "Patient/a/2"}
    assert source.not_ours == 1
    assert not pages


def test_refused_credentials_are_said() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401))

    with pytest.raises(PermanentError, match="refuses our credentials"):
        fhir.read_fhir(fhir.Access("http://fhir", "hub", "secret"), transport)


def test_the_newest_records_that_are_missing_are_pending_older_ones_are_lost() -> None:
    whole = world()
    health = next(source for source in whole.sources if source.registry == "health")
    newest, oldest = whole.topics.events, list(whole.topics.events)
    whole.topics.events = [e for e in newest if e.type != "health.disability_assessed"]
    assert behind(health, whole.topics, EVENT_KEY)

    whole.topics.events = [e for e in oldest if e.type != "health.patient_linked"]
    assert not behind(health, whole.topics, EVENT_KEY)


def test_a_partition_that_is_not_read_to_its_end_is_pending() -> None:
    whole = world()
    assert not unread(whole.topics, whole.tables)

    row = whole.tables.progress[0]
    whole.tables.progress[0] = row._replace(next_offset=1)

    assert len(unread(whole.topics, whole.tables)) == 1


def test_a_registry_that_never_said_that_it_is_complete_is_pending() -> None:
    whole = world()
    assert not incomplete(whole.topics)

    whole.topics.events = [
        event
        for event in whole.topics.events
        if (event.type, event.source) != ("hub.source_complete", "tax")
    ]

    assert incomplete(whole.topics) == ["tax: the connector has not finished its first read"]
