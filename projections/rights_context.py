"""In whose name a transaction reads: what row security (``025_row_security.sql``) goes by.

    decide -> enter -> resolve -> decide with the person's region -> show -> read

``admit`` does all of it for a question about one person: in one statement if the decision cannot
depend on who the person is, else in two. The context lives as long as the
transaction (``set_config(..., true)``), so a pooled connection carries nothing over, also not after
an abort. It names a grant; what that grant allows the database looks up itself, so a context that
names another agency's, a revoked or an expired grant shows no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from schemas.rights import NOT_IN_FORCE, Access, Decision, Grants, Policy, decide

Connection = psycopg.Connection[Any]

_ENTER: Final = """
SELECT set_config('hub.agency', %(agency)s, true), set_config('hub.purpose', %(purpose)s, true),
       set_config('hub.basis', %(basis)s, true), set_config('hub.operation', %(operation)s, true),
       set_config('hub.grant', %(grant)s, true), set_config('hub.own', %(own)s, true),
       set_config('hub.persons', '', true), set_config('hub.seal', '', true) AS seal
"""
# Whoever is asked about is looked for with a value of ``entered``: so not before all is set.
_ENTER_AND_RESOLVE: Final = f"""
WITH entered AS MATERIALIZED ({_ENTER})
SELECT found.person, found.ids, found.region, found.known_from,
       CASE WHEN %(at_once)s THEN set_config('hub.persons', found.ids::text, true) END,
       CASE WHEN %(at_once)s THEN set_config('hub.seal', kept.rights_show(found.ids), true) END
  FROM entered, LATERAL kept.rights_subject(
       CASE WHEN entered.seal = '' THEN %(asked)s::uuid END) AS found
"""  # noqa: S608 - a constant
_RESOLVE: Final = "SELECT person, ids, region, known_from FROM kept.rights_subject(%(asked)s)"
_SHOW: Final = """
SELECT set_config('hub.persons', shown::text, true),
       set_config('hub.seal', kept.rights_show(shown), true)
  FROM (SELECT %s::uuid[]) AS these (shown)
"""
_ROLE: Final = "SELECT set_config('role', %s, true)"
_JUDGE: Final = "hub_judge"
_COUNT: Final = "hub_stats"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked about."""

    person: UUID  # the canonical id
    ids: tuple[UUID, ...]  # every id that is this person's now, sorted
    region: str | None  # the district of the residence that holds today; None: nobody knows
    known_from: datetime | None  # since when anything is known; None: nobody knows this id


@dataclass(frozen=True, slots=True)
class Admission:
    """What came of a question about one person; the subject is None if it was not looked for."""

    decision: Decision
    subject: Subject | None


def admit(
    connection: Connection,
    policy: Policy,
    grants: Grants,
    access: Access,
    asked: UUID,
    *,
    now: datetime,
    own: UUID | None = None,
) -> Admission:
    """Decide on a question about one person and, if it is allowed, let their rows be seen.

    Args:
        connection: in the transaction that will read.
        policy: what the laws allow.
        grants: of the agency that asks.
        access: what is wanted; its region and ``is_own`` are found here.
        asked: any id of the person.
        now: the moment.
        own: for whom the token was made, any id of theirs; None: for a program.
    """
    # Until the person is found the region is not known, and whether it is their own data neither.
    before = decide(policy, grants, replace(access, region=None, is_own=own is not None), now)
    if before.grant is None or not (before.allowed or before.rule == "region-unknown"):
        return Admission(before, None)
    # Allowed wherever the person lives, and to a program: who it is changes nothing.
    at_once = before.allowed and own is None
    told = _context(access, before.grant.id, own) | {"asked": asked, "at_once": at_once}
    subject = _subject(connection, _ENTER_AND_RESOLVE, told)
    if subject is None:
        return Admission(Decision(False, NOT_IN_FORCE, before.grant), None)
    if at_once:
        return Admission(before, subject)
    is_own = own is not None and own in subject.ids
    wanted = replace(access, region=subject.region, is_own=is_own)
    decision = decide(policy, grants, wanted, now)
    if decision.allowed:
        show(connection, subject)
    return Admission(decision, subject)


def enter(connection: Connection, access: Access, grant: UUID, own: UUID | None = None) -> None:
    """Say in whose name, for what and by which grant this transaction reads; no person yet."""
    connection.execute(_ENTER, _context(access, grant, own))


def resolve(connection: Connection, asked: UUID) -> Subject | None:
    """Return who is meant; None: the context names no grant that counts."""
    return _subject(connection, _RESOLVE, {"asked": asked})


def show(connection: Connection, subject: Subject) -> None:
    """Let the rows of ``subject`` be seen that the grant covers, until the transaction ends.

    Raises:
        psycopg.errors.InsufficientPrivilege: the grant does not cover the person, whatever was
            decided; the transaction is over.
    """
    connection.execute(_SHOW, [list(subject.ids)])


@contextmanager
def judging(connection: Connection) -> Iterator[None]:
    """Within it the rules may read whom they have to, if the grant allows needs or households.

    Who is judged is judged together with others, and neighbours count. What is read so must not
    leave but through an assessment.
    """
    yield from _as_role(connection, _JUDGE)


@contextmanager
def counting(connection: Connection) -> Iterator[None]:
    """Within it everybody's rows may be counted, if the grant allows statistics."""
    yield from _as_role(connection, _COUNT)


def _context(access: Access, grant: UUID, own: UUID | None) -> dict[str, object]:
    return {
        "agency": access.agency,
        "purpose": access.purpose,
        "basis": access.basis,
        "operation": access.operation,
        "grant": str(grant),
        "own": "" if own is None else str(own),
    }


def _subject(
    connection: Connection, statement: LiteralString, told: dict[str, object]
) -> Subject | None:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement, told).fetchone()
    if row is None:
        return None
    person, ids, region, known_from = row[:4]
    return Subject(person, tuple(ids), region, known_from)


def _as_role(connection: Connection, role: str) -> Iterator[None]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("SELECT current_setting('role')").fetchone()
        assert row is not None
        cursor.execute(_ROLE, [role])
        try:
            yield
        finally:
            # After an error of the database the transaction is over, and the role with it.
            if connection.info.transaction_status == TransactionStatus.INTRANS:
                cursor.execute(_ROLE, [row[0]])
