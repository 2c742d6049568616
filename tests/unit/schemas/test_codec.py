"""What is accepted is the one encoding of what was read; the rest is named, one by one."""

from __future__ import annotations

from io import BytesIO

import pytest
from fastavro import schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import EventType, catalogue, quarantine_entry
from schemas.codec import Decoded, decode, decode_chunk, encode
from schemas.errors import InvalidRecord

INCOME = catalogue()["tax.income_reported"]
LINK = catalogue()["hub.identity_linked"]
TYPES: dict[int, EventType] = {7: INCOME, 9: LINK}


def meta(number: int = 1, event_type: str = "tax.income_reported") -> dict[str, object]:
    return {
        "id": number.to_bytes(16, "big"),
        "record": b"r" * 16,
        "version": 1,
        "source": "tax",
        "subject": b"s" * 16,
        "type": event_type,
        "occurred_at": 1,
        "recorded_at": 2,
        "change": "CREATED",
        "corrects": None,
        "sequence": number,
        "partition_sequence": number,
        "digest": b"d" * 16,
        "correlation_id": b"c" * 16,
        "causation_id": None,
    }


def income(number: int = 1, gross: int = 5) -> dict[str, object]:
    return {
        "meta": meta(number),
        "employer": b"e" * 16,
        "month": 20_000,
        "gross_minor": gross,
        "identity": None,
    }


def wire(number: int = 1, gross: int = 5) -> bytes:
    return encode(INCOME, 7, income(number, gross))


def rules(values: list[bytes | None]) -> list[str | None]:
    found = decode_chunk(values, TYPES)
    return [None if isinstance(one, Decoded) else one.rule for one in found]


def test_what_was_encoded_is_decoded() -> None:
    decoded = decode(wire(3, -9), TYPES)

    assert decoded.type is INCOME
    assert decoded.record == income(3, -9)


HOSTILE = {
    "trailing bytes": (wire() + b"\0", "not_canonical"),
    "cut short": (wire()[:-1], "not_canonical"),
    "header only": (wire()[:5], "not_canonical"),
    "nothing": (b"", "wire_format"),
    "a tombstone": (None, "wire_format"),
    "another magic byte": (b"\1" + wire()[1:], "wire_format"),
    "JSON": (b'{"id": 1}', "wire_format"),
    "an unknown schema": (b"\0\0\0\0\x08" + wire()[5:], "schema_unknown"),
    "another event's schema": (b"\0\0\0\0\x09" + wire()[5:], "not_canonical"),
    "over a megabyte": (wire() + bytes(1_000_001), "wire_format"),
    # change is the one enum: -1 reads as the last symbol in fastavro
    "a negative enum index": (wire().replace(b"\2\4\0\0", b"\2\4\1\0", 1), "not_canonical"),
    # identity is the last byte: branch -1 reads as the last branch
    "a negative union index": (wire()[:-1] + b"\1", "not_canonical"),
    "an overlong integer": (wire(gross=0)[:-2] + b"\x80\x00\x00", "not_canonical"),
    "an integer of eleven bytes": (
        wire(gross=0)[:-2] + b"\x80" * 10 + b"\x00\x00",
        "not_canonical",
    ),
}


@pytest.mark.parametrize(("value", "rule"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_are_named_and_their_neighbours_go_on(value: bytes | None, rule: str) -> None:
    assert rules([wire(1), value, wire(3)]) == [None, rule, None]


def test_fastavro_itself_would_take_a_wrong_enum() -> None:
    """The reason for the strict check; if this fails, fastavro has become strict."""
    forged = wire().replace(b"\2\4\0\0", b"\2\4\1\0", 1)

    record = schemaless_reader(BytesIO(forged[5:]), INCOME.parsed, None)

    assert record["meta"]["change"] == "ENDED"


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_decoded_or_named(value: bytes) -> None:
    found = decode_chunk([b"\0\0\0\0\x07" + value, value], TYPES)

    assert len(found) == 2


@given(position=st.integers(5, len(wire()) - 1), value=st.integers(0, 255))
def test_a_chunk_decides_like_each_record_alone(position: int, value: int) -> None:
    """The fast path for a whole chunk and the slow one agree on every one-byte change."""
    changed = bytearray(wire(2))
    changed[position] = value
    values: list[bytes | None] = [wire(1), bytes(changed), wire(3)]

    alone: list[Decoded | str] = []
    for one in values:
        try:
            alone.append(decode(one, TYPES))
        except InvalidRecord as error:
            alone.append(error.rule)

    together = decode_chunk(values, TYPES)
    assert [t if isinstance(t, Decoded) else t.rule for t in together] == alone


def test_two_wrongs_that_cancel_out_are_both_found() -> None:
    """One record with a byte too many beside one with a byte too few."""
    assert rules([wire(1) + b"\0", wire(2)[:-1]]) == ["not_canonical", "not_canonical"]


def test_every_type_of_the_catalogue_round_trips() -> None:
    samples = {"string": "x", "int": 1, "long": 2, "boolean": True, "bytes": b"b"}
    for row in catalogue().values():
        record: dict[str, object] = {"meta": meta(1, row.name)}
        for field in row.parsed["fields"][1:]:
            kind = field["type"]
            record[field["name"]] = None if isinstance(kind, list) else samples.get(kind, b"u" * 16)
        assert decode(encode(row, 1, record), {1: row}).record == record


def test_an_entry_has_no_meta_but_the_same_wire_form() -> None:
    row = quarantine_entry()
    out = BytesIO()
    record = {
        "id": b"i" * 16,
        "source": "t",
        "source_key": "k",
        "rule": "text",
        "field": None,
        "recorded_at": 1,
        "original": b"o",
    }
    schemaless_writer(out, row.parsed, record)

    assert encode(row, 4, record) == b"\0\0\0\0\x04" + out.getvalue()
