"""What the database itself knows of the policy: for row security, which cannot read the file."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from projections.agency_rows import Connection, changing
from projections.leaves import leave
from schemas import rights_fields
from schemas.rights import Basis, Policy

_COLUMNS: Final = (
    "since",
    "until",
    "reach",
    "longest_days",
    "purposes",
    "operations",
    "fact_kinds",
    "need_kinds",
    "shows_reasons",
    "is_dropped",
)
_ADD_BASIS: Final = f"""
INSERT INTO kept.bases (basis, {", ".join(_COLUMNS)})
VALUES (%s, {", ".join(["%s"] * len(_COLUMNS))})
ON CONFLICT (basis) DO UPDATE
   SET ({", ".join(_COLUMNS)}) = ROW ({", ".join(f"excluded.{name}" for name in _COLUMNS)})
 WHERE ({", ".join(f"bases.{name}" for name in _COLUMNS)})
       IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _COLUMNS)})
"""  # noqa: S608 - constants only


def store_policy(connection: Connection, policy: Policy, *, who: str) -> list[str]:
    """Tell the database what the policy says of each basis; return the names that changed.

    Until it is told, the database goes on by what it knew: a basis that became narrower is
    narrower at once, because ``decide`` reads the file; one that became wider waits for this.
    """
    with changing(connection) as cursor:
        cursor.execute("LOCK TABLE kept.bases IN SHARE ROW EXCLUSIVE MODE")
        changed = [
            name for name, basis in sorted(policy.bases.items()) if store_basis(cursor, basis)
        ]
        gone = cursor.execute(
            "UPDATE kept.bases SET is_dropped = true"
            " WHERE NOT is_dropped AND basis <> ALL (%s) RETURNING basis",
            [list(policy.bases)],
        ).fetchall()
        changed += sorted(row[0] for row in gone)
        if changed:
            leave(connection, "configuration", {"what": "policy", "who": who, "bases": changed})
    return changed


def store_basis(cursor: psycopg.Cursor[tuple[Any, ...]], basis: Basis) -> bool:
    """Tell the database of one basis; return whether that changed anything."""
    values = [
        basis.name,
        basis.since,
        basis.until,
        basis.reach,
        basis.longest_days,
        sorted(basis.purposes),
        sorted(basis.operations),
        sorted(rights_fields.kinds_of(basis.event_types)),
        sorted(basis.need_kinds),
        "needs.evidence" in basis.fields,
        False,
    ]
    return bool(cursor.execute(_ADD_BASIS.encode(), values).rowcount)
