"""Put a schema in the place of ``live``, in one transaction while nobody else writes.

    nobody writes -> the last tail is folded -> both progress vectors are the same -> what was said
    and what is queued comes along -> tables move -> who may do what -> names -> generation
    -> audit leaf -> COMMIT

A crash before the commit leaves ``live`` as it was. After it, whoever waited goes on: statements
and prepared plans find tables by name, and names are looked up after the wait. Epochs come along,
so a running worker's claim holds: its position is the same in the new tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from projections import leaves, replay_guards, replay_schema
from projections.replay_schema import LIVE, PREVIOUS, RETIRED
from projections.replay_session import Connection, Into
from projections.replay_tables import CARRIED, HANDLED, MOVED
from schemas.errors import PermanentError

Place = tuple[str, int]

_VECTOR: Final = "SELECT topic, partition, next FROM target.progress"
# A leaf is made in the transaction that stores a chunk: so far the live path has come at least.
_FLOORS: Final = """
SELECT body ->> 'topic', (body ->> 'partition')::integer, max((body ->> 'last_offset')::bigint) + 1
  FROM kept.audit_leaves WHERE kind = 'chunk' GROUP BY 1, 2
"""
_EPOCHS: Final = """
UPDATE target.progress t
   SET epoch = l.epoch + (t.next <> l.next)::integer, updated_at = l.updated_at
  FROM live.progress l WHERE (l.topic, l.partition) = (t.topic, t.partition)
"""
_CAUSES: Final = """
INSERT INTO target.causes (person, record, replaced, event_id)
SELECT person, record, replaced, event_id FROM live.causes ORDER BY id
"""
_IDENTITIES: Final = """
SELECT c.relname, a.attname, pg_get_serial_sequence('target.' || quote_ident(c.relname), a.attname)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'target'::regnamespace AND c.relkind = 'r' AND a.attidentity <> ''
"""
_NUMBER: Final = "UPDATE kept.generation SET number = number + 1 RETURNING number"


def vector(connection: Connection, schema: str) -> dict[Place, int]:
    """Return up to where each partition was folded."""
    rows = connection.execute(_here(_VECTOR, schema)).fetchall()
    return {(topic, partition): next_ for topic, partition, next_ in rows}


def floors(connection: Connection) -> dict[Place, int]:
    """Return up to where the live path has stored each partition, by the audit log."""
    rows = connection.execute(_FLOORS).fetchall()
    return {(topic, partition): next_ for topic, partition, next_ in rows}


def goals(live: Mapping[Place, int], least: Mapping[Place, int]) -> dict[Place, int]:
    """Return where a rebuild must stand: as far as ``live``, or as what ``live`` once stored.

    Never further: what nobody stored has no audit leaf, and its bad records have not left.
    """
    return {place: max(live.get(place, 0), least.get(place, 0)) for place in {*live, *least}}


def swap(
    into: Into,
    goal: Mapping[Place, int],
    leaf: Mapping[str, object],
    code: Sequence[str] = (),
) -> int:
    """Rename, inside a standstill; return the new generation's number.

    Args:
        into: the schema that becomes ``live``.
        goal: where it must stand.
        leaf: what the audit log keeps of it.
        code: functions and views that need a table that moves.

    Raises:
        PermanentError: the schema does not stand where it must, or has other columns than ``live``.
    """
    connection, schema = into
    if vector(connection, schema) != goal:
        raise PermanentError(f"{schema} does not stand where live stands; nothing was swapped")
    if replay_schema.structure(connection, schema) != replay_schema.structure(connection, LIVE):
        raise PermanentError(
            f"{schema} has other columns than live: a migration came between; replay again"
        )
    connection.execute(_here(_EPOCHS, schema))
    connection.execute(_here(_CAUSES, schema))
    for table, how in HANDLED.items():
        if how == CARRIED and _is_there(connection, table):
            _carry(connection, schema, table)
        elif how == MOVED and _is_there(connection, table):
            connection.execute(f'ALTER TABLE live."{table}" SET SCHEMA {schema}'.encode())
    if left := replay_schema.create_code(connection, code):
        raise PermanentError(f"{len(left)} functions of live cannot be made again; nothing swapped")
    replay_guards.put(connection, schema)
    _count_on(connection, schema)
    if replay_schema.exists(connection, PREVIOUS) and schema != PREVIOUS:
        connection.execute(f"ALTER SCHEMA {PREVIOUS} RENAME TO {RETIRED}".encode())
    connection.execute(f"ALTER SCHEMA {LIVE} RENAME TO leaving".encode())
    connection.execute(f"ALTER SCHEMA {schema} RENAME TO {LIVE}".encode())
    connection.execute(f"ALTER SCHEMA leaving RENAME TO {PREVIOUS}".encode())
    row = connection.execute(_NUMBER).fetchone()
    assert row is not None
    number = int(row[0])
    leaves.leave(connection, "replay", {"generation": number, **leaf})
    return number


def _is_there(connection: Connection, table: str) -> bool:
    return connection.execute(
        "SELECT to_regclass(%s) IS NOT NULL", [f"live.{table}"]
    ).fetchone() == (True,)


def _carry(connection: Connection, schema: str, table: str) -> None:
    """Replace what the rebuild has of a queue by what waits in ``live``."""
    connection.execute(f'DELETE FROM {schema}."{table}"'.encode())  # noqa: S608
    connection.execute(
        f'INSERT INTO {schema}."{table}" OVERRIDING SYSTEM VALUE'  # noqa: S608
        f' SELECT * FROM live."{table}"'.encode()
    )


def _count_on(connection: Connection, schema: str) -> None:
    """Let every identity column go on after the highest number there is."""
    rows = connection.execute(_here(_IDENTITIES, schema, quoted=True)).fetchall()
    for table, column, sequence in rows:
        connection.execute(
            f'SELECT setval(%s, coalesce((SELECT max("{column}") FROM {schema}."{table}"), 0) + 1,'  # noqa: S608
            " false)".encode(),
            [sequence],
        )


def _here(statement: str, schema: str, *, quoted: bool = False) -> bytes:
    if quoted:
        return statement.replace("'target", f"'{schema}").encode()
    return statement.replace("target.", f"{schema}.").encode()
