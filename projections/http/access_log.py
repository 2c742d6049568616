"""Who looked at somebody's data: the leaves of reads and refusals that name one of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import psycopg

from projections.present import Answer

# A leaf that does not say another purpose is an operator's on the machine.
_SELECT: Final = """
SELECT id, at, kind = 'refusal' AS is_refused, body ->> 'what' AS what, body ->> 'who' AS who,
       body ->> 'agency' AS agency, body ->> 'purpose' AS purpose, body ->> 'basis' AS basis,
       body ->> 'request' AS request, body ->> 'rule' AS rule, body -> 'fields' AS fields
  FROM kept.audit_leaves
 WHERE kind IN ('read', 'refusal') AND id < %(before)s
   AND (body ->> 'person' = ANY (%(ids)s) OR body -> 'persons' ?| %(ids)s
        OR body -> 'members' ?| %(ids)s)
 ORDER BY id DESC LIMIT %(limit)s
"""
_LAST: Final = 2**63 - 1


def accesses(
    connection: psycopg.Connection[Answer], ids: Sequence[UUID], before: Any, limit: int
) -> tuple[list[Answer], int | None]:
    """Return a page of accesses, latest first, and the place of its last row; None: no more.

    Args:
        connection: in the transaction that is open.
        ids: every id of the person.
        before: the place that the page before ended with; None: the latest page.
        limit: rows at most.
    """
    asked = {
        "ids": [str(one) for one in ids],
        "before": _LAST if before is None else before,
        "limit": limit + 1,
    }
    rows = connection.execute(_SELECT, asked).fetchall()
    page, is_last = rows[:limit], len(rows) <= limit
    last = None if is_last else page[-1]["id"]
    for row in page:
        del row["id"]
    return page, last
