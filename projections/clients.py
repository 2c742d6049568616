"""The programs of agencies that may ask for tokens: see ``agency_rows`` for how it is written."""

from __future__ import annotations

from datetime import datetime

from projections.agency_rows import Client, Connection, changing, client, lock_standing, record
from schemas.errors import PermanentError


def add_client(
    connection: Connection,
    client_id: str,
    agency: str,
    secret_sha256: bytes,
    *,
    now: datetime,
    who: str,
) -> Client:
    """Let a program of an agency ask for tokens.

    Raises:
        UnknownAgencyError: there is no such agency, or it was revoked.
        PermanentError: there is such a client already, with another secret or agency.
    """
    with changing(connection) as cursor:
        lock_standing(cursor, agency)
        is_new = cursor.execute(
            "INSERT INTO kept.clients (client_id, agency, secret_sha256, created_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [client_id, agency, secret_sha256, now],
        ).rowcount
        found = client(connection, client_id)
        assert found is not None
        if (found.agency, found.secret_sha256, found.revoked_at) != (agency, secret_sha256, None):
            raise PermanentError(f"there is or was a client {client_id}; take another name")
        if is_new:
            record(connection, "client-added", who, now, agency=agency, client=client_id)
    return found


def revoke_client(connection: Connection, client_id: str, *, now: datetime, who: str) -> Client:
    """End a program's access.

    Raises:
        PermanentError: there is no such client.
    """
    with changing(connection) as cursor:
        ended = cursor.execute(
            "UPDATE kept.clients SET revoked_at = %s WHERE client_id = %s AND revoked_at IS NULL",
            [now, client_id],
        ).rowcount
        found = client(connection, client_id)
        if found is None:
            raise PermanentError(f"no client {client_id}")
        if ended:
            record(connection, "client-revoked", who, now, agency=found.agency, client=client_id)
    return found
