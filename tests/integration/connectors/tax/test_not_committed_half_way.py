"""A transaction that fails in the middle of a file: the process lives, and reads the page again."""

from __future__ import annotations

from tests.integration.connectors.tax.deliveries import DropFolder, csv_bytes, income_rows
from tests.integration.connectors.tax.relaying import Published, relay_all, relay_page


def test_a_page_in_the_middle_of_a_file_is_read_again_by_the_same_source(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(9)), rows=9)
    source = drop.source(page_rows=3)
    published = Published()
    relay_page(source, published)

    lost = source.next_page(published.cursor, 0)  # its transaction is aborted, nothing is closed
    again = source.next_page(published.cursor, 0)

    assert lost is not None
    assert again == lost
    relay_all(lambda: source, published)
    assert published.keys == [f"income/1/{row}" for row in range(1, 10)]
