"""The hub's database may belong to a role that is no superuser, as on servers that others run.

What a superuser does before, once, is in docs/local-stack.md; the roles of this cluster are there
already, so here it is one statement.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ops.settings import Settings
from projections import replay_session
from projections.migrations import migrate
from projections.replay_schema import PREVIOUS, REBUILD
from schemas.errors import PermanentError
from tests.integration.rights.rig import World
from tests.integration.rights.test_replay import look, rebuild, swap

PASSWORD = uuid.uuid4().hex


class PlainWorld(World):
    """A world that belongs to somebody who is no superuser; others keep their passwords."""

    def __init__(self, dsn: str, others: str) -> None:
        super().__init__(dsn)
        self.others = others

    def as_role(self, role: str, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(make_conninfo(self.others, user=role), **options)


@pytest.fixture
def admin(stack: Settings) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.local_dsn("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(admin: psycopg.Connection[Any], database: str) -> Iterator[str]:
    """How an owner reaches a database of its own; a superuser has done nothing more."""
    name = f"plain_{uuid.uuid4().hex[:8]}"
    role = sql.Identifier(name)
    known = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    where = sql.Identifier(str(known))
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, PASSWORD))
    admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(where, role))
    yield make_conninfo(database, user=name, password=PASSWORD)
    admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO hub").format(where))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("REASSIGN OWNED BY {} TO hub").format(role))
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
    admin.execute(sql.SQL("DROP ROLE {}").format(role))


def let(admin: psycopg.Connection[Any], owner: str) -> None:
    """Do what docs/local-stack.md asks of a superuser, where all roles are there."""
    user = psycopg.conninfo.conninfo_to_dict(owner)["user"]
    statement = sql.SQL("GRANT hub_rights TO {} WITH ADMIN OPTION")
    admin.execute(statement.format(sql.Identifier(str(user))))


def test_migrations_guards_and_a_replay(
    admin: psycopg.Connection[Any], owner: str, database: str
) -> None:
    let(admin, owner)
    assert migrate(owner)
    assert migrate(owner) == []
    with closing(PlainWorld(owner, database)) as world:
        row = world.connection.execute("SELECT current_setting('is_superuser')").fetchone()
        assert row == ("off",)
        world.settle()
        grant = world.grant("welfare", "social-registry", "social-support")
        seen = look(world, grant)
        assert seen == (set(), {"anna", "bora"}, {"anna", "cem"})
        with closing(replay_session.connect(owner)) as connection:
            rebuild(connection)
            swap(connection, REBUILD)
            assert look(world, grant) == seen
            swap(connection, PREVIOUS)
        assert look(world, grant) == seen
        with world.as_role("hub_pipeline") as pipeline:
            found = pipeline.execute("SELECT count(DISTINCT person) FROM live.facts").fetchone()
            assert found == (4,), "the pipeline sees everybody"


def test_without_the_superusers_part_nothing_is_made(owner: str) -> None:
    with pytest.raises(PermanentError, match=r"permission denied.*hub_rights.*local-stack\.md"):
        migrate(owner)

    with psycopg.connect(owner) as connection:
        assert connection.execute("SELECT to_regnamespace('kept')").fetchone() == (None,)


def test_a_pipeline_that_would_see_nothing_is_refused(
    admin: psycopg.Connection[Any], owner: str
) -> None:
    let(admin, owner)
    admin.execute("ALTER ROLE hub_pipeline NOBYPASSRLS")
    try:
        with pytest.raises(PermanentError, match=r"ALTER ROLE hub_pipeline BYPASSRLS"):
            migrate(owner)
    finally:
        admin.execute("ALTER ROLE hub_pipeline BYPASSRLS")
