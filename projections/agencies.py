"""Which agencies there are, what each was granted, and which of their programs may ask.

    lock kept.generation FOR SHARE -> lock the agency -> look -> write -> audit leaf -> COMMIT

One transaction each: a crash before COMMIT leaves nothing, after it the change counts for the next
decision. Doing the same again finds it done and leaves no second leaf. Nothing is ever deleted: an
agency, a grant or a client ends by its ``revoked_at``.

The functions take a connection in autocommit, or put themselves into the transaction that is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from projections.agency_rows import (
    Agency,
    Client,
    Connection,
    UnknownAgencyError,
    agencies,
    agency_of,
    changing,
    client,
    clients,
    grants_of,
    lock_standing,
    record,
)
from projections.clients import add_client, revoke_client
from projections.policy_store import store_basis, store_policy
from schemas.errors import PermanentError
from schemas.rights import NAME, Grant, Policy, expiry
from schemas.rights_terms import check_terms

__all__ = (
    "Agency",
    "Client",
    "UnknownAgencyError",
    "add_agency",
    "add_client",
    "agencies",
    "client",
    "clients",
    "grant",
    "grants_of",
    "revoke_agency",
    "revoke_client",
    "revoke_grant",
    "store_policy",
)


def add_agency(
    connection: Connection, agency: str, title: str, *, now: datetime, who: str
) -> Agency:
    """Make an agency known, or find it; one that was revoked is back.

    Raises:
        PermanentError: the name is no name.
    """
    if not NAME.fullmatch(agency):
        raise PermanentError(f"an agency's name is {NAME.pattern}")
    if not title.strip() or not title.isprintable():
        raise PermanentError("an agency has a title: one line of text")
    with changing(connection) as cursor:
        changed = cursor.execute(
            "INSERT INTO kept.agencies (agency, title, created_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (agency) DO UPDATE SET title = excluded.title, revoked_at = NULL"
            " WHERE agencies.title <> excluded.title OR agencies.revoked_at IS NOT NULL",
            [agency, title, now],
        ).rowcount
        if changed:
            record(connection, "agency-added", who, now, agency=agency, title=title)
        return agency_of(connection, agency)


def revoke_agency(connection: Connection, agency: str, *, now: datetime, who: str) -> Agency:
    """End all access of an agency: its grants and clients do not count any more.

    Raises:
        UnknownAgencyError: there is no such agency.
    """
    with changing(connection) as cursor:
        ended = cursor.execute(
            "UPDATE kept.agencies SET revoked_at = %s WHERE agency = %s AND revoked_at IS NULL",
            [now, agency],
        ).rowcount
        found = agency_of(connection, agency)
        if ended:
            # If it is ever added again, it has to be granted anew.
            for table in ("grants", "clients"):
                cursor.execute(
                    f"UPDATE kept.{table} SET revoked_at = %s"  # noqa: S608
                    " WHERE agency = %s AND revoked_at IS NULL".encode(),
                    [now, agency],
                )
            record(connection, "agency-revoked", who, now, agency=agency)
        return found


def grant(
    connection: Connection,
    policy: Policy,
    agency: str,
    basis: str,
    purpose: str,
    *,
    now: datetime,
    who: str,
    regions: Iterable[str] | None = None,
    since: datetime | None = None,
    expires_at: datetime | None = None,
    history_from: date | None = None,
) -> Grant:
    """Grant an agency a basis for a purpose, or find that it has just that.

    Args:
        connection: to the hub's database.
        policy: what may be granted.
        agency: to whom.
        basis: by which law.
        purpose: for what.
        now: the moment.
        who: who grants it, for the leaf.
        regions: prefixes of SOATO codes; None: the whole country.
        since: from when on it counts; None: from now on.
        expires_at: from when on it does not; None: as long as the basis allows.
        history_from: a subscriber gets events from this day on.

    Raises:
        UnknownAgencyError: there is no such agency, or it was revoked.
        PermanentError: the policy does not allow it, or another grant of this basis for this
            purpose counts at the same time; the text says what to do.
    """
    terms = check_terms(
        policy, agency, basis, purpose, regions=regions, since=since or now, expires_at=expires_at
    )
    with changing(connection) as cursor:
        lock_standing(cursor, agency)
        for old in grants_of(connection, agency):
            if (old.basis, old.purpose) != (basis, purpose) or old.revoked_at is not None:
                continue
            if old.expires_at is not None and old.expires_at <= now:
                continue
            ends_at = expiry(policy.bases[basis], old.since, expires_at)
            told = (old.regions, old.since, old.expires_at, old.history_from)
            if told == (terms.regions, since or old.since, ends_at, history_from):
                return old
            if terms.overlaps(old):
                raise PermanentError(
                    f"{agency} has grant {old.id} of this basis for this purpose at that time; "
                    "revoke it first: two at once would be a union"
                )
        store_basis(cursor, policy.bases[basis])
        added = cursor.execute(
            "INSERT INTO kept.grants (agency, basis, purpose, regions, since, expires_at,"
            " history_from, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            [
                agency,
                basis,
                purpose,
                None if terms.regions is None else sorted(terms.regions),
                terms.since,
                terms.expires_at,
                history_from,
                now,
            ],
        ).fetchone()
        assert added is not None
        made = Grant(
            id=added[0],
            agency=agency,
            basis=basis,
            purpose=purpose,
            regions=terms.regions,
            since=terms.since,
            expires_at=terms.expires_at,
            revoked_at=None,
            history_from=history_from,
        )
        record(connection, "granted", who, now, **_told(made))
    return made


def revoke_grant(connection: Connection, identifier: UUID, *, now: datetime, who: str) -> Grant:
    """End a grant; one that has ended stays as it ended.

    Raises:
        PermanentError: there is no such grant.
    """
    with changing(connection) as cursor:
        ended = cursor.execute(
            "UPDATE kept.grants SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL",
            [now, identifier],
        ).rowcount
        row = cursor.execute(
            "SELECT agency FROM kept.grants WHERE id = %s", [identifier]
        ).fetchone()
        if row is None:
            raise PermanentError("no such grant: see `hub agency list`")
        found = next(one for one in grants_of(connection, row[0]) if one.id == identifier)
        if ended:
            record(connection, "grant-revoked", who, now, **_told(found))
    return found


def _told(one: Grant) -> dict[str, object]:
    return {
        "agency": one.agency,
        "grant": one.id,
        "basis": one.basis,
        "purpose": one.purpose,
        "regions": None if one.regions is None else sorted(one.regions),
        "since": one.since,
        "expires_at": one.expires_at,
        "history_from": one.history_from,
    }
