"""The initial snapshot while the registry goes on working: no gap, no double, nothing stale."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from typing import Any

import psycopg
import pytest

from connectors.civil import session
from connectors.civil.cursor import Progress
from connectors.civil.snapshot import Chunk, read_chunk
from tests.integration.connectors.civil.registry import (
    Published,
    Registry,
    relay_all,
    relay_page,
    relay_until,
)
from tests.integration.connectors.civil.writer import Writer


def revisions(keys: list[str]) -> dict[str, list[int]]:
    """Return, by record, its revisions in order of publication."""
    by_record = defaultdict(list)
    for key in keys:
        record, _, revision = key.rpartition("/")
        by_record[record].append(int(revision))
    return by_record


def check(registry: Registry, writer: Writer, published: Published) -> None:
    """No gap, nothing invented, and nothing out of date after something newer."""
    keys = set(published.keys)
    assert registry.rows() <= keys
    assert set(writer.stated) <= keys
    for record, stated in revisions(published.keys).items():
        assert stated == sorted(stated), f"{record} went back"


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missed_or_doubled_while_the_registry_is_written_to(
    registry: Registry, seed: int
) -> None:
    writer = Writer(registry.dsn, seed)
    writer.fill(3_000)
    published = Published()
    source = registry.source(chunk_rows=50, page_records=40)
    relay_page(source, published)  # from here on, every revision counts

    with writer:
        relay_until(source, published, lambda: bool(published.complete))
    relay_all(source, published)

    assert len(writer.stated) > 50, "the writer has to be at work meanwhile"
    check(registry, writer, published)
    assert len(published.keys) == len(set(published.keys))
    assert sum(page.suppressed for page in published.pages) > 0


@pytest.mark.parametrize("seed", range(4))
def test_a_crash_at_any_moment_repeats_little_and_loses_nothing(
    registry: Registry, seed: int
) -> None:
    writer = Writer(registry.dsn, seed)
    writer.fill(2_000)
    chance = random.Random(seed)
    published = Published()
    relay_page(registry.source(), published)
    registry.close_sources()

    with writer:
        while not published.complete:
            source = registry.source(chunk_rows=100, page_records=50)
            for _ in range(chance.randrange(1, 12)):
                relay_page(source, published)
            if chance.random() < 0.5 and not published.complete:
                source.next_page(published.cursor, 0.1)  # returned, never committed
            source.close()
    relay_all(registry.source(), published)

    check(registry, writer, published)


def test_reading_goes_on_from_every_page(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(registry.dsn, 99)
    writer.fill(600)
    published = Published()
    source = registry.source(chunk_rows=60, page_records=40)
    _unconfirmed(source, published)  # from here on, every revision counts
    with writer, monkeypatch.context() as patch:
        patch.setattr(session, "read_chunk", _overtaken_by(registry))
        while not published.complete or len(published.pages) < 25:
            _unconfirmed(source, published)
    while _unconfirmed(source, published):
        pass
    source.close()

    for number, page in enumerate(published.pages):
        rest = Published([page])
        source = registry.source(chunk_rows=60, page_records=40)
        done = published.pages[: number + 1]
        while not any(p.complete for p in (*done, *rest.pages)) or _unconfirmed(source, rest):
            _unconfirmed(source, rest)
        source.close()
        check(registry, writer, Published([*done, *rest.pages[1:]]))


def test_a_change_between_the_select_and_its_watermark_wins(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.insert_deaths(1, 10)

    def read_and_be_overtaken(connection: Any, progress: Progress, limit: int) -> Chunk:
        chunk = read_chunk(connection, progress, limit)
        registry.execute("UPDATE civil.death SET revision = 2 WHERE record_id = 'd000003'")
        registry.execute("DELETE FROM civil.death WHERE record_id = 'd000004'")
        registry.execute("UPDATE civil.death SET record_id = 'new' WHERE record_id = 'd000005'")
        return chunk

    monkeypatch.setattr(session, "read_chunk", read_and_be_overtaken)
    published = Published()
    relay_all(registry.source(), published)

    assert len(published.keys) == len(set(published.keys))
    by_record = revisions(published.keys)
    assert by_record["death/d000003"] == [2]
    assert by_record["death/d000004"] == [2]
    assert by_record["death/d000005"] == [2]
    assert by_record["death/new"] == [1]
    assert len(by_record) == 11
    assert sum(page.suppressed for page in published.pages) == 3


def test_a_transaction_that_ends_after_the_watermark_follows_the_snapshot(
    registry: Registry,
) -> None:
    registry.insert_deaths(1, 10)
    writer = Writer(registry.dsn, 1)
    published = Published()
    source = registry.source()
    relay_page(source, published)
    with psycopg.connect(registry.dsn) as late:
        late.execute("UPDATE civil.death SET revision = 2 WHERE record_id = 'd000001'")
        relay_until(source, published, lambda: bool(published.complete))
        late.commit()
    relay_all(source, published)

    assert revisions(published.keys)["death/d000001"] == [1, 2]
    check(registry, writer, published)


def test_the_snapshot_ends_with_the_latest_day_registered(registry: Registry) -> None:
    registry.insert_deaths(1, 25)
    registry.insert_deaths(1, 25, table="birth")
    registry.execute(
        "UPDATE civil.birth SET registered_at = '2026-05-06 00:30:00+05'"
        " WHERE record_id = 'd000007'"
    )
    registry.execute(
        "UPDATE civil.birth SET registered_at = 'infinity' WHERE record_id = 'd000008'"
    )
    published = Published()

    relay_all(registry.source(chunk_rows=10), published)

    complete = published.complete
    assert [(str(c.through), c.snapshot) for c in complete] == [("2026-05-05", True)]
    assert published.pages[-1].complete == complete[0]
    assert published.last.snapshot is None


def test_an_empty_registry_is_complete_as_of_the_servers_day(registry: Registry) -> None:
    published = Published()

    relay_all(registry.source(), published)

    today = registry.execute("SELECT (now() AT TIME ZONE 'UTC')::date")[0][0]
    assert [c.through for c in published.complete] == [today]
    assert published.keys == []


def test_keys_of_any_shape_are_read(registry: Registry) -> None:
    for record_id in ("", "'", "%s", "a/b", "\u00e4", "\u040a", "\\", " "):
        registry.execute("INSERT INTO civil.death (record_id, revision) VALUES (%s, 1)", record_id)
    published = Published()

    relay_all(registry.source(chunk_rows=1), published)

    assert set(published.keys) == registry.rows()
    assert len(published.keys) == 8


def test_snapshot_and_stream_give_the_same_bytes(registry: Registry) -> None:
    database = registry.connection.info.dbname
    registry.execute(f"ALTER DATABASE {database} SET timezone = 'Asia/Tashkent'")
    registry.execute(f"ALTER DATABASE {database} SET datestyle = 'German'")
    registry.insert_deaths(1, 1)
    registry.execute("UPDATE civil.death SET pinfl = %s", "O'g\u02bbil \u040a")
    published = Published()
    source = registry.source()
    relay_all(source, published)

    registry.execute("UPDATE civil.death SET revision = 1")
    relay_until(source, published, lambda: len(published.keys) == 2)

    first, second = [record for page in published.pages for record in page.records]
    assert first == second


def _overtaken_by(registry: Registry) -> Callable[[Any, Progress, int], Chunk]:
    """Have something streamed between each SELECT and its watermark."""
    numbers = count()

    def read(connection: Any, progress: Progress, limit: int) -> Chunk:
        chunk = read_chunk(connection, progress, limit)
        number = next(numbers)
        registry.execute(
            f"INSERT INTO civil.death (record_id, revision) SELECT 'o{number}-' || g, 1"
            " FROM generate_series(1, 30) g"
        )
        return chunk

    return read


def _unconfirmed(source: Any, published: Published) -> bool:
    """Read a page that no commit is told of, so that the slot keeps everything."""
    return relay_page(source, published, 0.1, confirm=False) is not None
