"""Privileges, row security and policies come along when a replay puts other tables in place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from projections import replay_guards, replay_schema, replay_session, replay_swap
from projections.migrations import migrate
from projections.replay_schema import LIVE, PREVIOUS, REBUILD, RETIRED
from projections.replay_session import Connection, Into, standstill
from tests.integration.replay.catalog import catalog
from tests.integration.replay.test_schema import build
from tests.integration.rights.rig import World, asked, people

# Not asked of the code that is tried: what one role may read of which columns.
COLUMNS = """
SELECT has_column_privilege('hub_stats', 'live.facts', 'value', 'SELECT'),
       has_column_privilege('hub_stats', 'live.facts', 'sealed', 'SELECT'),
       has_table_privilege('hub_pipeline', 'live.needs', 'DELETE'),
       has_schema_privilege('hub_api', 'live', 'USAGE')
"""
COPIED = ("facts", "closures", "replacements", "completeness", "needs", "need_history")


@pytest.fixture
def connection(world: World) -> Iterator[Connection]:
    with closing(replay_session.connect(world.dsn)) as made:
        yield made


def swap(connection: Connection, schema: str) -> None:
    code = replay_schema.index_work(connection, schema).code
    left = replay_schema.create_code(connection, code)
    with standstill(connection):
        goal = replay_swap.vector(connection, schema)
        replay_swap.swap(Into(connection, schema), goal, {"what": "swap"}, left)
    replay_schema.drop(connection, RETIRED)


def rebuild(connection: Connection) -> None:
    build(connection)
    for table in COPIED:
        copy = f"INSERT INTO rebuild.{table} SELECT * FROM live.{table} ON CONFLICT DO NOTHING"
        connection.execute(copy.encode())


def look(world: World, grant: Any) -> tuple[set[str], set[str], set[str]]:
    """What the API sees without a context, about facts, and of a household."""
    with world.as_role("hub_api") as api:
        nobody = people(api, "facts")
        asked(api, grant, "facts", "anna")
        seen = people(api, "facts")
        api.rollback()
        asked(api, grant, "household", "anna")
        return nobody, seen, people(api, "memberships")


def test_guards_come_along_and_back(world: World, connection: Connection) -> None:
    grant = world.grant("welfare", "social-registry", "social-support")
    connection.execute("REVOKE EXECUTE ON FUNCTION live.settle_window(text) FROM PUBLIC")
    connection.execute("GRANT EXECUTE ON FUNCTION live.settle_window(text) TO hub_rights, hub_api")
    before = replay_guards.guards(connection, LIVE)
    seen = look(world, grant)
    assert seen == (set(), {"anna", "bora"}, {"anna", "cem"})
    rebuild(connection)
    with world.as_role("hub_api") as api, pytest.raises(psycopg.errors.InsufficientPrivilege):
        api.execute("SELECT FROM rebuild.facts")

    swap(connection, REBUILD)

    assert replay_guards.guards(connection, LIVE) == before
    assert look(world, grant) == seen
    assert connection.execute(COLUMNS).fetchone() == (True, False, True, True)

    swap(connection, PREVIOUS)

    assert replay_guards.guards(connection, LIVE) == before
    assert look(world, grant) == seen


def test_tables_of_before_get_the_guards_of_today(world: World, connection: Connection) -> None:
    """What was swapped out may have come before a migration that guards it otherwise."""
    rebuild(connection)
    swap(connection, REBUILD)
    before = replay_guards.guards(connection, LIVE)
    for spoiling in (
        "DROP POLICY sight ON previous.facts",
        "CREATE POLICY sight ON previous.facts USING (true)",
        "ALTER TABLE previous.needs DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE previous.closures NO FORCE ROW LEVEL SECURITY",
        "GRANT SELECT ON previous.causes TO hub_api",
        "GRANT UPDATE (since) ON previous.needs TO hub_api",
        "REVOKE USAGE ON SCHEMA previous FROM hub_pipeline",
    ):
        connection.execute(spoiling.encode())

    swap(connection, PREVIOUS)

    assert replay_guards.guards(connection, LIVE) == before


def test_every_table_that_people_are_in_is_guarded(connection: Connection) -> None:
    """Tables that answers are made of, whoever added them."""
    rows = replay_guards.guards(connection, LIVE)["row security"]

    open_ones = {row[0] for row in rows if row[1:] != (True, True)}
    assert open_ones == {
        "causes", "completeness", "match_blocks", "match_progress", "progress", "quarantined",
        "rejudgements", "suggestions",
    }  # fmt: skip


def test_after_a_swap_all_is_as_in_a_fresh_database(database: str) -> None:
    """Tables, columns, indexes, constraints, policies, privileges, functions: nothing is lost."""
    migrate(database)
    with closing(replay_session.connect(database)) as connection:
        fresh = catalog(connection)
        rebuild(connection)
        swap(connection, REBUILD)
        assert catalog(connection) == fresh
        swap(connection, PREVIOUS)
        assert catalog(connection) == fresh
    found = {kind: len(rows) for kind, rows in fresh.items()}
    # That each of these was looked at: none of them is empty.
    assert {kind for kind, count in found.items() if not count} <= {"trigger", "statistics", "rule"}
