"""What was said of needs, into the rebuild: from the topic, and from what has not left yet.

``kept.outbox`` is never swapped and holds, for every need said, the moment at which it was said;
the topic says when it left. So the outbox gives ``known_from`` where it has the row, and the rows
that are not on the topic yet. It is read up to a *mark*: the highest id when nobody was writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from projections.replay_session import Connection, Into, in_schema

HISTORY: Final = (
    "event_id, need, version, person, household, kind, status, since, review_on, urgency,"
    " amount_minor, rule, evidence, reason, causation_id, known_from"
)
_STAGE: Final = """
CREATE UNLOGGED TABLE live.said (
    event_id uuid, need uuid, version bigint, person uuid, household uuid, kind text, status text,
    since date, review_on date, urgency text, amount_minor bigint, rule text, evidence uuid[],
    reason bytea, causation_id uuid, known_from timestamptz, said_on date)
"""
_COPY: Final = f"COPY live.said ({HISTORY}, said_on) FROM STDIN"
_SENT: Final = """
CREATE TEMPORARY TABLE sent AS
SELECT id, at, (body -> 'fields' ->> 'need')::uuid AS need, (body ->> 'version')::bigint AS version
  FROM (SELECT id, at, convert_from(body, 'UTF8')::jsonb AS body
          FROM kept.outbox WHERE kind = 'need' AND id <= %s) AS outbox
"""
_UNSENT: Final = """
SELECT id FROM sent WHERE NOT EXISTS (
    SELECT FROM live.said WHERE (said.need, said.version) = (sent.need, sent.version))
 ORDER BY id
"""
_BODIES: Final = "SELECT id, body, at FROM kept.outbox WHERE id = ANY (%s) ORDER BY id"
_ROWS: Final = 5_000
_AFTER: Final = """
SELECT id, body, at FROM kept.outbox WHERE kind = 'need' AND id > %s ORDER BY id
"""
_MARK: Final = "SELECT coalesce(max(id), 0) FROM kept.outbox"
_FILL: Final = f"""
INSERT INTO live.need_history ({HISTORY})
SELECT DISTINCT ON (event_id) event_id, need, version, person, household, kind, status, since,
       review_on, urgency, amount_minor, rule, evidence, reason, causation_id,
       coalesce(sent.at, said.known_from)
  FROM live.said LEFT JOIN sent USING (need, version)
 WHERE coalesce(sent.at, said.known_from) <= %s
 ORDER BY event_id
"""  # noqa: S608 - constants only
# What was said last of each need. Why it was said is digested when everybody is assessed.
_LAST: Final = """
INSERT INTO live.needs (need, version, person, household, kind, status, since, review_on, urgency,
       amount_minor, rule, evidence, reason, reason_digest, event_id, assessed_on, known_from)
SELECT DISTINCT ON (need) need, version, person, h.household, h.kind, h.status, h.since,
       h.review_on, h.urgency, h.amount_minor, h.rule, h.evidence, h.reason, ''::bytea, event_id,
       coalesce(s.said_on, h.since), h.known_from
  FROM live.need_history h LEFT JOIN live.said s USING (event_id, need, version, person)
 ORDER BY need, version DESC
"""
_ADD: Final = f"""
INSERT INTO live.need_history ({HISTORY}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
       %s::uuid[], %s, %s, %s) ON CONFLICT (event_id) DO NOTHING
"""  # noqa: S608 - constants only
# The row that the assessor wrote in the transaction in which it was said.
_ADD_NEEDS: Final = """
INSERT INTO target.needs AS n ({columns})
SELECT {columns} FROM live.needs l
 WHERE NOT EXISTS (SELECT FROM target.needs t
                    WHERE t.need = l.need AND t.version >= l.version)
ON CONFLICT (need) DO UPDATE SET {updates}
"""
_FOLLOW_HISTORY: Final = f"""
INSERT INTO target.need_history ({HISTORY})
SELECT {HISTORY} FROM live.need_history l
 WHERE NOT EXISTS (SELECT FROM target.need_history t WHERE t.event_id = l.event_id)
"""  # noqa: S608 - constants only
NEEDS: Final = (
    "need, version, person, household, kind, status, since, review_on, urgency, amount_minor, rule,"
    " evidence, reason, reason_digest, event_id, assessed_on, known_from"
)


class Unsent(NamedTuple):
    """A row of the outbox."""

    id: int
    body: bytes
    at: Any


def mark(connection: Connection) -> int:
    """Return the last row of the outbox; exact while nobody writes."""
    row = connection.execute(_MARK).fetchone()
    assert row is not None
    return int(row[0])


def stage(into: Into) -> None:
    """Make the table that takes what the topic says."""
    connection, schema = into
    connection.execute(in_schema(_STAGE, schema).encode())


def copy_said(into: Into, rows: Iterable[Sequence[object]]) -> None:
    """Add rows of ``HISTORY`` and the day they were concluded for."""
    connection, schema = into
    statement = in_schema(_COPY, schema).encode()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def unsent(into: Into, up_to: int) -> Iterator[list[Unsent]]:
    """Return, some at a time, what the outbox holds up to a mark and the staged rows do not."""
    connection, schema = into
    connection.execute("DROP TABLE IF EXISTS pg_temp.sent")
    connection.execute(_SENT.replace("%s", str(int(up_to))).encode())
    connection.execute("ANALYZE pg_temp.sent")
    missing = [row[0] for row in connection.execute(in_schema(_UNSENT, schema).encode())]
    for first in range(0, len(missing), _ROWS):
        rows = connection.execute(_BODIES, [missing[first : first + _ROWS]]).fetchall()
        yield [Unsent(*row) for row in rows]


def after(connection: Connection, seen: int) -> list[Unsent]:
    """Return what was said after a mark."""
    return [Unsent(*row) for row in connection.execute(_AFTER, [seen]).fetchall()]


def fill(into: Into, until: object = "infinity") -> int:
    """Make history and last words of what was said by a moment; return how many statements."""
    connection, schema = into
    filled = connection.execute(in_schema(_FILL, schema).encode(), [until]).rowcount
    connection.execute(in_schema(_LAST, schema).encode())
    connection.execute(in_schema("DROP TABLE live.said", schema).encode())
    return filled


def add(into: Into, rows: Iterable[Sequence[object]]) -> None:
    """Add what was said since; rows of ``HISTORY``."""
    connection, schema = into
    with connection.cursor() as cursor:
        cursor.executemany(in_schema(_ADD, schema).encode(), list(rows))


def follow(into: Into) -> None:
    """Take over from ``live`` every need of which more was said than ``schema`` knows."""
    connection, schema = into
    connection.execute(_FOLLOW_HISTORY.replace("target.", f"{schema}.").encode())
    names = [name.strip() for name in NEEDS.split(",")]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != "need")
    statement = _ADD_NEEDS.format(columns=NEEDS, updates=updates)
    connection.execute(statement.replace("target.", f"{schema}.").encode())
