"""Count the civil registry at the source: every row of every table. Thin shell."""

from __future__ import annotations

import psycopg
from psycopg import sql

from ops.verify.values import Source
from schemas.errors import PermanentError

TABLES = (
    "person",
    "birth",
    "death",
    "marriage",
    "divorce",
    "name_change",
    "residence",
    "guardianship",
)
_PUBLICATION = "hub"
_ROW_MESSAGES = (b"I", b"U", b"D")


def read_civil(dsn: str) -> Source:
    """Return the source keys of all rows as they stand, and of the revisions before them."""
    found = Source("civil")
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for table in TABLES:
            query = sql.SQL("SELECT record_id, revision FROM civil.{}")
            try:
                rows = connection.execute(query.format(sql.Identifier(table)))
            except psycopg.errors.UndefinedTable as error:
                raise PermanentError(
                    f"the civil database has no table civil.{table}: is this the registry?"
                ) from error
            for record, revision in rows:
                stem = f"{table}/{record}"
                found.stated.add(f"{stem}/{revision}")
                found.superseded.update(f"{stem}/{before}" for before in range(1, revision))
    return found


def civil_pending(dsn: str, seen: str | None) -> tuple[str | None, str | None]:
    """Return what of the log the connector has not confirmed, and the log's place to wait for.

    Args:
        dsn: the registry's own database.
        seen: the place that an earlier call returned; None to take the present one.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        assert row is not None
        target = str(row[0]) if seen is None else seen
        slots = connection.execute(
            """
            SELECT slot_name, active, confirmed_flush_lsn >= %s::pg_lsn
              FROM pg_replication_slots
             WHERE slot_type = 'logical' AND database = current_database()
            """,
            (target,),
        ).fetchall()
        if not slots:
            return "civil: the connector has made no replication slot yet", target
        for name, active, confirmed in slots:
            if confirmed:
                continue
            if active:
                return "civil: the connector has not confirmed the log up to now", target
            if _holds_rows(connection, name):
                return "civil: changes wait in the replication slot; no connector runs", target
    return None, target


def _holds_rows(connection: psycopg.Connection, slot: str) -> bool:
    """Return whether the slot of a stopped connector still holds a row change; takes nothing."""
    rows = connection.execute(
        """
        SELECT data FROM pg_logical_slot_peek_binary_changes(
            %s, NULL, NULL, 'proto_version', '1', 'publication_names', %s)
        """,
        (slot, _PUBLICATION),
    )
    return any(bytes(data[:1]) in _ROW_MESSAGES for (data,) in rows)
