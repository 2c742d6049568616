"""The fast decoder against the strict one: the same record, or none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from schemas.catalogue import catalogue
from schemas.codec import decode, decode_chunk, encode
from schemas.errors import InvalidRecord
from schemas.fast_codec import decoder
from tests.builders import REGISTRY_TYPES, record

TYPES = dict(enumerate(catalogue().values(), 1))
IDS = {row.name: number for number, row in TYPES.items()}

longs = st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 200)
metas = st.fixed_dictionaries(
    {
        "id": st.binary(min_size=16, max_size=16),
        "version": longs,
        "occurred_at": longs,
        "recorded_at": longs,
        "sequence": longs,
        "partition_sequence": longs,
        "change": st.sampled_from(["CREATED", "CORRECTED", "ANNULLED", "ENDED"]),
        "corrects": st.none() | st.binary(min_size=16, max_size=16),
        "causation_id": st.none() | st.binary(min_size=16, max_size=16),
        "source": st.sampled_from(["civil", "tax", "health", "hub", "", "taxi"]),
    }
)


@st.composite
def events(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(REGISTRY_TYPES))
    made: dict[str, Any] = record(name, meta=draw(metas))
    for field, value in made.items():
        match value:
            case bool() | dict():
                pass
            case int():
                made[field] = draw(longs)
            case str():
                made[field] = draw(st.text(max_size=200))
            case bytes() if len(value) != 16:
                made[field] = draw(st.none() | st.binary(max_size=200))
    try:
        return name, encode(TYPES[IDS[name]], IDS[name], made)
    except ValueError:  # beyond 32 bits in a union
        reject()


def strict(value: bytes) -> Any:
    try:
        return decode(value, TYPES).record
    except InvalidRecord:
        return None


def fast(name: str, value: bytes) -> Any:
    read = decoder(name, catalogue()[name].text)
    assert read is not None
    return read(value)


@pytest.mark.parametrize("name", catalogue())
def test_every_event_type_has_a_fast_decoder(name: str) -> None:
    assert decoder(name, catalogue()[name].text) is not None


@pytest.mark.parametrize("name", REGISTRY_TYPES)
def test_an_ordinary_event_is_decoded_fast(name: str) -> None:
    made = record(name)
    value = encode(TYPES[IDS[name]], IDS[name], made)

    assert fast(name, value) == made == strict(value)


@settings(deadline=None)
@given(event=events())
def test_fast_is_strict_or_none(event: tuple[str, bytes]) -> None:
    name, value = event

    read = fast(name, value)

    assert read is None or read == strict(value)


@settings(max_examples=300, deadline=None)
@given(event=events(), data=st.data())
def test_no_mutation_gets_past_that_strict_would_refuse(
    event: tuple[str, bytes], data: st.DataObject
) -> None:
    name, value = event
    at = data.draw(st.integers(5, len(value) - 1))
    cut = data.draw(st.integers(0, 3))
    evil = [b"\x80\x00", b"\x80\x80\x80\x80\x10", b"\xff" * 9 + b"\x01", b"\xff" * 8 + b"\x7f"]
    put = data.draw(st.binary(max_size=11) | st.sampled_from(evil))
    mutated = value[:at] + put + value[at + cut :]

    read = fast(name, mutated)

    assert read is None or read == strict(mutated)


@pytest.mark.parametrize("name", REGISTRY_TYPES)
def test_no_single_byte_or_bit_gets_past(name: str) -> None:
    value = encode(TYPES[IDS[name]], IDS[name], record(name))
    mutants = [value[:at] for at in range(5, len(value))]
    for at in range(5, len(value)):
        mutants += [
            value[:at] + bytes([value[at] ^ 1 << bit]) + value[at + 1 :] for bit in range(8)
        ]
        mutants += [value[:at] + byte + value[at:] for byte in (b"\x00", b"\x80", b"\xff")]

    for mutant in mutants:
        read = fast(name, mutant)
        assert read is None or read == strict(mutant)


def test_a_chunk_with_bad_records_gives_what_each_alone_would() -> None:
    name = "tax.income_reported"
    good = encode(TYPES[IDS[name]], IDS[name], record(name))
    other = encode(TYPES[IDS[name]], IDS[name], record(name, meta={"type": "tax.other"}))
    values = [good, None, good + b"\0", b"\0\0\0\0\x63", other, good[:-3], good]

    results = decode_chunk(values, TYPES)

    for value, result in zip(values, results, strict=True):
        if isinstance(result, InvalidRecord):
            with pytest.raises(InvalidRecord) as caught:
                decode(value, TYPES)
            assert caught.value.rule == result.rule
        else:
            assert result == decode(value, TYPES)
    assert [isinstance(result, InvalidRecord) for result in results] == [
        *(False, True, True, True, False, True, False)
    ]
