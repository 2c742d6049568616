"""Until when the law keeps what a person asked to have erased, and whose time is over.

``hub person erase`` leaves classes that a law keeps until a day: refused or restricted. Nothing
happens by itself on the day after: to destroy a key is for good, and a day is a setting of whoever
runs the hub. They are *due* from then on, until somebody decides to erase them; meanwhile what was
restricted is opened for nobody (``projections.keystore``). Counts only for people of whom something
was erased: a restriction alone, of a court say, just ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

Connection = psycopg.Connection[Any]

# Those of whom something was erased are found by an index of their own, and are few.
_KEPT: Final = """
WITH forgotten AS MATERIALIZED (
    SELECT DISTINCT person FROM live.facts WHERE kind = 'erased'
)
SELECT f.person, f.value ->> 'class', f.value ->> 'basis', (f.value ->> 'until')::date,
       EXISTS (SELECT FROM live.facts e
                WHERE e.person = f.person AND e.kind = 'erased'
                  AND e.value ->> 'class' = f.value ->> 'class')
  FROM forgotten JOIN live.facts f USING (person)
 WHERE f.kind IN ('restricted', 'erasure_refused')
"""
_OF: Final = " AND f.person = ANY (%s::uuid[])"


class Kept(NamedTuple):
    """A decision by which a class of somebody who was forgotten is kept, or was."""

    person: UUID
    sensitivity: str
    law: str
    until: date | None  # the last day; None: for good
    is_erased: bool = False  # since: it keeps nothing any more


class Due(NamedTuple):
    """A class that no decision keeps any more."""

    person: UUID
    sensitivity: str
    until: date  # the last day on which one did


class Restriction(NamedTuple):
    """A row of the key store: who may open a class, and until when that is said."""

    owner: UUID
    sensitivity: str
    until: date | None
    readable_for: Collection[str]
    is_forgotten: bool  # something of the owner was erased


def shut(rows: Iterable[Restriction], basis: str, on: date) -> set[tuple[bytes, str]]:
    """Return which classes of whom nobody may open on this basis.

    A restriction ends with its day; but what was kept of somebody of whom the rest was erased is
    opened for nobody from then on.
    """
    closed: set[tuple[bytes, str]] = set()
    over: set[tuple[bytes, str]] = set()
    standing: set[tuple[bytes, str]] = set()
    for row in rows:
        name = (row.owner.bytes, row.sensitivity)
        if row.until is not None and row.until < on:
            over |= {name} if row.is_forgotten else set()
            continue
        standing.add(name)
        if basis not in row.readable_for:
            closed.add(name)
    return closed | over - standing


def kept(connection: Connection, ids: Collection[UUID] | None = None) -> list[Kept]:
    """Return the decisions by which something was kept, of all or of these ids."""
    query, values = (_KEPT, None) if ids is None else (_KEPT + _OF, [list(ids)])
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [Kept(*row) for row in cursor.execute(query, values).fetchall()]


def due(decisions: Sequence[Kept], on: date) -> list[Due]:
    """Return what is due on a day: the last of all decisions about a class counts."""
    last: dict[tuple[UUID, str], date | None] = {}
    for one in decisions:
        if one.is_erased:
            continue
        name = (one.person, one.sensitivity)
        before = last.get(name, date.min)
        last[name] = None if one.until is None or before is None else max(before, one.until)
    found = [Due(*name, until) for name, until in last.items() if until is not None and until < on]
    return sorted(found, key=lambda each: (each.until, each.person, each.sensitivity))
