"""Who needs what in a region or a district: a page of persons, and their needs as they stand.

The database itself says who is on the page (``kept.needs_in_region``) and shows no one whom the
grant does not cover; the needs are then read under row security, as those of one person are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg

from projections import rights_context
from projections.present import Answer, sealed_reasons
from projections.rights_context import Subject

_PAGE: Final = """
SELECT district, resident, person
  FROM kept.needs_in_region(%(district)s, %(kind)s, %(after)s, %(resident)s, %(most)s, %(looks)s)
"""
_NEEDS: Final = """
SELECT need, version, person, household, kind, status, since, review_on, urgency, amount_minor,
       rule, evidence, reason, event_id, assessed_on, known_from
  FROM live.needs
 WHERE person = ANY (%(persons)s) AND status <> 'ended'
   AND (%(kind)s::text IS NULL OR kind = %(kind)s)
 ORDER BY array_position(%(persons)s, person), kind
"""
_LOOKS: Final = 2_000  # residents that one page looks at; a page may be short, or empty, and go on
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and where the next begins; None: it is the last."""

    needs: list[Answer]
    persons: list[UUID]
    next: list[str] | None


def page(
    connection: psycopg.Connection[Answer],
    *,
    district: str | None,
    kind: str | None,
    after: list[str] | None,
    most: int,
) -> Page:
    """Return the next persons with needs, in the order of district and id.

    Args:
        connection: in a transaction that has entered under a grant for needs.
        district: code of a region or district; None: the country.
        kind: of the needs; None: every kind that the grant covers.
        after: ``next`` of the page before.
        most: persons at most.
    """
    place, resident = after or ("", str(_FIRST))
    rows = connection.execute(
        _PAGE,
        {
            "district": district or "",
            "kind": kind,
            "after": place,
            "resident": resident,
            "most": most,
            "looks": _LOOKS,
        },
    ).fetchall()
    persons = [row["person"] for row in rows if row["person"] is not None]
    is_last = len(persons) < most and len(persons) == len(rows)
    following = None if is_last else [rows[-1]["district"], str(rows[-1]["resident"])]
    if not persons:
        return Page([], [], following)
    rights_context.show(connection, Subject(persons[0], tuple(persons), district, None))
    needs = connection.execute(_NEEDS, {"persons": persons, "kind": kind}).fetchall()
    return Page(sealed_reasons(needs), persons, following)
