"""Check that the registry's database is as docs/sources.md says. Reads catalogues only."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from connectors.civil.tables import OPTIONAL, SCHEMA, TABLES
from schemas.errors import PermanentError

_COLUMNS: Final = """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
"""
_IDENTITIES: Final = """
    SELECT c.relname, c.relreplident
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s
"""
_PUBLISHED: Final = """
    SELECT tablename, attnames::text[], rowfilter IS NOT NULL
    FROM pg_publication_tables WHERE pubname = %s AND schemaname = %s
"""
_OPERATIONS: Final = """
    SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate
    FROM pg_publication WHERE pubname = %s
"""


def check_database(connection: psycopg.Connection[Any], publication: str) -> None:
    """Return if the connector can follow this database.

    Raises:
        PermanentError: it cannot; all faults together, each with what mends it.
    """
    faults = [
        *_wal_level(connection),
        *_columns(connection),
        *_identities(connection),
        *_publication(connection, publication),
    ]
    if faults:
        raise PermanentError(
            "the civil registry's database cannot be followed: " + "; ".join(faults)
        )


def _wal_level(connection: psycopg.Connection[Any]) -> list[str]:
    level = _one(connection, "SELECT current_setting('wal_level')")
    if level == "logical":
        return []
    return [f"wal_level is {level}; set wal_level = logical and restart the server"]


def _columns(connection: psycopg.Connection[Any]) -> list[str]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(_COLUMNS, (SCHEMA,)):
        found.setdefault(table, {})[column] = kind
    faults = []
    for table, columns in TABLES.items():
        if table not in found:
            faults.append(f"there is no table {SCHEMA}.{table}")
            continue
        faults += [
            f"{SCHEMA}.{table}.{column} is {found[table].get(column, 'missing')}, not {kind}"
            for column, kind in columns.items()
            if found[table].get(column) != kind
        ]
        faults += [
            f"{SCHEMA}.{table}.{column} is {found[table][column]}, not {kind}"
            for column, kind in OPTIONAL.get(table, {}).items()
            if found[table].get(column, kind) != kind
        ]
    return faults


def columns_of(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """Return the columns of ``table`` that are ours, those that may be missing last."""
    optional = OPTIONAL.get(table)
    if not optional:
        return list(TABLES[table])
    rows = connection.execute(_COLUMNS, (SCHEMA,)).fetchall()
    there = {column for name, column, _ in rows if name == table}
    return [*TABLES[table], *(column for column in optional if column in there)]


def _identities(connection: psycopg.Connection[Any]) -> list[str]:
    found = dict(connection.execute(_IDENTITIES, (SCHEMA,)).fetchall())
    return [
        f"{SCHEMA}.{table} does not send whole old rows; run: "
        f"ALTER TABLE {SCHEMA}.{table} REPLICA IDENTITY FULL"
        for table in TABLES
        if table in found and found[table] not in ("f", b"f")
    ]


def _publication(connection: psycopg.Connection[Any], publication: str) -> list[str]:
    operations = _one(connection, _OPERATIONS, publication)
    if operations is None:
        return [f"there is no publication {publication}; the registry creates it"]
    faults = []
    if not operations:
        faults.append(
            f"publication {publication} leaves operations out; run: ALTER PUBLICATION "
            f"{publication} SET (publish = 'insert, update, delete, truncate')"
        )
    found = {
        table: (set(columns), filtered)
        for table, columns, filtered in connection.execute(_PUBLISHED, (publication, SCHEMA))
    }
    for table in TABLES:
        published, filtered = found.get(table, (set(), False))
        if not set(columns_of(connection, table)) <= published or filtered:
            faults.append(
                f"publication {publication} does not hold all of {SCHEMA}.{table}; run: "
                f"ALTER PUBLICATION {publication} ADD TABLE {SCHEMA}.{table} "
                "(without column list or WHERE)"
            )
    return faults


def _one(connection: psycopg.Connection[Any], query: str, *parameters: str) -> Any:
    row = connection.execute(query.encode(), parameters).fetchone()
    return row[0] if row is not None else None
