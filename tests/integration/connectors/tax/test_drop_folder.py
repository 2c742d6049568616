"""Files are applied once, in the order of their manifests, page by page."""

from __future__ import annotations

import os
from datetime import date

import pytest

from connectors.source import Complete, Cursor
from connectors.tax.cursor import Place
from schemas.errors import PermanentError
from tests.integration.connectors.tax.deliveries import DropFolder, csv_bytes, income_rows
from tests.integration.connectors.tax.relaying import Published, relay_all, relay_page


def test_an_empty_inbox_has_no_page(drop: DropFolder) -> None:
    assert drop.source().next_page(None, 0) is None


def test_a_missing_inbox_is_a_wrong_setting(drop: DropFolder) -> None:
    drop.inbox.rmdir()
    with pytest.raises(PermanentError, match="no inbox"):
        drop.source().next_page(None, 0)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_published_in_pages(drop: DropFolder, zipped: bool) -> None:
    drop.deliver(7, csv_bytes(income_rows(5)), rows=5, zipped=zipped)

    published = relay_all(lambda: drop.source(page_rows=2), Published())

    assert [len(page.records) for page in published.pages] == [2, 2, 1]
    assert published.keys == [f"income/7/{n}" for n in range(1, 6)]
    first = published.records[0]
    assert first.original == b"1,N,30211975910033,,,201122334,2026-08,1000001\n"
    assert first.content["cells"]["gross"] == "1000001"
    assert (first.content["manifest"], first.content["row"]) == (7, 1)


def test_a_pair_moves_to_done_only_when_committed(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(3)), rows=3)
    source = drop.source(page_rows=2)
    names = ["income-0001.csv", "income-0001.manifest.json"]

    first = source.next_page(None, 0)
    assert first is not None
    source.committed(first.cursor)
    last = source.next_page(first.cursor, 0)
    assert last is not None
    assert drop.names() == (names, [])

    source.committed(last.cursor)
    assert drop.names() == ([], names)
    source.committed(last.cursor)
    assert drop.names() == ([], names)
    assert source.next_page(last.cursor, 0) is None


def test_a_page_whose_commit_was_not_told_is_not_read_again(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(1)), rows=1)
    source = drop.source()
    page = source.next_page(None, 0)
    assert page is not None

    assert source.next_page(page.cursor, 0) is None  # it still lies in the inbox
    drop.deliver(2, csv_bytes(income_rows(2)), rows=2)
    second = source.next_page(page.cursor, 0)
    assert second is not None
    source.committed(second.cursor)
    assert drop.names()[0] == []


def test_a_page_that_was_not_committed_is_read_again(drop: DropFolder) -> None:
    for number in (1, 2, 3):
        drop.deliver(number, csv_bytes(income_rows(number)), rows=number)
    source = drop.source()

    first = source.next_page(None, 0)
    again = source.next_page(None, 0)

    assert first is not None
    assert first == again
    assert relay_all(drop.source, Published()).keys == [
        f"income/{number}/{row}" for number in (1, 2, 3) for row in range(1, number + 1)
    ]


def test_files_go_by_manifest_number_not_by_name(drop: DropFolder) -> None:
    drop.deliver(12, csv_bytes(income_rows(1)), rows=1, name="a")
    drop.deliver(3, csv_bytes(income_rows(2)), rows=2, name="z")

    assert relay_all(drop.source, Published()).keys == ["income/3/1", "income/3/2", "income/12/1"]


def test_a_file_without_rows_is_applied(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes([]), rows=0)

    published = relay_all(drop.source, Published())

    assert [page.records for page in published.pages] == [[]]
    assert drop.names()[0] == []


@pytest.mark.parametrize("number", [1, 2])
def test_a_duplicate_moves_to_done_and_is_counted(drop: DropFolder, number: int) -> None:
    data = csv_bytes(income_rows(3))
    drop.deliver(1, data, rows=3)
    published = relay_all(drop.source, Published())
    drop.deliver(number, data, rows=3, name="income-again")

    relay_all(drop.source, published)

    assert len(published.records) == 3
    assert published.suppressed == 3
    assert drop.names() == (
        [],
        [
            "income-0001.csv",
            "income-0001.manifest.json",
            "income-again.csv",
            "income-again.manifest.json",
        ],
    )


def test_done_is_never_written_over(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(1)), rows=1, name="income", zipped=True)
    published = relay_all(drop.source, Published())
    drop.deliver(2, csv_bytes(income_rows(2)), rows=2, name="income", zipped=True)
    relay_all(drop.source, published)

    assert drop.names()[1] == [
        "income.2.csv.gz",
        "income.2.manifest.json",
        "income.csv.gz",
        "income.manifest.json",
    ]


def test_a_used_number_with_another_hash_is_refused(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(1)), rows=1)
    published = relay_all(drop.source, Published())
    drop.deliver(1, csv_bytes(income_rows(2)), rows=2)

    relay_all(drop.source, published)

    assert len(published.records) == 1
    refusal = drop.refusal("income-0001")
    assert refusal is not None
    assert refusal["reason"] == "number_used"


def test_what_is_published_is_what_was_checked(drop: DropFolder) -> None:
    """Both ways to change a file under a reader: written over in place, and renamed over."""
    drop.deliver(1, csv_bytes(income_rows(4)), rows=4)
    source = drop.source(page_rows=1)
    published = Published()
    relay_page(source, published)
    file = drop.inbox / "income-0001.csv"
    file.write_bytes(csv_bytes(income_rows(4, gross=7)))
    relay_page(source, published)
    other = drop.inbox / "other"
    other.write_bytes(csv_bytes(income_rows(4, gross=9)))
    other.rename(file)

    while relay_page(source, published):
        pass

    assert [r.content["cells"]["gross"] for r in published.records] == [
        str(1_000_000 + n) for n in range(1, 5)
    ]
    assert file.exists()  # another file now: it is not moved away as if it were applied
    refusal = drop.refusal("income-0001")
    assert refusal is not None
    assert refusal["reason"] == "hash"


def test_a_file_gone_half_way_stops_us_and_says_what_to_do(drop: DropFolder) -> None:
    data = csv_bytes(income_rows(4))
    drop.deliver(1, data, rows=4)
    published = Published()
    relay_page(drop.source(page_rows=3), published)
    file = drop.inbox / "income-0001.csv"
    file.write_bytes(b"something else")

    with pytest.raises(PermanentError, match=r"up to row 3.*put back the file with SHA-256"):
        relay_page(drop.source(), published)

    file.write_bytes(data)
    assert relay_all(drop.source, published).keys == [f"income/1/{n}" for n in range(1, 5)]


def test_the_first_complete_read_is_stated_when_the_inbox_is_drained(drop: DropFolder) -> None:
    for number, month in enumerate(("2026-06", None, "2026-08", "2026-07"), start=1):
        drop.deliver(number, csv_bytes(income_rows(number)), rows=number, closes=month)
    published = Published()

    relay_all(drop.source, published)

    assert published.complete == [Complete(date(2026, 8, 31), snapshot=True)]
    assert published.pages[-1].complete
    relay_all(drop.source, published)
    assert len(published.complete) == 1


def test_later_months_are_stated_as_they_close(drop: DropFolder) -> None:
    published = Published()
    for number, month in enumerate(("2026-01", "2026-02", "2026-02", "2026-01"), start=1):
        drop.deliver(number, csv_bytes(income_rows(number)), rows=number, closes=month)
        relay_all(drop.source, published)

    assert published.complete == [
        Complete(date(2026, 1, 31), snapshot=True),
        Complete(date(2026, 2, 28), snapshot=False),
    ]


def test_nothing_is_complete_before_a_month_is_closed(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(1)), rows=1)
    published = relay_all(drop.source, Published())
    assert published.complete == []

    drop.deliver(2, csv_bytes(income_rows(2)), rows=2, closes="2026-08")
    relay_all(drop.source, published)
    assert published.complete == [Complete(date(2026, 8, 31), snapshot=True)]


def test_a_refused_file_does_not_hold_back_the_first_complete_read(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(1)), rows=2)
    drop.deliver(2, csv_bytes(income_rows(2)), rows=2, closes="2026-08")

    assert relay_all(drop.source, Published()).complete == [
        Complete(date(2026, 8, 31), snapshot=True)
    ]


def test_an_empty_month_closes_though_its_file_was_seen_before(drop: DropFolder) -> None:
    """Two files with a header and no row have one hash; each closes its own month."""
    published = Published()
    for number, month in enumerate(("2026-01", "2026-02"), start=1):
        drop.deliver(number, csv_bytes([]), rows=0, closes=month)
        relay_all(drop.source, published)

    assert [c.through for c in published.complete] == [date(2026, 1, 31), date(2026, 2, 28)]


def test_the_cursor_stays_small(drop: DropFolder) -> None:
    digests = {number: os.urandom(16).hex()[:22] for number in range(1, 10_001)}

    assert len(Place(applied=digests).cursor()) < 400_000


def test_a_foreign_cursor_is_refused(drop: DropFolder) -> None:
    for text in ("", "{}", "[]", '{"v": 2}'):
        with pytest.raises(PermanentError, match="no cursor"):
            drop.source().next_page(Cursor(text), 0)
