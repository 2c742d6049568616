"""What ``hub agency`` shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson
from rich.table import Table

from projections import feeds_access
from projections.agencies import Agency, agencies, grants_of
from projections.agency_rows import Connection, agency_of
from schemas.rights import Access, Grant, Grants, Policy, decide
from streams.feeds.names import feed_topic, resend_topic, user

Row = dict[str, Any]


def rows(connection: Connection, policy: Policy, now: datetime) -> list[Row]:
    """Return every agency with its grants."""
    return [_row(connection, policy, each, now) for each in agencies(connection)]


def one(connection: Connection, policy: Policy, name: str, now: datetime) -> Row:
    """Return one agency.

    Raises:
        UnknownAgencyError: there is none of this name.
    """
    return _row(connection, policy, agency_of(connection, name), now)


def _row(connection: Connection, policy: Policy, agency: Agency, now: datetime) -> Row:
    held = grants_of(connection, agency.agency)
    access = feeds_access.access(connection, agency.agency)
    sent = connection.execute(
        "SELECT max(last) FROM kept.feed_index WHERE agency = %s", [agency.agency]
    ).fetchone()
    return {
        "agency": agency.agency,
        "title": agency.title,
        "created_at": agency.created_at,
        "revoked_at": agency.revoked_at,
        "user": user(agency.agency),
        "can_sign_on": access is not None and access.password_sha256 is not None,
        "topics": [feed_topic(agency.agency), resend_topic(agency.agency)],
        "last_number": sent[0] or 0 if sent else 0,
        "grants": [_grant(policy, held, each, now) for each in held],
    }


def _grant(policy: Policy, held: Grants, grant: Grant, now: datetime) -> Row:
    alone = Grants(held.agency, held.is_known, held.revoked_at, (grant,))
    access = Access(grant.agency, grant.purpose, grant.basis, "subscribe")
    decision = decide(policy, alone, access, now)
    return {
        "id": grant.id,
        "basis": grant.basis,
        "purpose": grant.purpose,
        "regions": None if grant.regions is None else sorted(grant.regions),
        "since": grant.since,
        "expires_at": grant.expires_at,
        "revoked_at": grant.revoked_at,
        "history_from": decision.history_from or grant.history_from,
        "feed": decision.rule,
    }


def as_json(value: object) -> str:
    """Return a row, or rows, as JSON."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def table(listed: Iterable[Row]) -> Table:
    """Return agencies as a table, a line for each grant."""
    picture = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("agency", "basis", "purpose", "regions", "until", "feed"):
        picture.add_column(column)
    for row in listed:
        if not row["grants"]:
            picture.add_row(row["agency"], "", "", "", "", "nothing granted")
        for grant in row["grants"]:
            picture.add_row(
                row["agency"],
                grant["basis"],
                grant["purpose"],
                ", ".join(grant["regions"] or ["all"]),
                _minute(grant["expires_at"]),
                grant["feed"],
            )
    return picture


def page(row: Row) -> str:
    """Return one agency as text."""
    lines = [
        f"{row['agency']}: {row['title']}",
        f"user {row['user']}" + ("" if row["can_sign_on"] else ", which cannot sign on"),
        f"topics {', '.join(row['topics'])}",
        f"numbers given: {row['last_number']}",
    ]
    if row["revoked_at"] is not None:
        lines.append(f"revoked {_minute(row['revoked_at'])}")
    for grant in row["grants"]:
        places = ", ".join(grant["regions"] or ["the whole country"])
        lines += [
            f"grant {grant['id']}: {grant['basis']} for {grant['purpose']}, {places}",
            f"  from {_minute(grant['since'])} to {_minute(grant['expires_at']) or 'on'}, "
            f"history from {grant['history_from'] or 'the beginning'}; feed: {grant['feed']}",
        ]
    return "\n".join(lines)


def granted(grant: Grant) -> Iterator[str]:
    """Say what was granted."""
    places = "the whole country" if grant.regions is None else ", ".join(sorted(grant.regions))
    yield f"grant {grant.id}: {grant.basis} for {grant.purpose}, {places}"
    yield f"from {_minute(grant.since)} to {_minute(grant.expires_at) or 'on'}"


def revocation(
    name: str, ending: Iterable[Grant], now: datetime, *, locked_out: bool
) -> Iterator[str]:
    """Say what a revocation will end."""
    for grant in ending:
        if grant.revoked_at is None or grant.revoked_at > now:
            yield f"grant {grant.id} ends: {grant.basis} for {grant.purpose}"
    if locked_out:
        yield f"{user(name)} cannot sign on any more, and cannot read what was sent"
    else:
        yield "if nothing else is granted, the feed ends with a last record; it stays readable"


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
