"""Write the civil book into its PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ops.simulator.civil_acts import COLUMNS, HEAD, CivilWrite, Row

LARGEST_TRANSACTION = 20
_SCHEMA = Path(__file__).parent / "civil.sql"


class CountryExistsError(Exception):
    """There is a country in this database already; two of them cannot be told apart."""


def create_schema(dsn: str) -> None:
    """Create the registry's tables.

    Raises:
        CountryExistsError: they are there already.
    """
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT to_regnamespace('civil')").fetchone()
        if found and found[0]:
            raise CountryExistsError("the civil database holds a country already; use a new home")
        connection.execute(_SCHEMA.read_bytes())


def is_watched(dsn: str) -> bool:
    """Return whether a logical replication slot follows this database."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_replication_slots"
            " WHERE slot_type = 'logical' AND database = current_database())"
        ).fetchone()
    return bool(found and found[0])


def copy_backlog(dsn: str, parts: Iterable[dict[str, list[Row]]]) -> None:
    """Fill the tables, part by part, all in one transaction."""
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        for rows in parts:
            for table, table_rows in rows.items():
                _copy(cursor, table, table_rows)


def _copy(cursor: psycopg.Cursor[Any], table: str, rows: list[Row]) -> None:
    names = (*HEAD, *COLUMNS[table])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier("civil", table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


def apply_day(dsn: str, writes: Sequence[CivilWrite]) -> None:
    """Carry out a day's writes in order, in transactions of one to some statements."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for number, transaction in enumerate(transactions(writes)):
            with connection.transaction(), connection.cursor() as cursor:
                for write in transaction:
                    _carry_out(cursor, write)
            if number % 7 == 0:
                # as old applications do: an abandoned transaction leaves a hole, not a row
                with connection.transaction(force_rollback=True), connection.cursor() as cursor:
                    _carry_out(cursor, transaction[0], again=True)


def transactions(writes: Iterable[CivilWrite]) -> list[list[CivilWrite]]:
    """Return ``writes`` in groups of varied size; joined writes stay together."""
    groups: list[list[CivilWrite]] = []
    size = 0
    for write in writes:
        full = not groups or len(groups[-1]) >= size
        if full and not (groups and write.joined):
            groups.append([])
            size = len(groups) * 7 % LARGEST_TRANSACTION + 1
        groups[-1].append(write)
    return groups


def _carry_out(cursor: psycopg.Cursor[Any], write: CivilWrite, again: bool = False) -> None:
    table = sql.Identifier("civil", write.table)
    names = (*HEAD, *COLUMNS[write.table])
    values = [write.row[name] for name in names]
    if write.op == "delete" or again:
        cursor.execute(
            sql.SQL("DELETE FROM {} WHERE record_id = %s").format(table), [write.row["record_id"]]
        )
    elif write.op == "insert":
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                table,
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.SQL(", ").join([sql.Placeholder()] * len(names)),
            ),
            values,
        )
    else:
        sets = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in names]
        cursor.execute(
            sql.SQL("UPDATE {} SET {} WHERE record_id = %s").format(
                table, sql.SQL(", ").join(sets)
            ),
            [*values, write.row["record_id"]],
        )
