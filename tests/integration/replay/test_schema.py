"""The schema beside ``live``: the same but for its name; refused, dropped, or put in its place."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from projections import replay_fold, replay_history, replay_schema
from projections.migrations import migrate
from projections.replay_schema import KEPT, REBUILD
from projections.replay_session import Connection, Into
from projections.replay_tables import HANDLED, MOVED
from schemas.errors import PermanentError

Open = Callable[[str], Connection]
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s"
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = %s::regnamespace
"""
DEFAULTS = """
SELECT table_name, column_name, column_default, is_nullable, is_identity, is_generated, data_type
  FROM information_schema.columns WHERE table_schema = %s
"""
MOVED_TABLES = {table for table, how in HANDLED.items() if how == MOVED}


@pytest.fixture
def connection(database: str, open_connection: Open) -> Connection:
    migrate(database)
    return open_connection(database)


def shape(connection: Connection, schema: str) -> set[tuple[Any, ...]]:
    """Everything that the catalog says of a schema's tables, without its name."""
    found = set()
    for query in (INDEXES, CONSTRAINTS, DEFAULTS):
        for row in connection.execute(query.encode(), [schema]).fetchall():
            words = tuple(re.sub(rf"\b{schema}\.", "", str(word)) for word in row)
            if words[0] not in MOVED_TABLES:
                found.add(words)
    return found


def build(connection: Connection) -> None:
    into = Into(connection, REBUILD)
    replay_schema.create(*into)
    replay_fold.open_facts(into)
    replay_history.stage(into)
    replay_fold.take_out_repeats(into)
    replay_fold.derive(into)
    replay_fold.close_facts(into)
    assert list(replay_history.unsent(into, 0)) == []
    replay_history.fill(into)
    work = replay_schema.index_work(*into)
    for statement in (*work.indexes, *work.constraints):
        connection.execute(statement.encode())
    replay_schema.create_code(connection, work.code)


def test_the_rebuild_has_the_shape_of_live(connection: Connection) -> None:
    replay_schema.check(connection)

    build(connection)

    assert shape(connection, REBUILD) == shape(connection, "live")
    columns = replay_schema.structure(connection, REBUILD)
    assert columns == replay_schema.structure(connection, "live")


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ("CREATE TABLE live.strange (n integer)", "live.strange"),
        ("CREATE VIEW kept.looks_in AS SELECT person FROM live.facts", "kept.looks_in"),
        ("CREATE TYPE live.mood AS ENUM ('good')", "mood"),
        ("CREATE MATERIALIZED VIEW live.frozen AS SELECT person FROM live.facts", "live.frozen"),
    ],
)
def test_what_would_be_lost_or_torn_is_refused(
    connection: Connection, planted: str, named: str
) -> None:
    connection.execute(planted.encode())

    with pytest.raises(PermanentError, match=named):
        replay_schema.check(connection)


def test_orphans_are_dropped_and_nothing_else(
    connection: Connection, database: str, open_connection: Open
) -> None:
    owner = open_connection(database)
    assert replay_schema.take(owner)
    for schema in ("rebuild", "until_1", "until_2", "previous", "untilted"):
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    connection.execute(f"COMMENT ON SCHEMA until_2 IS '{KEPT}'".encode())

    assert replay_schema.sweep(connection) == []
    owner.close()
    deadline, swept = time.monotonic() + 60, replay_schema.sweep(connection)
    while not swept and time.monotonic() < deadline:  # the server notices when it notices
        time.sleep(0.01)
        swept = replay_schema.sweep(connection)

    assert sorted(swept) == ["rebuild", "until_1"]
    assert replay_schema.sweep(connection) == []
    for schema in ("live", "kept", "previous", "until_2", "untilted"):
        assert replay_schema.exists(connection, schema)


def test_one_replay_at_a_time(connection: Connection, database: str, open_connection: Open) -> None:
    assert replay_schema.take(connection)

    assert not replay_schema.take(open_connection(database))
