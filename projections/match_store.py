"""Who may be who: names out, sealed as they are; keyed blocks and suggestions in. Decides nothing.

A run has two phases, each a walk over ids in order, a batch a transaction:

    lock kept.generation FOR SHARE -> read -> write blocks, or suggestions, and the place -> COMMIT

A crash before COMMIT leaves the batch undone and the place before it; the next run goes on there.
After it, all of the batch. One run at a time (a session's advisory lock).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from projections import leaves
from schemas import topics

FIRST: Final = UUID(int=0)
MOST_IN_A_BLOCK: Final = 300  # a block of more tells nobody apart
MOST_NEAR: Final = 100  # of one id: those who share most blocks
_LOCK: Final = 0x6875_6206  # any number, the same in every process: "hub", 6

_BEGIN: Final = """
INSERT INTO live.match_progress (phase, after, done) VALUES ('blocks', %s, 0)
ON CONFLICT DO NOTHING
"""
_PLACE: Final = "SELECT phase, after, done FROM live.match_progress"
_MOVE: Final = "UPDATE live.match_progress SET phase = %s, after = %s, done = %s"
_COUNT: Final = "SELECT count(DISTINCT person) FROM live.facts WHERE sensitivity = 'identity'"
_COUNT_BLOCKS: Final = "SELECT count(DISTINCT person) FROM live.match_blocks"
_PERSONS: Final = """
SELECT DISTINCT person FROM live.facts
 WHERE sensitivity = 'identity' AND kind = ANY (%(kinds)s) AND person > %(after)s
 ORDER BY person LIMIT %(most)s
"""
# Every version counts, so that a corrected name is found under either; what was annulled does not.
_STATED: Final = """
SELECT f.person, f.event_id, f.kind, f.value,
       CASE WHEN f.sensitivity = 'identity' THEN f.sealed END
  FROM live.facts f
 WHERE f.person = ANY (%(persons)s) AND f.kind = ANY (%(kinds)s) AND f.change <> 'ANNULLED'
   AND NOT EXISTS (SELECT FROM live.closures c
                    WHERE c.record = f.record AND c.version > f.version AND c.change = 'ANNULLED')
"""
_BLOCKED: Final = """
SELECT DISTINCT person FROM live.match_blocks WHERE person > %s ORDER BY person LIMIT %s
"""
# Provisional: no registry names it by number (see decisions.is_provisional); and linked to nobody.
_UNLINKED: Final = """
SELECT p.id FROM unnest(%(persons)s::uuid[]) AS p (id)
 WHERE NOT EXISTS (
        SELECT FROM live.facts f WHERE f.person = p.id
           AND (f.topic = %(civil)s
                AND f.kind NOT IN ('birth', 'annulled', 'linked_to', 'unlinked_to')
             OR f.topic = %(tax)s AND f.kind <> 'annulled' AND f.sealed IS NULL))
   AND kept.canonical(p.id) = p.id
"""
_NEAR: Final = """
SELECT alias, near, kept.canonical(near) FROM (
    SELECT a.person AS alias, near,
           row_number() OVER (PARTITION BY a.person ORDER BY count(*) DESC, near) AS place
      FROM live.match_blocks a
      CROSS JOIN LATERAL (
        SELECT array_agg(m.person) AS members FROM (
            SELECT b.person FROM live.match_blocks b WHERE b.block = a.block LIMIT %(full)s) m) l,
      unnest(CASE WHEN cardinality(l.members) < %(full)s THEN l.members END) AS near
     WHERE a.person = ANY (%(aliases)s::uuid[]) AND near <> a.person
     GROUP BY a.person, near) ranked
 WHERE place <= %(most)s
"""
_REFUSED: Final = """
SELECT f.person, kept.canonical((f.value ->> 'person')::uuid) FROM live.facts f
 WHERE f.person = ANY (%s) AND f.kind = 'unlinked_to'
   AND NOT EXISTS (SELECT FROM live.facts g WHERE g.record = f.record AND g.version > f.version)
"""
_LIST: Final = """
SELECT s.alias, kept.canonical(s.person), s.score, s.features, s.found_at, count(*) OVER ()
  FROM live.suggestions s
 WHERE s.score >= %(least)s AND kept.canonical(s.alias) = s.alias
   AND NOT EXISTS (
        SELECT FROM live.facts f WHERE f.person = s.alias AND f.kind = 'unlinked_to'
           AND (f.value ->> 'person')::uuid = s.person
           AND NOT EXISTS (SELECT FROM live.facts g
                            WHERE g.record = f.record AND g.version > f.version))
 ORDER BY s.score DESC, s.alias, s.person LIMIT %(most)s
"""


class Stated(NamedTuple):
    """What one event says of who somebody is; its names are sealed."""

    person: UUID
    event_id: UUID
    kind: str
    value: Mapping[str, Any]
    sealed: bytes | None


class Place(NamedTuple):
    """How far a run is."""

    phase: str  # blocks, pairs
    after: UUID
    done: int


class Suggestion(NamedTuple):
    """Whom an id may be."""

    alias: UUID
    person: UUID
    score: int
    features: Mapping[str, str]


@dataclass(slots=True)
class MatchStore:
    """One connection, in autocommit."""

    connection: psycopg.Connection[tuple[Any, ...]]

    def take(self) -> bool:
        """Become the one run, until the connection ends; False if another is at work."""
        row = self.connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        return row == (True,)

    def begin(self, reader: str) -> Place:
        """Return where the last run stopped, or begin anew, which is put on record."""
        with self.connection.transaction():
            self._lock_generation()
            if self.connection.execute(_BEGIN, [FIRST]).rowcount:
                leaf = {"what": "suggest", "who": reader, "purpose": "unspecified"}
                leaves.leave(self.connection, "read", leaf)
            row = self.connection.execute(_PLACE).fetchone()
        assert row is not None
        return Place(*row)

    def count(self, phase: str) -> int:
        """Return about how many ids a phase walks over."""
        query = _COUNT if phase == "blocks" else _COUNT_BLOCKS
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def persons(self, after: UUID, kinds: Sequence[str], most: int) -> list[UUID]:
        """Return the next ids that names were stated under."""
        named = {"after": after, "kinds": list(kinds), "most": most}
        return [row[0] for row in self.connection.execute(_PERSONS, named).fetchall()]

    def stated(self, persons: Sequence[UUID], kinds: Sequence[str]) -> list[Stated]:
        named = {"persons": list(persons), "kinds": list(kinds)}
        rows = self.connection.execute(_STATED, named).fetchall()
        return [Stated(*row) for row in rows]

    def blocked(self, after: UUID, most: int) -> list[UUID]:
        """Return the next ids that have blocks."""
        return [row[0] for row in self.connection.execute(_BLOCKED, [after, most]).fetchall()]

    def unlinked(self, persons: Sequence[UUID]) -> list[UUID]:
        """Return those of ``persons`` who are provisional and linked to nobody."""
        named = {
            "persons": list(persons),
            "civil": topics.EVENTS["civil"],
            "tax": topics.EVENTS["tax"],
        }
        return [row[0] for row in self.connection.execute(_UNLINKED, named).fetchall()]

    def near(self, aliases: Sequence[UUID]) -> list[tuple[UUID, UUID, UUID]]:
        """Return (alias, id that shares a block, the person it stands for), without refused ones.

        An operator who unlinked the two has decided that already.
        """
        named = {"aliases": list(aliases), "full": MOST_IN_A_BLOCK + 1, "most": MOST_NEAR}
        refused = set(self.connection.execute(_REFUSED, [list(aliases)]).fetchall())
        rows = self.connection.execute(_NEAR, named).fetchall()
        return [
            (alias, near, person)
            for alias, near, person in rows
            if person != alias and (alias, person) not in refused
        ]

    def write_blocks(
        self, persons: Sequence[UUID], blocks: Iterable[tuple[bytes, UUID]], place: Place
    ) -> None:
        """Replace the blocks of ``persons`` and move on."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            self._lock_generation()
            cursor.execute("DELETE FROM live.match_blocks WHERE person = ANY (%s)", [list(persons)])
            with cursor.copy("COPY live.match_blocks (block, person) FROM STDIN") as copy:
                for row in blocks:
                    copy.write_row(row)
            cursor.execute(_MOVE, place)

    def write_suggestions(self, after: UUID, found: Iterable[Suggestion], place: Place) -> None:
        """Replace the suggestions of all ids behind ``after`` up to the place, and move on."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            self._lock_generation()
            cursor.execute(
                "DELETE FROM live.suggestions WHERE alias > %s AND alias <= %s",
                [after, place.after],
            )
            cursor.executemany(
                "INSERT INTO live.suggestions (alias, person, score, features)"
                " VALUES (%s, %s, %s, %s)",
                [(*one[:3], Jsonb(dict(one.features))) for one in found],
            )
            cursor.execute(_MOVE, place)

    def end(self, after: UUID) -> None:
        """Forget the place, and the suggestions of ids that have no blocks any more."""
        with self.connection.transaction():
            self._lock_generation()
            self.connection.execute("DELETE FROM live.suggestions WHERE alias > %s", [after])
            self.connection.execute("DELETE FROM live.match_progress")

    def suggestions(self, least: int, most: int, reader: str) -> list[tuple[Any, ...]]:
        """Return (alias, person, score, features, found at, of how many); put on record.

        The best first.
        """
        with self.connection.transaction():
            rows = self.connection.execute(_LIST, {"least": least, "most": most}).fetchall()
            leaf = {"what": "suggestions", "who": reader, "purpose": "unspecified"}
            leaves.leave(self.connection, "read", leaf)
        return rows

    def _lock_generation(self) -> None:
        self.connection.execute("SELECT number FROM kept.generation FOR SHARE")
