"""The schema beside ``live``: made after live's catalog, indexed once it is full, or dropped.

Whoever made it holds a session's advisory lock. A replay that was killed leaves its schema without
that lock; the next replay, ``hub status`` and the sequencer drop it (``sweep``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

import psycopg
from psycopg import errors, sql

from projections.replay_session import Connection, in_schema
from projections.replay_tables import HANDLED, MOVED
from schemas.errors import PermanentError

LOCK: Final = 0x6875_6203  # any number, the same in every process: "hub", 3
LIVE: Final = "live"
REBUILD: Final = "rebuild"
PREVIOUS: Final = "previous"
RETIRED: Final = "retired"  # a previous one that another has followed; about to be dropped
UNTIL: Final = "until_"
KEPT: Final = "kept by hub replay --keep"

_TAKE_SECONDS: Final = 5.0
_ORPHANS: Final = r"""
SELECT nspname FROM pg_namespace n
 WHERE nspname IN ('rebuild', 'retired')
    OR nspname LIKE 'until\_%%' AND obj_description(oid, 'pg_namespace') IS DISTINCT FROM %s
"""
_KEPT: Final = r"""
SELECT nspname FROM pg_namespace
 WHERE nspname LIKE 'until\_%%' AND obj_description(oid, 'pg_namespace') = %s ORDER BY nspname
"""
_RELATIONS: Final = """
SELECT relname, relkind::text FROM pg_class
 WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p', 'f', 'm', 'v', 'S')
   AND NOT (relkind = 'S' AND EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                                AND deptype IN ('i', 'a') AND refobjsubid > 0))
 ORDER BY relname
"""
_COLUMNS: Final = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attnum > 0
   AND NOT a.attisdropped AND NOT c.relname = ANY (%s)
 ORDER BY 1, 2
"""
_INDEXES: Final = """
SELECT t.relname, pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
 WHERE t.relnamespace = 'live'::regnamespace AND t.relkind = 'r' ORDER BY t.relname, i.indexrelid
"""
_CONSTRAINTS: Final = """
SELECT t.relname, c.conname, c.contype::text, pg_get_constraintdef(c.oid)
  FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
 WHERE c.connamespace = 'live'::regnamespace AND c.contype IN ('p', 'u', 'f', 'x')
 ORDER BY c.contype = 'f', t.relname, c.conname
"""
_CODE: Final = """
SELECT oid, pg_get_functiondef(oid), prosqlbody IS NOT NULL FROM pg_proc
 WHERE pronamespace = 'live'::regnamespace AND prokind IN ('f', 'p')
UNION ALL
SELECT oid, format('CREATE VIEW live.%I AS %s', relname, pg_get_viewdef(oid)), true FROM pg_class
 WHERE relnamespace = 'live'::regnamespace AND relkind = 'v'
 ORDER BY 1
"""
_ODD: Final = """
SELECT 'aggregate ' || proname FROM pg_proc
 WHERE pronamespace = 'live'::regnamespace AND prokind NOT IN ('f', 'p')
UNION ALL
SELECT 'type ' || typname FROM pg_type
 WHERE typnamespace = 'live'::regnamespace AND typrelid = 0 AND typelem = 0
UNION ALL
SELECT 'trigger ' || tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
 WHERE c.relnamespace = 'live'::regnamespace AND NOT tgisinternal
"""
# Objects of one schema that are tied to those of another by identity, not by name: they would
# follow the old tables when names are swapped.
_TIED: Final = r"""
WITH object (class, id, space, what) AS (
    SELECT 'pg_class'::regclass, oid, relnamespace, relname::text FROM pg_class
    UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, proname FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, typname FROM pg_type
    UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace, conname FROM pg_constraint
    UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, relnamespace, relname
                FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid
    UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, relnamespace, relname
                FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class)
SELECT DISTINCT n.nspname || '.' || mine.what
  FROM pg_depend JOIN object mine ON (mine.class, mine.id) = (classid, objid)
  JOIN object theirs ON (theirs.class, theirs.id) = (refclassid, refobjid)
  JOIN pg_namespace n ON n.oid = mine.space
 WHERE theirs.space = 'live'::regnamespace AND mine.space <> theirs.space
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT LIKE 'until\_%'
   AND n.nspname NOT IN ('previous', 'retired') -- tables that moved on; they come back with these
 ORDER BY 1
"""


class IndexWork(NamedTuple):
    """What makes a full schema whole; statements of one list may run beside each other."""

    indexes: list[str]
    constraints: list[str]
    code: list[str]


def take(connection: Connection) -> bool:
    """Become the one replay, until ``connection`` ends; False if another is at work.

    The sequencer holds the lock for a moment now and then, to look for orphans.
    """
    waited = threading.Event()
    for _ in range(int(_TAKE_SECONDS / 0.2)):
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if row == (True,):
            return True
        waited.wait(0.2)
    return False


def sweep(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Drop what killed replays left and return its names; a transaction of its own.

    A schema in use by a process that is about to notice its parent's end is left for the next time.
    The sequencer may change no structure: a function of the owner's drops it, and nothing else.
    """
    if not connection.execute(_ORPHANS, [KEPT]).fetchall():
        return []
    try:
        with connection.transaction():
            row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone()
            if row != (True,):
                return []
            connection.execute("SET LOCAL lock_timeout = '1s'")
            connection.execute("SET LOCAL client_min_messages = warning")
            names = [str(row[0]) for row in connection.execute(_ORPHANS, [KEPT])]
            for name in names:
                connection.execute("SELECT kept.drop_orphan(%s)", [name])
            return names
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        return []


def orphans(connection: Connection) -> list[str]:
    """Return what killed replays left; ask it only while holding the lock."""
    return [str(row[0]) for row in connection.execute(_ORPHANS, [KEPT])]


def kept(connection: Connection) -> list[str]:
    """Return the schemas that ``--keep`` kept."""
    return [str(row[0]) for row in connection.execute(_KEPT, [KEPT])]


def drop(connection: Connection, schema: str) -> None:
    """Drop a schema of ours if it is there; never ``live`` or ``kept``."""
    assert schema in {REBUILD, PREVIOUS, RETIRED} or schema.startswith(UNTIL)
    _drop(connection, schema)


def _drop(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> None:
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def exists(connection: Connection, schema: str) -> bool:
    """Return whether there is such a schema."""
    return connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", [schema]).fetchone() == (
        True,
    )


def check(connection: Connection) -> None:
    """Refuse what a replay would lose or tear apart.

    Raises:
        PermanentError: ``live`` holds something a replay does not know, or somebody outside is
            tied to it.
    """
    relations = connection.execute(_RELATIONS, [LIVE]).fetchall()
    strange = [f"{name}" for name, kind in relations if kind == "r" and name not in HANDLED]
    strange += [f"{name} (kind {kind})" for name, kind in relations if kind not in {"r", "v"}]
    strange += [str(row[0]) for row in connection.execute(_ODD)]
    if strange:
        raise PermanentError(
            f"hub replay does not know what becomes of live.{', live.'.join(strange)}; say so in "
            "projections/replay_tables.py, or it would be lost"
        )
    if tied := [str(row[0]) for row in connection.execute(_TIED)]:
        raise PermanentError(f"tied to tables of live, which are to be replaced: {', '.join(tied)}")


def create(connection: Connection, schema: str) -> None:
    """Make empty tables like those of ``live``, without indexes."""
    name = sql.Identifier(schema)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    for table, kind in connection.execute(_RELATIONS, [LIVE]).fetchall():
        if kind == "r" and HANDLED[table] != MOVED:
            connection.execute(
                sql.SQL("CREATE TABLE {}.{} (LIKE live.{} INCLUDING ALL EXCLUDING INDEXES)").format(
                    name, sql.Identifier(table), sql.Identifier(table)
                )
            )


def index_work(connection: Connection, schema: str) -> IndexWork:
    """Return what makes ``schema`` whole: indexes, constraints, functions and views."""
    moved = {table for table, how in HANDLED.items() if how == MOVED}
    indexes = [
        in_schema(definition, schema)
        for table, definition in connection.execute(_INDEXES).fetchall()
        if table not in moved
    ]
    constraints = [
        _constraint(schema, *row)
        for row in connection.execute(_CONSTRAINTS).fetchall()
        if row[0] not in moved
    ]
    rows = connection.execute(_CODE).fetchall()
    code = [_code(definition, schema, is_bound=is_bound) for _, definition, is_bound in rows]
    return IndexWork(indexes, constraints, code)


def create_code(connection: Connection, statements: Iterable[str]) -> list[str]:
    """Create functions and views; return those that need a table that comes with the swap."""
    left = []
    connection.execute("SET check_function_bodies = off")
    for statement in statements:
        try:
            connection.execute(statement.encode())
        except (errors.UndefinedTable, errors.UndefinedFunction):
            left.append(statement)
    return left


def _constraint(schema: str, table: str, name: str, kind: str, definition: str) -> str:
    how = {"p": f'PRIMARY KEY USING INDEX "{name}"', "u": f'UNIQUE USING INDEX "{name}"'}
    body = how.get(kind) or in_schema(definition, schema)
    return f'ALTER TABLE {schema}."{table}" ADD CONSTRAINT "{name}" {body}'


def _code(definition: str, schema: str, *, is_bound: bool) -> str:
    """Return a function or view for ``schema``.

    A body that is text finds its tables by name whenever it runs, so after the swap ``live`` in it
    is right; only where it stands itself is replaced.
    """
    if is_bound:
        return in_schema(definition, schema)
    head, mark, body = definition.partition("\nAS $")
    return in_schema(head, schema) + mark + body


def structure(connection: Connection, schema: str) -> list[tuple[object, ...]]:
    """Return every column of a schema's tables, for comparing two schemas."""
    moved = [table for table, how in HANDLED.items() if how == MOVED]
    return connection.execute(_COLUMNS, [schema, moved]).fetchall()
