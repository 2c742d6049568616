"""What is on record of agencies, their grants and their programs: reading, and how it is written.

Every change is one transaction with its audit leaf; ``changing`` begins it and holds off a swap of
schemas. What changes is in ``agencies`` and ``clients``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row, tuple_row

from projections.leaves import leave
from schemas.errors import PermanentError
from schemas.rights import Grant, Grants

Connection = psycopg.Connection[Any]

_HOLD: Final = "SELECT number FROM kept.generation FOR SHARE"
_AGENCIES: Final = "SELECT agency, title, created_at, revoked_at FROM kept.agencies"
_GRANTS: Final = """
SELECT id, agency, basis, purpose, regions, since, expires_at, revoked_at, history_from
  FROM kept.grants WHERE agency = %s ORDER BY since, id
"""
_STANDING: Final = """
SELECT a.revoked_at, agency, g.id, agency, g.basis, g.purpose, g.regions, g.since, g.expires_at,
       g.revoked_at, g.history_from
  FROM kept.clients c JOIN kept.agencies a USING (agency) LEFT JOIN kept.grants g USING (agency)
 WHERE c.client_id = %s AND c.revoked_at IS NULL ORDER BY g.since, g.id
"""
_CLIENT: Final = """
SELECT client_id, agency, secret_sha256, created_at, revoked_at FROM kept.clients
"""


@dataclass(frozen=True, slots=True)
class Agency:
    """Somebody who may be granted something."""

    agency: str
    title: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Client:
    """A program of an agency."""

    client_id: str
    agency: str
    secret_sha256: bytes
    created_at: datetime
    revoked_at: datetime | None


class UnknownAgencyError(PermanentError):
    """The hub does not know this agency."""


@contextmanager
def changing(connection: Connection) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    """One transaction, or a part of the one that is open; commits with the leaf in it."""
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_HOLD)
        yield cursor


def agencies(connection: Connection) -> list[Agency]:
    """Return every agency there ever was, by name."""
    with connection.cursor(row_factory=class_row(Agency)) as cursor:
        return cursor.execute(_AGENCIES + " ORDER BY agency").fetchall()


def agency_of(connection: Connection, agency: str) -> Agency:
    """Return one agency.

    Raises:
        UnknownAgencyError: there is no such agency.
    """
    with connection.cursor(row_factory=class_row(Agency)) as cursor:
        found = cursor.execute(_AGENCIES + " WHERE agency = %s", [agency]).fetchone()
    if found is None:
        raise UnknownAgencyError(f"no agency {agency}: see `hub agency list`")
    return found


def lock_standing(cursor: psycopg.Cursor[tuple[Any, ...]], agency: str) -> None:
    """Lock an agency that may be granted something.

    Raises:
        UnknownAgencyError: there is no such agency, or it was revoked.
    """
    row = cursor.execute(
        "SELECT revoked_at FROM kept.agencies WHERE agency = %s FOR UPDATE", [agency]
    ).fetchone()
    if row is None or row[0] is not None:
        raise UnknownAgencyError(f"no agency {agency}: see `hub agency list`")


def grants_of(connection: Connection, agency: str) -> Grants:
    """Return what ``schemas.rights.decide`` goes by: the agency and all it was ever granted."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT revoked_at FROM kept.agencies WHERE agency = %s", [agency]
        ).fetchone()
        if row is None:
            return Grants(agency, is_known=False)
        granted = tuple(map(_grant, cursor.execute(_GRANTS, [agency]).fetchall()))
    return Grants(agency, revoked_at=row[0], granted=granted)


def standing_of(connection: Connection, client_id: str) -> Grants | None:
    """Return ``grants_of`` the agency of a client, in one look; None: no client, or revoked."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_STANDING, [client_id]).fetchall()
    if not rows:
        return None
    granted = tuple(_grant(row[2:]) for row in rows if row[2] is not None)
    return Grants(rows[0][1], revoked_at=rows[0][0], granted=granted)


def client(connection: Connection, client_id: str) -> Client | None:
    """Return a client, also one that was revoked; None: there never was one."""
    with connection.cursor(row_factory=class_row(Client)) as cursor:
        return cursor.execute(_CLIENT + " WHERE client_id = %s", [client_id]).fetchone()


def clients(connection: Connection) -> list[Client]:
    """Return every client there ever was, by name."""
    with connection.cursor(row_factory=class_row(Client)) as cursor:
        return cursor.execute(_CLIENT + " ORDER BY client_id").fetchall()


def record(connection: Connection, what: str, who: str, at: datetime, **more: object) -> None:
    """Leave what an operator did, in the transaction that is open."""
    leave(connection, "operator", {"what": what, "who": who, "at": at, **more})


def _grant(row: tuple[Any, ...]) -> Grant:
    identifier, agency, basis, purpose, regions, since, expires_at, revoked_at, history_from = row
    return Grant(
        id=identifier,
        agency=agency,
        basis=basis,
        purpose=purpose,
        regions=None if regions is None else frozenset(regions),
        since=since,
        expires_at=expires_at,
        revoked_at=revoked_at,
        history_from=history_from,
    )
