"""A rebuild against ``live``, set against set, on one snapshot that has both at one offset vector.

Only keys, columns and counts are told, never a value. A table's columns come from the catalog, so a
new one is compared without anybody thinking of it. What may differ, and why:

- ``progress``: epochs are of claims, ``updated_at`` of the clock;
- a fact's place, where its event came more than once and in several partitions: which of them the
  live path met first is chance;
- evidence of what was said, where the key of the reason is gone;
- needs and assessments of whoever is *pending*: a cause waits on either side, or a day is due.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from projections import replay_schema
from projections.replay_session import Connection

_SHOWN: Final = 5  # differences that are named
_PLACE: Final = ("topic", "partition", "offset")


@dataclass(frozen=True, slots=True)
class Compared:
    """How one table is compared."""

    table: str
    key: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    persons: str = ""  # whose rows wait for nobody: an expression over both sides


FACTS: Final = (
    Compared("progress", ("topic", "partition"), ("epoch", "updated_at")),
    Compared("quarantined", ("topic", "partition", "offset")),
    Compared("completeness", ("event_id",)),
    Compared("closures", ("event_id",)),
    Compared("replacements", ("event_id",)),
    Compared("facts", ("event_id", "ordinal"), _PLACE),
    Compared("need_history", ("event_id",), ("evidence",)),
)
CONCLUSIONS: Final = (
    Compared(
        "needs",
        ("need",),
        ("known_from", "assessed_on", "reason", "reason_digest"),
        "ARRAY[l.person, r.person]",
    ),
    Compared(
        "assessments",
        ("household",),
        ("known_from", "assessed_on", "seen"),
        "coalesce(l.members, '{}') || coalesce(r.members, '{}')",
    ),
)
# Further conditions under which a pair differs.
_FURTHER: Final = {
    "facts": (
        "place",
        '(l.topic, l.partition, l."offset") IS DISTINCT FROM (r.topic, r.partition, r."offset")'
        " AND NOT l.event_id = ANY (%(repeated)s)",
    ),
    "need_history": ("evidence", "r.evidence <> '{}' AND l.evidence IS DISTINCT FROM r.evidence"),
    "needs": (
        "reason_digest",
        "l.status <> 'ended' AND l.reason_digest IS DISTINCT FROM r.reason_digest"
        " AND r.reason_digest <> ''",
    ),
}
_PENDING: Final = """
CREATE TEMPORARY TABLE pending ON COMMIT DROP AS
WITH waiting (person, record, replaced) AS (
    SELECT person, record, replaced FROM live.causes
    UNION SELECT person, record, replaced FROM target.causes
), named AS (
    SELECT person FROM waiting WHERE person IS NOT NULL
    UNION SELECT f.person FROM waiting w JOIN target.facts f ON f.record = w.record
    UNION SELECT f.person FROM waiting w JOIN target.facts e ON e.event_id = w.replaced
                          JOIN target.facts f ON f.record = e.record
    UNION SELECT anchor FROM live.assessments
           WHERE next_change_on <= %(on)s OR settles_at <= %(now)s
              OR income_through IS DISTINCT FROM %(closed)s::date
    UNION SELECT unnest(%(further)s::uuid[])
)
SELECT person FROM named
UNION SELECT unnest(members) FROM live.assessments
       WHERE members && ARRAY(SELECT person FROM named)
UNION SELECT unnest(members) FROM target.assessments
       WHERE members && ARRAY(SELECT person FROM named)
"""
_COUNTED: Final = """
SELECT f.need, f.version FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) f (need, person, version)
  LEFT JOIN target.needs n ON n.need = f.need
 WHERE coalesce(n.version, 0) = f.version AND NOT EXISTS (SELECT FROM pending p
                                                           WHERE p.person = f.person)
"""


class Difference(NamedTuple):
    """One row that is not the same on both sides."""

    table: str
    key: str  # ids and places only
    what: str  # the columns, or on which side it is missing


@dataclass(slots=True)
class Comparison:
    """What was found."""

    rows: dict[str, int] = field(default_factory=dict)  # in the rebuild, by table
    differences: dict[str, int] = field(default_factory=dict)  # how many, by table
    first: list[Difference] = field(default_factory=list)
    pending: int = 0  # people whose needs were not compared

    @property
    def is_equal(self) -> bool:
        return not self.differences

    def add(self, table: str, count: int, first: Sequence[Difference]) -> None:
        """Note ``count`` differences of a table."""
        if count:
            self.differences[table] = self.differences.get(table, 0) + count
            self.first += first[:_SHOWN]


def mark_pending(connection: Connection, schema: str, **moment: object) -> int:
    """Note whose needs nobody can compare now; ``on``, ``now``, ``closed``, ``further``."""
    connection.execute("DROP TABLE IF EXISTS pg_temp.pending")
    row = connection.execute(_here(_PENDING, schema), moment).rowcount
    connection.execute("CREATE INDEX ON pg_temp.pending (person)")
    connection.execute("ANALYZE pg_temp.pending")
    return row


def compare(
    connection: Connection,
    schema: str,
    tables: Sequence[Compared],
    repeated: Collection[bytes],
    found: Comparison,
) -> None:
    """Compare ``tables``; the connection is inside a transaction on one snapshot."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind, _ in replay_schema.structure(connection, replay_schema.LIVE):
        columns.setdefault(str(table), []).append((str(name), str(kind)))
    arguments = {"repeated": [UUID(bytes=event) for event in repeated]}
    for each in tables:
        if each.table not in columns:
            continue
        statement = _statement(each, columns[each.table], schema)
        rows = connection.execute(statement.encode(), arguments).fetchall()
        count = int(rows[0][2]) if rows else 0
        first = [Difference(each.table, str(key), str(what)) for key, what, _ in rows]
        found.add(each.table, count, first)
        counting = f"SELECT count(*) FROM {schema}.{each.table}"  # noqa: S608
        row = connection.execute(counting.encode()).fetchone()
        found.rows[each.table] = int(row[0]) if row else 0


def count_findings(
    connection: Connection,
    schema: str,
    findings: Sequence[tuple[bytes, bytes, int, str]],
    found: Comparison,
) -> None:
    """Count conclusions that differ from what was said: (need, person, version, column).

    Not those of whom more was said since, or who is pending.
    """
    needs = [UUID(bytes=need) for need, *_ in findings]
    persons = [UUID(bytes=person) for _, person, _, _ in findings]
    versions = [version for *_, version, _ in findings]
    columns = {UUID(bytes=need): column for need, _, _, column in findings}
    rows = connection.execute(_here(_COUNTED, schema), [needs, persons, versions]).fetchall()
    first = [Difference("needs", f"need {need}", f"{columns[need]} concluded") for need, _ in rows]
    found.add("needs", len(rows), first)


def _statement(each: Compared, columns: Sequence[tuple[str, str]], schema: str) -> str:
    names = [
        (name, kind) for name, kind in columns if name not in each.key and name not in each.left_out
    ]
    tests = [(name, _differs(name, kind)) for name, kind in names]
    if each.table in _FURTHER:
        tests.append(_FURTHER[each.table])
    keys = [f'"{name}"' for name in each.key]
    first = keys[0]
    what = ", ".join(f"CASE WHEN {test} THEN '{name}' END" for name, test in tests) or "NULL"
    differs = " OR ".join(f"({test})" for _, test in tests) or "false"
    waits = ""
    if each.persons:
        waits = f" AND NOT EXISTS (SELECT FROM pending p WHERE p.person = ANY ({each.persons}))"
    shown = ", ".join(keys)
    places = ", ".join(f"'{key.strip(chr(34))}', coalesce(l.{key}, r.{key})::text" for key in keys)
    return f"""
SELECT concat_ws(' ', {places}),
       CASE WHEN l.{first} IS NULL THEN 'missing in live' WHEN r.{first} IS NULL
            THEN 'missing in the rebuild' ELSE concat_ws(', ', {what}) END,
       count(*) OVER ()
  FROM live.{each.table} l FULL JOIN {schema}.{each.table} r USING ({shown})
 WHERE (l.{first} IS NULL OR r.{first} IS NULL OR {differs}){waits}
 ORDER BY {shown} LIMIT {_SHOWN}
"""  # noqa: S608 - names from the catalog


def _differs(name: str, kind: str) -> str:
    test = f'l."{name}" IS DISTINCT FROM r."{name}"'
    if kind == "uuid[]":  # sets
        test += f' AND NOT coalesce(l."{name}" @> r."{name}" AND r."{name}" @> l."{name}", false)'
    return test


def _here(statement: str, schema: str) -> bytes:
    return statement.replace("target.", f"{schema}.").encode()
