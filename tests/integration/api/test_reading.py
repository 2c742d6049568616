"""How a question begins, and that its tables are found without a look at everybody."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from projections.migrations import migrate
from projections.queries import open_pool, reading

_BEGUN = """
SELECT backend_xmin IS NULL AS no_snapshot, ARRAY(SELECT mode FROM pg_locks l
        WHERE l.pid = a.pid AND granted AND relation = 'kept.generation'::regclass)
  FROM pg_stat_activity a WHERE a.pid = %s
"""
_LISTED = """
SELECT c.oid::regclass::text, 'fastupdate=off' = ANY (c.reloptions)
  FROM pg_class c JOIN pg_am ON pg_am.oid = c.relam
 WHERE amname = 'gin' AND relnamespace IN ('live'::regnamespace, 'kept'::regnamespace)
"""


@pytest.fixture
def hub(database: str) -> str:
    migrate(database)
    return database


def test_a_reading_holds_off_a_swap_before_it_has_a_snapshot(hub: str) -> None:
    """The other way round it would find tables that its snapshot is too old for."""
    with closing(open_pool(hub)) as pool, psycopg.connect(hub) as beside:
        with reading(pool) as connection:
            begun = beside.execute(_BEGUN, [connection.info.backend_pid]).fetchone()
            isolation = connection.execute("SHOW transaction_isolation").fetchone()
        ended = beside.execute(_BEGUN, [connection.info.backend_pid]).fetchone()

    assert begun == (True, ["RowShareLock"])
    assert isolation == {"transaction_isolation": "repeatable read"}
    assert ended == (True, [])


def test_no_index_keeps_a_heap_of_what_is_new(hub: str) -> None:
    """Every search reads such a heap to its end, and some day a writer has to empty it."""
    with psycopg.connect(hub) as connection:
        listed: dict[str, bool] = dict(connection.execute(_LISTED).fetchall())

    assert {"live.assessments_members", "kept.audit_leaves_members"} <= listed.keys()
    assert all(listed.values()), listed
