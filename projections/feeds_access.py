"""How an agency signs on: the digest of its password, and whether somebody has it.

The same password counts at Kafka, which keeps a salted hash of its own, and at the schema gateway,
which compares with this digest. Only a digest, unsalted: the password has 256 random bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from projections.agency_rows import Connection, changing, record

_SET: Final = """
INSERT INTO kept.feed_access (agency, password_sha256) VALUES (%(agency)s, %(digest)s)
ON CONFLICT (agency) DO UPDATE SET password_sha256 = %(digest)s, given_at = NULL
"""
_GIVEN: Final = """
UPDATE kept.feed_access SET given_at = %s
 WHERE agency = %s AND given_at IS NULL AND password_sha256 IS NOT NULL
"""
_LOCK_OUT: Final = """
UPDATE kept.feed_access SET password_sha256 = NULL, given_at = NULL
 WHERE agency = %s AND password_sha256 IS NOT NULL
"""
_ACCESS: Final = """
SELECT agency, password_sha256, given_at FROM kept.feed_access WHERE agency = %s
"""


@dataclass(frozen=True, slots=True)
class FeedAccess:
    """What is known of an agency's password."""

    agency: str
    password_sha256: bytes | None  # None: locked out
    given_at: datetime | None  # None: nobody has been shown it

    def opens(self, password: str) -> bool:
        """Return whether this is the password."""
        if self.password_sha256 is None:
            return False
        return compare_digest(self.password_sha256, sha256(password.encode()).digest())


def access(connection: Connection, agency: str) -> FeedAccess | None:
    """Return what is known; None: the agency never had a password."""
    with connection.cursor(row_factory=class_row(FeedAccess)) as cursor:
        return cursor.execute(_ACCESS, [agency]).fetchone()


def set_password(
    connection: Connection, agency: str, password: str, *, now: datetime, who: str
) -> None:
    """Have a new password count; nobody has been shown it yet."""
    digest = sha256(password.encode()).digest()
    with changing(connection) as cursor:
        cursor.execute(_SET, {"agency": agency, "digest": digest})
        record(connection, "feed-password-set", who, now, agency=agency)


def handed_over(connection: Connection, agency: str, *, now: datetime, who: str) -> None:
    """Note that the password was shown or written to its file; it is not shown again."""
    with changing(connection) as cursor:
        if cursor.execute(_GIVEN, [now, agency]).rowcount:
            record(connection, "feed-password-given", who, now, agency=agency)


def lock_out(connection: Connection, agency: str, *, now: datetime, who: str) -> None:
    """Have no password count; fine if none does."""
    with changing(connection) as cursor:
        if cursor.execute(_LOCK_OUT, [agency]).rowcount:
            record(connection, "feed-locked-out", who, now, agency=agency)


def explain(
    connection: Connection,
    agency: str,
    reason: str,
    *,
    now: datetime,
    who: str,
    grant: UUID | None = None,
) -> None:
    """Put on record why something was revoked; belongs into the transaction that revokes it."""
    with changing(connection):
        about = {} if grant is None else {"grant": grant}
        record(connection, "revocation-explained", who, now, agency=agency, reason=reason, **about)
