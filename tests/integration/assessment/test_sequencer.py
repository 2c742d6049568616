"""What goes out is numbered once committed, and nothing that commits late is passed over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import orjson
import psycopg
import pytest

from connectors.needs.outbox import OutboxSource
from connectors.source import Cursor
from projections.migrations import migrate
from projections.sequencer import Sequencer
from schemas.errors import PermanentError, TransientError
from schemas.ids import text

Connect = Callable[[], psycopg.Connection]


@pytest.fixture
def connect(database: str) -> Iterator[Connect]:
    migrate(database)
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(psycopg.connect(database)))


@pytest.fixture
def sequencer(database: str, connect: Connect) -> Iterator[Sequencer]:
    connect()
    with closing(Sequencer(database)) as made:
        assert made.is_first()
        yield made


@pytest.fixture
def outbox(database: str) -> Iterator[OutboxSource]:
    with closing(OutboxSource(database, page_rows=3)) as source:
        yield source


def put(connection: psycopg.Connection, name: str) -> None:
    body = {"fields": {"need": name}, "version": 1}
    connection.execute(
        "INSERT INTO kept.outbox (kind, body) VALUES ('need', %s)", [orjson.dumps(body)]
    )
    connection.execute("INSERT INTO kept.audit_leaves (kind, body) VALUES ('decision', '{}')")


def keys(outbox: OutboxSource, cursor: str | None) -> list[str]:
    page = outbox.next_page(None if cursor is None else Cursor(cursor), 0)
    return [] if page is None else [record.source_key for record in page.records]


def test_a_row_that_commits_late_gets_the_next_number(
    connect: Connect, sequencer: Sequencer, outbox: OutboxSource
) -> None:
    slow, fast = connect(), connect()
    put(slow, "slow")  # draws the lower id
    put(fast, "fast")
    fast.commit()

    assert sequencer.number() == 2  # outbox row and leaf
    assert keys(outbox, None) == ["need/fast/1"]
    slow.commit()
    assert sequencer.number() == 2

    assert keys(outbox, "1") == ["need/slow/1"]
    assert sequencer.number() == 0


def test_pages_end_where_the_rows_end(
    connect: Connect, sequencer: Sequencer, outbox: OutboxSource
) -> None:
    with connect() as writer:
        for number in range(4):
            put(writer, f"n{number}")

    sequencer.number()

    first = outbox.next_page(None, 0)
    assert first is not None
    assert first.cursor == "3"
    assert keys(outbox, first.cursor) == ["need/n3/1"]
    assert outbox.next_page(Cursor("4"), 0) is None


def test_there_is_one_sequencer_and_the_next_takes_over(
    database: str, sequencer: Sequencer
) -> None:
    with closing(Sequencer(database)) as second:
        assert not second.is_first()
        sequencer.close()
        deadline = time.monotonic() + 20  # the server notices when it notices
        while not second.is_first() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert second.is_first()


def test_a_hole_in_the_outbox_stops_the_connector(
    connect: Connect, sequencer: Sequencer, outbox: OutboxSource
) -> None:
    with connect() as writer:
        for number in range(3):
            put(writer, f"n{number}")
    sequencer.number()
    with connect() as writer:
        writer.execute("DELETE FROM kept.outbox WHERE number = 2")

    with pytest.raises(PermanentError, match="without a gap"):
        outbox.next_page(None, 0)


def test_quarantine_entries_leave_as_they_are(
    connect: Connect, sequencer: Sequencer, outbox: OutboxSource
) -> None:
    entry = {
        "id": text(b"q" * 16),
        "source": "registry.tax.events.v1",
        "source_key": "0/17",
        "rule": "not_canonical",
        "field": None,
        "original": "AAEC",
    }
    with connect() as writer:
        writer.execute(
            "INSERT INTO kept.outbox (kind, body) VALUES ('quarantine', %s)", [orjson.dumps(entry)]
        )
    sequencer.number()

    page = outbox.next_page(None, 0)

    assert page is not None
    assert not page.records
    assert page.entries[0].original == b"\0\1\2"
    assert page.entries[0].rule == "not_canonical"
    assert page.entries[0].recorded_at_us > 1_767_225_600_000_000
    assert outbox.next_page(None, 0) == page


def test_a_database_that_does_not_answer_is_a_matter_for_a_retry() -> None:
    with pytest.raises(TransientError):
        OutboxSource("host=127.0.0.1 port=1").next_page(None, 0)
