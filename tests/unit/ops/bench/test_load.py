"""The load: as many records as asked for, some of them twice, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from ops.bench.load import PAGE, drafts, pages, repeats
from schemas.ids import Keys

KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)


@pytest.mark.parametrize("records", [1000, 2000, 9001])
def test_a_load_has_as_many_records_as_asked_for(records: int) -> None:
    published = [draft.source_key for page in pages(records, KEYS, 1) for draft in page]

    assert len(published) == records
    times = Counter(Counter(published).values())
    assert times == {1: records - 2 * repeats(records), 2: repeats(records)}


def test_a_repeat_comes_after_its_original_and_says_the_same() -> None:
    seen: dict[str, object] = {}
    for page in pages(4000, KEYS, 1):
        for draft in page:
            assert seen.setdefault(draft.source_key, draft) == draft


def test_a_page_fits_a_transaction() -> None:
    assert all(len(page) <= PAGE + repeats(9000) for page in pages(9000, KEYS, 1))


def test_the_same_seed_gives_the_same_load() -> None:
    assert list(drafts(500, KEYS, 7)) == list(drafts(500, KEYS, 7))
    assert list(drafts(500, KEYS, 7)) != list(drafts(500, KEYS, 8))


def test_most_events_are_incomes_and_a_few_are_sealed_or_corrections() -> None:
    made = list(drafts(5000, KEYS, 1))
    types = Counter(draft.type for draft in made)

    assert types["tax.income_reported"] > 4000
    assert types["tax.employment_started"] > 100
    assert types["tax.employment_ended"] > 10
    assert any(draft.sealed["identity"] for draft in made)
    assert any(draft.change == "CORRECTED" for draft in made)
