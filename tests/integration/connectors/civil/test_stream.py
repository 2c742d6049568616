"""Streaming: large transactions, places, heartbeats, restarts."""

from __future__ import annotations

import time

import psycopg
import pytest

from connectors.civil.cursor import load
from connectors.civil.stream import ReplicationStream
from schemas.errors import TransientError
from tests.integration.connectors.civil.registry import (
    Published,
    Registry,
    relay_all,
    relay_page,
    relay_until,
    wait_until,
)


def test_a_large_transaction_comes_in_bounded_pages_and_resumes_in_its_middle(
    registry: Registry,
) -> None:
    published = Published()
    source = registry.source(page_records=1_000)
    relay_all(source, published)
    registry.insert_deaths(1, 50_000)

    relay_until(source, published, lambda: load(published.pages[-1].cursor).place.index > 20_000)
    source.close()
    source = registry.source(page_records=1_000, heartbeat_seconds=0.5)
    relay_until(source, published, lambda: len(published.keys) >= 50_000)
    relay_until(source, published, lambda: published.last.place.commit_lsn is None)

    assert max(len(page.records) for page in published.pages) <= 1_000
    assert published.keys == [f"death/d{number:06}/1" for number in range(1, 50_001)]


def test_a_page_ends_at_its_size_in_bytes(registry: Registry) -> None:
    published = Published()
    source = registry.source(page_bytes=20_000)
    relay_all(source, published)
    registry.insert_deaths(1, 1_000)

    relay_until(source, published, lambda: len(published.keys) >= 1_000)

    sizes = [sum(len(record.original) for record in page.records) for page in published.pages]
    assert max(sizes) < 21_000


def test_rows_older_in_the_log_than_the_last_commit_are_not_skipped(registry: Registry) -> None:
    """A transaction begun first and committed last has row LSNs below those already confirmed."""
    published = Published()
    source = registry.source()
    relay_all(source, published)
    with psycopg.connect(registry.dsn) as early:
        early.execute("INSERT INTO civil.death (record_id, revision) VALUES ('early', 1)")
        registry.insert_deaths(1, 100)
        relay_until(source, published, lambda: len(published.keys) == 100)
        early.commit()

    source.close()
    relay_until(registry.source(), published, lambda: len(published.keys) == 101)

    assert published.keys[-1] == "death/early/1"


def test_every_operation_arrives_once_in_order(registry: Registry) -> None:
    published = Published()
    source = registry.source()
    relay_all(source, published)
    long = "x" * 20_000
    registry.execute("ALTER TABLE civil.residence ALTER address SET STORAGE EXTERNAL")
    with registry.connection.transaction():
        registry.execute(
            "INSERT INTO civil.residence (record_id, revision, address) VALUES ('r', 1, %s)", long
        )
        registry.execute("UPDATE civil.residence SET revision = 2, kind = 'home'")
        registry.execute("SAVEPOINT undone")
        registry.execute("UPDATE civil.residence SET revision = 3")
        registry.execute("ROLLBACK TO SAVEPOINT undone")
        registry.execute("UPDATE civil.residence SET record_id = 'q'")
    registry.execute("DELETE FROM civil.residence")

    relay_until(source, published, lambda: len(published.keys) >= 5)

    assert published.keys == [
        "residence/r/1",
        "residence/r/2",
        "residence/r/3",  # the old id is void
        "residence/q/2",
        "residence/q/3",
    ]
    records = [record for page in published.pages for record in page.records]
    assert [record.content["row"]["address"] == long for record in records] == [True] * 5
    assert [record.content["deleted"] for record in records] == [False, False, True, False, True]


def test_an_idle_registry_lets_go_of_its_log(registry: Registry) -> None:
    published = Published()
    source = registry.source(heartbeat_seconds=0.3)
    relay_all(source, published)
    before, pages = registry.confirmed(), len(published.pages)
    registry.execute("CREATE TABLE unpublished AS SELECT generate_series(1, 50000)")
    end = registry.execute("SELECT pg_current_wal_lsn() - '0/0'")[0][0]

    began = time.monotonic()
    relay_until(source, published, lambda: registry.confirmed() >= end, seconds=20)
    relay_until(source, published, lambda: time.monotonic() - began > 1.5)

    assert registry.confirmed() > before
    assert published.keys == []
    seconds = time.monotonic() - began
    assert 3 <= len(published.pages) - pages <= seconds / 0.3 + 1


def test_nothing_is_confirmed_before_it_is_committed(registry: Registry) -> None:
    published = Published()
    source = registry.source(heartbeat_seconds=0.2)
    relay_all(source, published)
    registry.insert_deaths(1, 10)

    for _ in range(5):  # each ends the connection and reads the page again
        returned = Published([*published.pages])
        relay_page(source, returned, confirm=False)
        assert registry.confirmed() <= published.last.place.lsn

    source.committed(returned.pages[-1].cursor)
    assert returned.last.place.lsn > published.last.place.lsn
    wait_until(lambda: registry.confirmed() == returned.last.place.lsn, "not confirmed")


def test_an_older_cursor_is_read_again_from_there(registry: Registry) -> None:
    """The relay could not commit the page."""
    published = Published()
    source = registry.source()
    relay_all(source, published)
    registry.insert_deaths(1, 10)
    lost = source.next_page(published.cursor, 5)
    assert lost is not None

    relay_until(source, published, lambda: len(published.keys) >= 10)

    assert published.keys == [record.source_key for record in lost.records]


def test_a_connection_that_is_cut_is_a_passing_error_and_heals(registry: Registry) -> None:
    published = Published()
    source = registry.source()
    relay_all(source, published)
    _cut(registry)
    registry.insert_deaths(1, 10)

    with pytest.raises(TransientError):
        source.next_page(published.cursor, 5)
    relay_until(source, published, lambda: len(published.keys) == 10)


def test_a_connection_that_was_cut_before_the_commit_is_no_loss(registry: Registry) -> None:
    published = Published()
    source = registry.source()
    relay_all(source, published)
    registry.insert_deaths(1, 10)
    relay_page(source, published, 5, confirm=False)
    _cut(registry)

    for _ in range(3):  # the first may still go into a socket that nobody reads
        source.committed(published.pages[-1].cursor)
    registry.insert_deaths(11, 20)
    relay_until(source, published, lambda: len(published.keys) == 20)

    wait_until(lambda: registry.confirmed() == published.last.place.lsn, "not confirmed")


def test_a_server_that_does_not_answer_is_a_passing_error(registry: Registry) -> None:
    with pytest.raises(TransientError):
        ReplicationStream("host=127.0.0.1 port=1 user=hub dbname=civil")


def test_a_slot_held_by_another_is_a_passing_error(registry: Registry) -> None:
    published = Published()
    relay_page(registry.source(), published)

    with pytest.raises(TransientError, match="55006"):
        registry.source().next_page(published.cursor, 0)


def test_a_silent_stream_is_given_up(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.civil.stream._SILENCE_SECONDS", 0.2)
    published = Published()
    source = registry.source(heartbeat_seconds=0.5)
    relay_all(source, published)
    monkeypatch.setattr("connectors.civil.session._HEARTBEAT", "nobody listens")

    time.sleep(0.3)

    with pytest.raises(TransientError, match="silent"):
        source.next_page(published.cursor, 5)


def _cut(registry: Registry) -> None:
    registry.execute(
        "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots"
        " WHERE slot_name = %s",
        registry.slot,
    )
