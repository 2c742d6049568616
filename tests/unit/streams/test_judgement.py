"""Which records are applied, which are bad, and when the numbers stop the worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import catalogue
from schemas.codec import encode
from schemas.errors import PermanentError
from streams.chunk import Place
from streams.judgement import Judged, Numbering, after_offset, judge
from tests.builders import person, record

PLACE = Place("registry.tax.events.v1", 3)
TYPES = {
    1: catalogue()["tax.income_reported"],
    2: catalogue()["hub.source_complete"],
    3: catalogue()["tax.benefit_paid"],
}
START = Numbering(0)
IDS = {row.name: number for number, row in TYPES.items()}


@dataclass(frozen=True)
class Sent:
    offset: int
    key: bytes | None
    value: bytes | None


def sent(offset: int, number: int, event_type: str = "tax.income_reported", **more: Any) -> Sent:
    meta = {"partition_sequence": number, "sequence": number} | more.pop("meta", {})
    each = record(event_type, meta=meta, **more)
    return Sent(
        offset, each["meta"]["subject"], encode(TYPES[IDS[event_type]], IDS[event_type], each)
    )


def judged(*records: Sent, numbering: Numbering = START) -> Judged:
    return judge(PLACE, "tax", records, TYPES, numbering)


def test_good_records_become_facts_and_completions() -> None:
    result = judged(sent(5, 1), sent(6, 2, "hub.source_complete"), sent(9, 3))

    assert (result.events, result.further_facts, result.closures) == (2, 0, 0)
    assert [each.offset for each in result.completions] == [6]
    assert result.bad == []
    assert result.numbering == Numbering(3)


@pytest.mark.parametrize(
    ("bad", "rule", "field"),
    [
        (Sent(1, b"k", None), "wire_format", None),
        (Sent(1, b"k", b""), "wire_format", None),
        (Sent(1, b"k", b"\x01\x00\x00\x00\x01{}"), "wire_format", None),
        (Sent(1, b"k", b"\x00\x00\x00\x00\x63{}"), "schema_unknown", None),
        (Sent(1, b"k", b"\x00\x00\x00\x00\x01{}"), "not_canonical", None),
        (Sent(1, b"k", (sent(1, 2).value or b"") + b"\x00"), "not_canonical", None),
        (Sent(1, person("other"), sent(1, 2).value), "key_mismatch", None),
        (Sent(1, None, sent(1, 2).value), "key_mismatch", None),
        (sent(1, 2, meta={"type": "tax.benefit_paid"}), "meta", "type"),
        (sent(1, 2, meta={"source": "civil"}), "meta", "source"),
        (sent(1, 2, meta={"recorded_at": 2**62}), "meta", "recorded_at"),
        (sent(1, 2, meta={"version": -1}), "meta", "version"),
        (sent(1, 2, month=2**31 - 1), "date", "month"),
        (sent(1, 2, "hub.source_complete", registry="civil"), "meta", "registry"),
        (sent(1, 2, "hub.source_complete", through=2**30), "date", "through"),
    ],
)
def test_a_bad_record_is_set_aside_and_its_neighbours_go_on(
    bad: Sent, rule: str, field: str | None
) -> None:
    result = judged(sent(0, 1), bad, sent(2, 3))

    assert [(each.offset, each.rule, each.field) for each in result.bad] == [(1, rule, field)]
    assert result.events == 2
    assert result.numbering == Numbering(3)


@pytest.mark.parametrize(
    ("numbers", "numbering"),
    [
        pytest.param([1, 3], Numbering(0), id="a hole in a chunk"),
        pytest.param([12], Numbering(10), id="a hole between chunks"),
        pytest.param([2], Numbering(0), id="the first is missing"),
        pytest.param([13], Numbering(10, 1), id="more missing than bad records explain"),
    ],
)
def test_a_hole_in_the_numbers_stops_the_worker(numbers: list[int], numbering: Numbering) -> None:
    records = [sent(offset, number) for offset, number in enumerate(numbers, 100)]

    with pytest.raises(PermanentError, match=r"registry.tax.events.v1/3/10[01]: .*missing"):
        judged(*records, numbering=numbering)


def test_a_record_whose_number_cannot_be_read_may_have_had_one() -> None:
    torn = Sent(7, b"k", b"torn")

    first = judged(sent(6, 1), torn)
    second = judged(sent(8, 3), numbering=first.numbering)
    other = judged(sent(8, 2), numbering=first.numbering)

    assert first.numbering == Numbering(1, 1)
    assert second.numbering == Numbering(3)
    assert other.numbering == Numbering(2)


def test_a_step_back_is_left_to_the_store_to_prove() -> None:
    result = judged(
        sent(0, 4), sent(1, 5), sent(2, 4), sent(3, 5), sent(4, 6), numbering=Numbering(3)
    )

    assert result.must_repeat == [2, 3]
    assert result.numbering == Numbering(6)


def test_a_bad_record_cannot_move_the_numbers_further_than_by_one() -> None:
    foreign = Sent(1, person("other"), sent(1, 900).value)

    assert judged(sent(0, 1), foreign).numbering == Numbering(1, 1)


@given(torn=st.sets(st.integers(0, 29)), cut=st.integers(0, 30))
def test_cutting_a_chunk_anywhere_changes_nothing(torn: set[int], cut: int) -> None:
    records = [
        Sent(n, b"k", b"torn") if n in torn else sent(n, n + 1, meta={"id": bytes([n]) * 16})
        for n in range(30)
    ]

    whole = judged(*records)
    first = judged(*records[:cut])
    second = judged(*records[cut:], numbering=first.numbering)

    assert whole.numbering == second.numbering
    assert whole.bad == first.bad + second.bad
    assert whole.events == first.events + second.events


def test_an_overlapping_chunk_is_sliced() -> None:
    records = [sent(3, 1), sent(4, 2), sent(7, 3)]

    assert after_offset(records, 3) is records
    assert after_offset(records, 5) == records[2:]
    assert list(after_offset(records, 9)) == []
