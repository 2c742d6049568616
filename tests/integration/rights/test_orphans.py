"""The pipeline changes no structure, but drops what a killed replay left; that and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from projections.migrations import migrate
from projections.replay_schema import LOCK, sweep

DROP = "SELECT kept.drop_orphan(%s)"
THERE = "SELECT to_regnamespace(%s) IS NOT NULL"


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    migrate(database)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def pipeline(database: str, owner: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    dsn = make_conninfo(database, user="hub_pipeline")
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def test_the_sequencer_drops_what_a_killed_replay_left(
    owner: psycopg.Connection[Any], pipeline: psycopg.Connection[Any]
) -> None:
    owner.execute("CREATE SCHEMA rebuild; CREATE TABLE rebuild.facts (id integer)")

    assert sweep(pipeline) == ["rebuild"]
    assert owner.execute(THERE, ["rebuild"]).fetchone() == (False,)
    assert sweep(pipeline) == []


@pytest.mark.parametrize("schema", ["live", "kept", "public", "previous", "until_kept", "nothing"])
def test_nothing_else_is_dropped(
    owner: psycopg.Connection[Any], pipeline: psycopg.Connection[Any], schema: str
) -> None:
    owner.execute("CREATE SCHEMA previous; CREATE SCHEMA until_kept")
    owner.execute("COMMENT ON SCHEMA until_kept IS 'kept by hub replay --keep'")
    there = owner.execute(THERE, [schema]).fetchone()

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        pipeline.execute(DROP, [schema])
    assert owner.execute(THERE, [schema]).fetchone() == there


def test_a_replay_at_work_is_left_alone(
    owner: psycopg.Connection[Any], pipeline: psycopg.Connection[Any]
) -> None:
    owner.execute("CREATE SCHEMA rebuild")
    owner.execute("SELECT pg_advisory_lock(%s)", [LOCK])

    assert sweep(pipeline) == []
    with pytest.raises(psycopg.errors.LockNotAvailable):
        pipeline.execute(DROP, ["rebuild"])
    assert owner.execute(THERE, ["rebuild"]).fetchone() == (True,)


@pytest.mark.parametrize("role", ["hub_api", "hub_audit"])
def test_no_other_role_drops_anything(
    owner: psycopg.Connection[Any], database: str, role: str
) -> None:
    owner.execute("CREATE SCHEMA rebuild")
    with (
        psycopg.connect(make_conninfo(database, user=role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(DROP, ["rebuild"])
