"""Read everybody's facts, in bulk, as of one moment. Writes nothing, locks nothing.

One read-only transaction at REPEATABLE READ, so that whatever is read belongs together, however
long it takes; several processes can share its snapshot. A swap of schemas meanwhile would put
other tables under the same names, of which the snapshot shows nothing: that is noticed and refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, LiteralString

import orjson
import psycopg
from psycopg import sql
from psycopg.types.json import set_json_loads

from projections import completeness, needs_sql
from projections.arrays import uuids
from schemas.errors import TransientError

Row = tuple[Any, ...]
SESSION: Final = {
    "application_name": "hub-everyone",
    "options": (
        "-c timezone=UTC -c jit=off -c plan_cache_mode=force_custom_plan -c work_mem=64MB"
        " -c random_page_cost=1.1 -c max_parallel_workers_per_gather=0"
    ),
    "connect_timeout": "5",
}
_FETCHED: Final = 20_000  # rows of a cursor at a time
_BEGIN: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"

PERSONS: Final = "SELECT uuid_send(person) FROM live.facts GROUP BY person ORDER BY person"

# Who may share a household on the day or decide about it, or is the same person: whatever the
# version, so that none is missed. Each relation from one end: facts state it from both.
TIES: Final = """
SELECT uuid_send(person),
       uuid_send(CASE kind WHEN 'birth' THEN value ->> 'mother'
                           WHEN 'marriage' THEN value ->> 'spouse'
                           WHEN 'guardian' THEN value ->> 'guardian'
                           ELSE value ->> 'person' END::uuid),
       uuid_send(CASE kind WHEN 'birth' THEN value ->> 'father' END::uuid)
  FROM live.facts
 WHERE kind = 'birth' AND value ->> 'born_on' > %(minors_from)s
    OR kind = 'marriage' AND value ->> 'married_on' <= %(on)s
    OR kind = 'guardian'
    OR kind = 'linked_to'
"""

# ``needs_sql.FACTS`` of thousands of people: the same rows, but each record's closures are found
# once for all, not once a fact. A version above the first always left a closure with its facts, so
# the closures alone say which version is the latest. Few records are annulled; those are looked at
# as there, one by one.
FACTS: Final = """
WITH wanted AS MATERIALIZED (
    SELECT f.event_id, f.person, f.kind, f.value,
           CASE WHEN f.sensitivity = 'health' THEN f.sealed END AS sealed, f.sensitivity,
           f.valid_from, f.valid_to, f.known_from, f.record, f.version, f.change
      FROM live.facts f
     WHERE f.person = ANY (%(persons)s::uuid[]) AND f.kind = ANY (%(kinds)s)
       AND (f.kind <> 'income' OR f.valid_from >= %(since)s)
       AND f.known_from <= %(known_at)s::timestamptz
), closed AS MATERIALIZED (
    SELECT c.record, max(c.version) FILTER (WHERE c.change <> 'ANNULLED') AS latest,
           max(c.version) FILTER (WHERE c.change = 'ANNULLED') AS annulled
      FROM live.closures c
     WHERE c.record = ANY (ARRAY(SELECT record FROM wanted))
       AND c.known_from <= %(known_at)s::timestamptz
     GROUP BY c.record
)
SELECT uuid_send(f.event_id), uuid_send(f.person), f.kind, f.value, f.sealed, f.sensitivity,
       f.valid_from, f.valid_to, f.known_from, uuid_send(f.record), f.version, f.change,
       closed.latest, annulled.at, annulled.type, annulled.by
  FROM wanted f
  LEFT JOIN closed ON closed.record = f.record
  LEFT JOIN LATERAL (
    SELECT CASE WHEN EXISTS (
                SELECT FROM live.facts g JOIN live.replacements r ON r.replaced = g.event_id
                 WHERE g.record = f.record AND r.known_from <= %(known_at)s::timestamptz)
                THEN timestamptz 'epoch' ELSE c.known_from END AS at,
           (SELECT g.value ->> 'type' FROM live.facts g
             WHERE g.record = f.record AND g.kind = 'annulled' LIMIT 1) AS type,
           uuid_send(c.event_id) AS by
      FROM live.closures c
     WHERE c.record = f.record AND c.change = 'ANNULLED' AND c.version > f.version
       AND c.known_from <= %(known_at)s::timestamptz
     ORDER BY c.known_from, c.event_id LIMIT 1
  ) annulled ON closed.annulled > f.version
"""
DISTRICTS: Final = "SELECT DISTINCT value ->> 'district' FROM live.facts WHERE kind = 'residence'"
OFFSETS: Final = """
SELECT topic, partition, cluster_id, topic_id, next FROM live.progress ORDER BY topic, partition
"""
TABLES: Final = "SELECT 'live.facts'::regclass::oid::bigint"
EXPORT: Final = "SELECT pg_export_snapshot()"


class ReplacedError(TransientError):
    """The tables that were being read are no longer the live ones."""


class EveryoneStore:
    """One snapshot of a schema's facts; ``close`` lets go of it.

    Args:
        dsn: the hub's database.
        schema: where the tables are.
        snapshot: of another session that is still open; None: one of our own.
        known_at: as if nothing had become known later; None: all.
    """

    def __init__(
        self,
        dsn: str,
        schema: str = "live",
        snapshot: str | None = None,
        known_at: datetime | None = None,
    ) -> None:
        self._schema = schema
        self._known_at = known_at or "infinity"
        self.connection = psycopg.connect(dsn, **SESSION)  # type: ignore[arg-type]
        set_json_loads(orjson.loads, self.connection)
        self.connection.execute(_BEGIN)
        if snapshot is not None:
            literal = sql.Literal(snapshot)
            statement = sql.SQL("SET TRANSACTION SNAPSHOT {}").format(literal)
            self.connection.execute(statement)
        self._tables = self._rows(TABLES)

    def close(self) -> None:
        self.connection.close()

    def export(self) -> str:
        """Return the name under which other sessions can read the same snapshot."""
        return str(self._rows(EXPORT)[0][0])

    def persons(self) -> Iterator[bytes]:
        """Return every id of which anything is stated, sorted."""
        return (row[0] for row in self._stream("persons", PERSONS, {}))

    def ties(self, on: date, minors_from: date) -> Iterator[Row]:
        """Return (person, other or None, another or None) for whoever belongs together."""
        wanted = {"on": on.isoformat(), "minors_from": minors_from.isoformat()}
        return self._stream("ties", TIES, wanted)

    def facts(self, persons: Collection[bytes], kinds: Sequence[str], since: date) -> list[Row]:
        """Return the facts of ``persons``, of incomes only those from ``since`` on."""
        if not persons:
            return []
        arguments = {"persons": uuids(persons), "kinds": list(kinds), "since": since}
        return self._rows(FACTS, arguments | {"known_at": self._known_at})

    def registered_at(self, dwellings: Collection[str]) -> set[bytes]:
        """Return who has ever been registered at one of ``dwellings``."""
        if not dwellings:
            return set()
        return {row[0] for row in self._rows(needs_sql.REGISTERED_AT, [list(dwellings)])}

    def completeness(self) -> dict[str, completeness.Complete]:
        rows = self._rows(completeness.SELECT, {"known_at": self._known_at})
        return completeness.by_registry(rows)

    def districts(self) -> list[str]:
        """Return the code of every district that anybody was ever registered in."""
        return sorted(row[0] for row in self._rows(DISTRICTS) if row[0])

    def offsets(self) -> list[Row]:
        """Return how far each partition of each topic was read; the same is the same facts."""
        return self._rows(OFFSETS)

    def check(self) -> None:
        """Make sure that the tables are those of the snapshot.

        Raises:
            ReplacedError: they were swapped; what was read since the last check is void.
        """
        if self._rows(TABLES) != self._tables:
            raise ReplacedError("the hub's tables were replaced meanwhile")

    def _rows(
        self, statement: LiteralString, arguments: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> list[Row]:
        return self.connection.execute(self._here(statement), arguments, binary=True).fetchall()

    def _stream(
        self, name: str, statement: LiteralString, arguments: Mapping[str, Any]
    ) -> Iterator[Row]:
        """Return rows as they come: all of them would take more memory than there may be."""
        with self.connection.cursor(name, binary=True) as cursor:
            cursor.itersize = _FETCHED
            cursor.execute(self._here(statement), arguments)
            yield from cursor

    def _here(self, statement: LiteralString) -> bytes:
        return statement.replace("live.", f"{self._schema}.").encode()
