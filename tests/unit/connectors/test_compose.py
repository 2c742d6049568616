"""One page becomes one transaction: what is in it, and under which numbers."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from connectors.messages import Position
from connectors.partitioner import partition_of
from connectors.source import Complete, Cursor, Entry, Page, SourceRecord
from schemas import topics
from schemas.ids import ZERO, text
from schemas.sealing import open_bytes, open_sealed
from tests.unit.connectors.fakes import (
    KEYS,
    MemoryKeyStore,
    bad,
    composer,
    entries,
    events,
    income,
    translate,
)

START = Position.start(3)


def page(*records: SourceRecord, **more: object) -> Page:
    return replace(Page(records, Cursor("7")), **more)  # type: ignore[arg-type]


def test_every_record_becomes_one_event_or_one_entry() -> None:
    composed = composer().compose(page(income(1), bad(2), income(3)), translate, START, now=5)

    assert [e.record["gross_minor"] for e in events(composed.messages)] == [1, 3]
    assert [e.record["source_key"] for e in entries(composed.messages)] == ["income/1/2"]
    assert (composed.events, composed.quarantined) == (2, 1)


def test_numbers_run_on_from_the_position() -> None:
    at = Position(41, (10, 20, 30), 1000, Cursor("6"))

    composed = composer().compose(page(*map(income, range(9))), translate, at, now=2000)

    metas = [e.record["meta"] for e in events(composed.messages)]
    assert [m["sequence"] for m in metas] == list(range(42, 51))
    partition = partition_of(metas[0]["subject"], 3)
    first = at.partition_sequences[partition]
    assert [m["partition_sequence"] for m in metas] == list(range(first + 1, first + 10))
    assert composed.position.sequence == 50
    assert composed.position.partition_sequences[partition] == first + 9


def test_recorded_at_never_steps_back() -> None:
    at = Position(1, (1, 0, 0), 9_000, Cursor("6"))

    composed = composer().compose(page(income(1)), translate, at, now=8_000)

    assert events(composed.messages)[0].record["meta"]["recorded_at"] == 9_000


def test_the_checkpoint_is_the_last_message_and_says_the_position() -> None:
    composed = composer().compose(page(income(1)), translate, START, now=5)

    last = composed.messages[-1]
    assert (last.topic, last.partition) == (topics.CHECKPOINTS, topics.CHECKPOINT_PARTITION["tax"])
    assert last.key == b"tax"
    assert composed.position.cursor == "7"


def test_id_and_digest_are_those_of_the_contract() -> None:
    """Worked out with the standard library, from docs/contract.md."""
    record = events(composer().compose(page(income(8)), translate, START, now=5).messages)[0].record

    raw = bytearray(hmac.digest(b"e" * 32, b"tax\0income/1/8", hashlib.sha256)[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    assert record["meta"]["id"] == bytes(raw)
    content = {
        "employer": str(UUID(bytes=bytes(KEYS.pseudonym("uz.stir.org", "200000001")))),
        "month": "2026-08-01",
        "gross_minor": 8,
        "identity": {"stir": "400000001", "name": "Oʻtkir"},
    }
    body = {
        "type": "tax.income_reported",
        "subject": str(UUID(bytes=bytes(record["meta"]["subject"]))),
        "change": "CREATED",
        "content": content,
    }
    text_ = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    expected = hmac.digest(b"d" * 32, text_.encode(), hashlib.sha256)[:16]
    assert record["meta"]["digest"] == expected


def test_direct_identifiers_travel_sealed() -> None:
    store = MemoryKeyStore()
    composed = composer(key_store=store).compose(page(income(1)), translate, START, now=5)

    record = events(composed.messages)[0].record
    key = store.key((record["meta"]["subject"], "identity"))
    opened = open_sealed(key, record["meta"]["id"], "identity", record["identity"])
    assert opened == {"stir": "400000001", "name": "Oʻtkir"}
    for message in composed.messages:
        assert message.key is not None
        whole = message.key + message.value + b"".join(value for _, value in message.headers)
        assert "Oʻtkir".encode() not in whole
        assert b"400000001" not in whole


def test_an_erased_key_leaves_the_block_out() -> None:
    person = KEYS.pseudonym("uz.pinfl", "0")
    store = MemoryKeyStore(erased=[(person, "identity")])

    composed = composer(key_store=store).compose(page(income(1)), translate, START, now=5)

    assert events(composed.messages)[0].record["identity"] is None


def test_a_quarantined_original_opens_under_its_own_key_only() -> None:
    store = MemoryKeyStore()
    composed = composer(key_store=store).compose(page(bad(2)), translate, START, now=5)

    entry = entries(composed.messages)[0].record
    assert entry["id"] == KEYS.quarantine_id("tax", "income/1/2")
    assert (entry["rule"], entry["field"]) == ("number", "gross")
    key = store.key((entry["id"], "quarantine"))
    assert open_bytes(key, entry["id"], "quarantine", entry["original"]) == b"\xff not json"
    assert b"not json" not in entry["original"]


def test_completeness_is_said_in_every_partition_after_the_records() -> None:
    complete = Complete(date(2026, 8, 31), snapshot=True)
    composed = composer().compose(page(income(1), complete=complete), translate, START, now=5)

    said = [m for m in composed.messages if m.topic == "registry.tax.events.v1"]
    assert [m.partition for m in said[1:]] == [0, 1, 2]
    metas = [e.record["meta"] for e in events(composed.messages)[1:]]
    assert {m["subject"] for m in metas} == {ZERO}
    assert len({m["id"] for m in metas}) == 3
    assert [m["sequence"] for m in metas] == [2, 3, 4]


def test_first_and_later_completeness_of_one_day_are_two_statements() -> None:
    def ids(snapshot: bool) -> set[bytes]:
        complete = Complete(date(2026, 8, 31), snapshot=snapshot)
        composed = composer().compose(page(complete=complete), translate, START, now=5)
        return {e.record["meta"]["id"] for e in events(composed.messages)}

    assert not ids(True) & ids(False)


def test_composing_again_gives_the_same_events() -> None:
    def composed(now: int) -> list[tuple[bytes, int, bytes]]:
        messages = composer().compose(page(income(1), income(2)), translate, START, now).messages
        metas = [e.record["meta"] for e in events(messages)]
        return [(m["id"], m["sequence"], m["digest"]) for m in metas]

    assert composed(5) == composed(6)


def test_an_entry_made_elsewhere_is_passed_on_as_it_is() -> None:
    entry = Entry(b"i" * 16, "registry.civil.events.v1", "x/1/2", "meta", None, 77, b"sealed")

    composed = composer().compose(page(entries=(entry,)), translate, START, now=5)

    record = entries(composed.messages)[0].record
    assert (record["id"], record["recorded_at"], record["original"]) == (b"i" * 16, 77, b"sealed")


def test_headers_repeat_the_meta_for_routing() -> None:
    message = composer().compose(page(income(1)), translate, START, now=5).messages[0]

    headers = dict(message.headers)
    assert headers["ce_type"] == b"tax.income_reported"
    assert headers["ce_source"] == b"/registries/tax"
    assert headers["ce_time"] == b"2026-08-01T00:00:00Z"
    assert message.key is not None
    assert headers["ce_subject"].decode() == text(message.key)


@pytest.mark.parametrize(
    ("key", "partition"),
    # Kafka's own test vectors for murmur2 (UtilsTest), made positive, modulo 1000.
    [(b"21", (-973932308 & 0x7FFFFFFF) % 1000), (b"foobar", (-790332482 & 0x7FFFFFFF) % 1000)],
)
def test_partitions_are_those_of_any_kafka_client(key: bytes, partition: int) -> None:
    assert partition_of(key, 1000) == partition
