from __future__ import annotations

from datetime import date

from connectors.civil.records import CivilRecord, civil_record
from connectors.civil.snapshot import Chunk, Recent


def row(record_id: str) -> CivilRecord:
    return civil_record("death", {"record_id": record_id.encode(), "revision": b"1"})


def chunk(*record_ids: str) -> Chunk:
    return Chunk(tuple(map(row, record_ids)), None, date(2026, 1, 1))


def test_a_row_streamed_while_the_window_is_open_is_dropped() -> None:
    window = Recent().open_window(b"mark", chunk("a", "b", "c"))

    window.drop(("death", "b"))
    window.drop(("birth", "c"))

    assert list(window.waiting) == [("death", "a"), ("death", "c")]
    assert window.suppressed == 1


def test_a_row_streamed_before_the_window_is_dropped_too() -> None:
    recent = Recent()
    recent.add(("death", "a"))

    window = recent.open_window(b"mark", chunk("a", "b"))

    assert list(window.waiting) == [("death", "b")]
    assert window.suppressed == 1


def test_the_oldest_key_is_forgotten_first() -> None:
    recent = Recent(limit=2)
    for record_id in ("a", "b", "a", "c"):
        recent.add(("death", record_id))

    window = recent.open_window(b"mark", chunk("a", "b", "c"))

    assert list(window.waiting) == [("death", "b")]
