"""Facts of whole partitions into the rebuild's unindexed tables, then what follows from them all.

While it fills, ``facts`` has the columns of a chunk's temporary table, too, so the bytes that the
worker would have copied there are copied straight into it. A partition is one transaction: COPY,
completions, bad records, progress; a crash before its commit leaves nothing of it. What the live
path finds chunk by chunk is found here at once, when all partitions are in:

- *repeats*: of several events with one id the first in the topic counts, in one partition that is
  the one that the live path met first; the others are taken out and counted as suppressed, or
  with another digest as quarantined;
- *closures and replacements*: by the chunk store's own statements, over all facts.

Nothing is queued: everybody is assessed afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

import psycopg

from projections import chunk_sql
from projections.chunk_rows import COLUMNS, HEADER, TRAILER
from projections.chunk_store import Completion, Quarantined, Replacement
from projections.replay_session import Into, in_schema
from schemas.errors import PermanentError

_COPY: Final = (
    "COPY live.facts (" + ", ".join(name for name, _ in COLUMNS) + ") FROM STDIN (FORMAT binary)"
)
# Where a fact comes from is the same for a whole partition: a setting of the session.
_PLACES: Final = """
ALTER TABLE live.facts ALTER topic SET DEFAULT current_setting('hub.topic'),
                       ALTER partition SET DEFAULT current_setting('hub.partition')::integer
"""
_NO_PLACES: Final = """
ALTER TABLE live.facts ALTER topic DROP DEFAULT, ALTER partition DROP DEFAULT
"""
_FURTHER: Final = """
SELECT attname FROM pg_attribute
 WHERE attrelid = 'live.facts'::regclass AND attnum > 0 AND NOT attisdropped
"""
_PROGRESS: Final = """
INSERT INTO live.progress (topic, partition, cluster_id, topic_id, next, epoch, partition_sequence,
                           unnumbered, events, suppressed, quarantined)
VALUES (%s, %s, %s, %s, %s, 0, %s, %s, %s, %s, %s)
"""
_COUNT: Final = """
UPDATE live.progress
   SET events = events - %(repeats)s, suppressed = suppressed + %(repeats)s - %(conflicts)s,
       quarantined = quarantined + %(conflicts)s
 WHERE topic = %(topic)s AND partition = %(partition)s
"""
# Ids that several records have; then all of their records but the first.
_TWICE: Final = """
CREATE TEMPORARY TABLE twice AS
SELECT event_id FROM live.facts WHERE ordinal = 0 GROUP BY event_id HAVING count(*) > 1
"""
_REPEATS: Final = """
CREATE TEMPORARY TABLE repeats AS
SELECT event_id, topic, partition, "offset", is_same FROM (
    SELECT event_id, topic, partition, "offset", row_number() OVER earliest AS nth,
           digest = first_value(digest) OVER earliest AS is_same
      FROM live.facts JOIN twice USING (event_id) WHERE ordinal = 0
    WINDOW earliest AS (PARTITION BY event_id ORDER BY known_from, topic, partition, "offset")
) AS found WHERE nth > 1
"""
_FORGET: Final = """
DELETE FROM live.facts f USING repeats r
WHERE (f.event_id, f.topic, f.partition, f."offset")
    = (r.event_id, r.topic, r.partition, r."offset")
"""


_REPLACING: Final = """
CREATE UNLOGGED TABLE live.replacing (
    event_id uuid, replaced uuid, known_from bigint, topic text, partition integer, "offset" bigint)
"""
_COPY_REPLACING: Final = "COPY live.replacing FROM STDIN"
_REPLACEMENTS: Final = """
INSERT INTO live.replacements (event_id, replaced, known_from)
SELECT event_id, replaced, timestamptz 'epoch' + known_from * interval '1 microsecond'
  FROM live.replacing
 WHERE (event_id, topic, partition, "offset")
       NOT IN (SELECT event_id, topic, partition, "offset" FROM pg_temp.repeats)
 ORDER BY event_id
"""


class Counts(NamedTuple):
    """What a partition came to before repeats are taken out."""

    events: int = 0
    suppressed: int = 0
    quarantined: int = 0


class Repeat(NamedTuple):
    """A record whose event was stated before."""

    event_id: bytes
    topic: str
    partition: int
    offset: int
    is_same: bool


@dataclass(slots=True, kw_only=True)
class Part:
    """One partition on its way into the tables of ``schema``."""

    into: Into
    topic: str
    partition: int
    completions: dict[bytes, Completion] = field(default_factory=dict)
    replacements: list[Replacement] = field(default_factory=list)
    bad: list[Quarantined] = field(default_factory=list)
    events: int = 0
    suppressed: int = 0

    @contextmanager
    def copying(self) -> Iterator[psycopg.Copy]:
        """Give the COPY that takes the rows; ``finish`` comes after it, then the commit."""
        self._run(
            "SELECT set_config('hub.topic', %s, false), set_config('hub.partition', %s, false)",
            self.topic,
            str(self.partition),
        )
        statement = in_schema(_COPY, self.into.schema).encode()
        with self.into.connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(HEADER)
            yield copy
            copy.write(TRAILER)

    def complete(self, completions: Iterable[Completion]) -> list[tuple[int, bytes]]:
        """Note completions; return offset and id of those that conflict with one before."""
        conflicts = []
        for each in completions:
            known = self.completions.setdefault(each.event_id, each)
            if known is each:
                self.events += 1
            elif known.digest == each.digest:
                self.suppressed += 1
            else:
                conflicts.append((each.offset, each.event_id))
        return conflicts

    def finish(
        self, cluster_id: str, topic_id: str, next_: int, sequence: int, unnumbered: int
    ) -> Counts:
        """Store what is not a fact, and how far the partition was read."""
        for each in self.completions.values():
            self._run(
                chunk_sql.INSERT_COMPLETION,
                UUID(bytes=each.event_id),
                each.registry,
                self.partition,
                each.through,
                each.snapshot,
                each.known_from,
                each.digest,
            )
        with self.into.connection.cursor() as cursor:
            statement = in_schema(_COPY_REPLACING, self.into.schema).encode()
            with cursor.copy(statement) as copy:
                for event_id, replaced, known_from, offset in self.replacements:
                    ids = (UUID(bytes=event_id), UUID(bytes=replaced))
                    copy.write_row([*ids, known_from, self.topic, self.partition, offset])
        for bad in self.bad:
            insert_bad(self.into, self.topic, self.partition, bad)
        counts = Counts(self.events, self.suppressed, len(self.bad))
        place = (self.topic, self.partition, cluster_id, topic_id)
        self._run(_PROGRESS, *place, next_, sequence, unnumbered, *counts)
        return counts

    def _run(self, statement: str, *arguments: object) -> None:
        self.into.connection.execute(in_schema(statement, self.into.schema).encode(), arguments)


def rows_of(copied: bytes) -> memoryview:
    """Return the tuples of a chunk's rows, to be copied together with others."""
    return memoryview(copied)[len(HEADER) : -len(TRAILER)]


def insert_bad(into: Into, topic: str, partition: int, bad: Quarantined) -> None:
    """Store that a record broke a rule; its original left when the live path met it."""
    statement = in_schema(chunk_sql.INSERT_QUARANTINED, into.schema)
    event_id = bad.event_id and UUID(bytes=bad.event_id)
    place = [topic, partition, bad.offset, UUID(bytes=bad.entry)]
    into.connection.execute(statement.encode(), [*place, bad.rule, bad.field, event_id])


def open_facts(into: Into) -> None:
    """Let ``facts`` take what a chunk's temporary table takes."""
    connection, schema = into
    known = {f"{row[0]}" for row in connection.execute(in_schema(_FURTHER, schema).encode())}
    for name, kind in COLUMNS:
        if name.strip('"') not in known:
            connection.execute(f"ALTER TABLE {schema}.facts ADD COLUMN {name} {kind}".encode())
    connection.execute(in_schema(_PLACES, schema).encode())
    connection.execute(in_schema(_REPLACING, schema).encode())


def close_facts(into: Into) -> None:
    """Make ``facts`` what it is in ``live``; what follows from all facts is stored before."""
    connection, schema = into
    connection.execute(in_schema(_NO_PLACES, schema).encode())
    known = {f"{row[0]}" for row in connection.execute(_FURTHER.encode())}
    for name, _ in COLUMNS:
        if name.strip('"') not in known:
            connection.execute(f"ALTER TABLE {schema}.facts DROP COLUMN {name}".encode())


def take_out_repeats(into: Into) -> list[Repeat]:
    """Keep of each event its first record, and return the others.

    The temporary table ``repeats`` keeps them for as long as the connection lasts.
    """
    connection, schema = into
    connection.execute("DROP TABLE IF EXISTS pg_temp.twice, pg_temp.repeats")
    for statement in (_TWICE, "ANALYZE twice", _REPEATS, _FORGET):
        connection.execute(in_schema(statement, schema).encode())
    rows = connection.execute(
        'SELECT uuid_send(event_id), topic, partition, "offset", is_same FROM repeats'
    ).fetchall()
    return [Repeat(*row) for row in rows]


def count_repeats(into: Into, repeats: Sequence[Repeat], entries: Sequence[Quarantined]) -> None:
    """Correct the progress of every partition, and store the conflicts.

    Args:
        into: the rebuild.
        repeats: what was taken out.
        entries: of those that conflict, in their order.
    """
    connection, schema = into
    conflicts = [each for each in repeats if not each.is_same]
    for each, entry in zip(conflicts, entries, strict=True):
        insert_bad(into, each.topic, each.partition, entry)
    for topic, partition in sorted({(each.topic, each.partition) for each in repeats}):
        mine = [each for each in repeats if (each.topic, each.partition) == (topic, partition)]
        counted = {
            "topic": topic,
            "partition": partition,
            "repeats": len(mine),
            "conflicts": sum(not each.is_same for each in mine),
        }
        connection.execute(in_schema(_COUNT, schema).encode(), counted)


def check_must_repeat(
    must_repeat: Iterable[tuple[str, int, int]], repeats: Iterable[Repeat]
) -> None:
    """Refuse a number that steps back where the event is no repeat.

    Raises:
        PermanentError: it names the place.
    """
    found = {(each.topic, each.partition, each.offset) for each in repeats}
    for place in must_repeat:
        if place not in found:
            topic, partition, offset = place
            raise PermanentError(
                f"{topic}/{partition}/{offset}: partition_sequence steps back, but the event is "
                "new; find out who wrote it before going on"
            )


def derive(into: Into) -> None:
    """Store what follows from facts, by the chunk store's own statements; repeats are out."""
    connection, schema = into
    connection.execute(in_schema(_REPLACEMENTS, schema).encode())
    connection.execute(in_schema("DROP TABLE live.replacing", schema).encode())
    for statement in following(vars(chunk_sql)):
        over_all = statement.replace("pg_temp.chunk", "live.facts")
        connection.execute(in_schema(over_all, schema).encode())


def following(statements: Mapping[str, object]) -> list[str]:
    """Return the chunk store's statements that make rows from a chunk's facts, but for causes."""
    return [
        statement
        for statement in statements.values()
        if isinstance(statement, str)
        and "FROM pg_temp.chunk" in statement
        and statement.lstrip().startswith("INSERT INTO live.")
        and not statement.lstrip().startswith(("INSERT INTO live.facts", "INSERT INTO live.causes"))
    ]
