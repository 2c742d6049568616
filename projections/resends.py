"""Parts of feeds that agencies ask for again. The feeds component carries them out.

``ask`` is one transaction with its leaf. Asking twice with one key is asking once, so whoever lost
the answer asks again. What is being sent stands in the feeds' checkpoint; the row here ends last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.rows import class_row, tuple_row

from projections.agency_rows import Connection, UnknownAgencyError, agency_of, record
from projections.generation import HOLD
from projections.leaves import leave
from schemas.errors import PermanentError

MOST_NUMBERS: Final = 1_000_000  # of one resend
MOST_WAITING: Final = 10  # of one agency
_LONGEST_KEY: Final = 200
_LOCK: Final = 0x6875_620A  # with the agency: one asker of it at a time

_COLUMNS: Final = "id, agency, first, last, key, asked_at, asked_by, ended_at, rule, sent, withheld"
_INSERT: Final = """
INSERT INTO kept.resends (agency, first, last, key, asked_at, asked_by)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
"""
_END: Final = """
UPDATE kept.resends SET ended_at = %s, rule = %s, sent = %s, withheld = %s
 WHERE id = %s AND ended_at IS NULL
"""


class RangeError(PermanentError):
    """Numbers that were never given, or too many of them."""


class KeyConflictError(PermanentError):
    """The key was used for another range."""


class TooManyError(PermanentError):
    """Too many resends of this agency wait."""


@dataclass(frozen=True, slots=True)
class Resend:
    """A part of a feed that is sent again."""

    id: UUID
    agency: str
    first: int
    last: int
    key: str
    asked_at: datetime
    asked_by: str
    ended_at: datetime | None
    rule: str | None  # why it was refused
    sent: int | None  # records, those withheld among them
    withheld: int | None

    @property
    def status(self) -> str:
        """``waiting``, ``done`` or ``refused``."""
        if self.ended_at is None:
            return "waiting"
        return "done" if self.rule is None else "refused"


def ask(  # noqa: PLR0917 - a row of the table
    connection: Connection, agency: str, first: int, last: int, key: str, now: datetime, who: str
) -> UUID:
    """Have the numbers ``first`` to ``last`` sent again; return the resend's id.

    Args:
        connection: to the hub's database; the query API's own role will do.
        agency: whose feed.
        first: from 1.
        last: inclusive.
        key: the asker's own; the same key asks for the same resend.
        now: with time zone.
        who: who asks.

    Raises:
        UnknownAgencyError: there is no such agency, or it was revoked.
        RangeError: the feed has no such numbers, or they are too many.
        KeyConflictError: the key stands for another range.
        TooManyError: others of this agency wait.
    """
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isprintable():
        raise RangeError(f"a key has 1 to {_LONGEST_KEY} printable characters")
    if not 1 <= first <= last:
        raise RangeError("numbers run from 1 on, and the first comes before the last")
    if last - first >= MOST_NUMBERS:
        raise RangeError(f"at most {MOST_NUMBERS} numbers at once")
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(HOLD)
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, agency])
        if agency_of(connection, agency).revoked_at is not None:
            raise UnknownAgencyError(f"no agency {agency}: see `hub agency list`")
        found = cursor.execute(
            "SELECT id, first, last FROM kept.resends WHERE agency = %s AND key = %s",
            [agency, key],
        ).fetchone()
        if found is not None:
            if (found[1], found[2]) != (first, last):
                raise KeyConflictError("this key was used for other numbers")
            known: UUID = found[0]
            return known
        given = cursor.execute(
            "SELECT coalesce(max(last), 0) FROM kept.feed_index WHERE agency = %s", [agency]
        ).fetchone()
        if given is None or last > given[0]:
            raise RangeError("the feed has not come to these numbers")
        waits = cursor.execute(
            "SELECT count(*) FROM kept.resends WHERE agency = %s AND ended_at IS NULL", [agency]
        ).fetchone()
        if waits is not None and waits[0] >= MOST_WAITING:
            raise TooManyError("others of this agency wait; ask again later")
        added = cursor.execute(_INSERT, [agency, first, last, key, now, who]).fetchone()
        assert added is not None
        record(
            connection,
            "resend-asked",
            who,
            now,
            agency=agency,
            first=first,
            last=last,
            resend=added[0],
        )
        made: UUID = added[0]
    return made


def state(connection: Connection, identifier: UUID) -> Resend | None:
    """Return a resend; None: there is none of this id."""
    return _one(connection, "WHERE id = %s", [identifier])


def waiting(connection: Connection) -> Resend | None:
    """Return the resend that has waited longest."""
    return _one(connection, "WHERE ended_at IS NULL ORDER BY asked_at, id LIMIT 1", [])


def unfinished(connection: Connection, identifier: UUID) -> Resend | None:
    """Return a resend if it has not ended."""
    return _one(connection, "WHERE id = %s AND ended_at IS NULL", [identifier])


def end(  # noqa: PLR0917 - columns
    connection: Connection,
    resend: Resend,
    rule: str | None,
    sent: int,
    withheld: int,
    now: datetime,
) -> None:
    """Note that a resend was carried out, or by which rule it was not; with its leaf."""
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SELECT number FROM kept.generation FOR SHARE")
        if cursor.execute(_END, [now, rule, sent, withheld, resend.id]).rowcount:
            body = {
                "what": "resent" if rule is None else "resend-refused",
                "who": "feeds",
                "agency": resend.agency,
                "resend": resend.id,
                "first": resend.first,
                "last": resend.last,
                "sent": sent,
                "withheld": withheld,
                "rule": rule,
            }
            leave(connection, "feed", body)


def _one(connection: Connection, where: str, parameters: list[object]) -> Resend | None:
    with connection.cursor(row_factory=class_row(Resend)) as cursor:
        statement = f"SELECT {_COLUMNS} FROM kept.resends {where}"  # noqa: S608 - constants
        return cursor.execute(statement.encode(), parameters).fetchone()
