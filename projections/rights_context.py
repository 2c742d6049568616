"""In whose name a transaction reads: what row security (``025_row_security.sql``) goes by.

    decide -> enter -> resolve -> decide with the person's region -> show -> read

``admit`` does all of it for a question about one person. The context lives as long as the
transaction (``set_config(..., true)``), so a pooled connection carries nothing over, also not after
an abort. It names a grant; what that grant allows the database looks up itself, so a context that
names another agency's, a revoked or an expired grant shows no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from projections.agency_rows import grants_of
from schemas.rights import NOT_IN_FORCE, Access, Decision, Policy, decide

Connection = psycopg.Connection[Any]

_ENTER: Final = """
SELECT set_config('hub.agency', %s, true), set_config('hub.purpose', %s, true),
       set_config('hub.basis', %s, true), set_config('hub.operation', %s, true),
       set_config('hub.grant', %s, true), set_config('hub.own', %s, true),
       set_config('hub.persons', '', true), set_config('hub.seal', '', true)
"""
_RESOLVE: Final = "SELECT person, ids, region, known_from FROM kept.rights_subject(%s)"
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
        access: what is wanted; its region and ``is_own`` are found here.
        asked: any id of the person.
        now: the moment.
        own: for whom the token was made, any id of theirs; None: for a program.
    """
    grants = grants_of(connection, access.agency)
    # Until the person is found the region is not known, and whether it is their own data neither.
    before = decide(policy, grants, replace(access, region=None, is_own=own is not None), now)
    if before.grant is None or not (before.allowed or before.rule == "region-unknown"):
        return Admission(before, None)
    enter(connection, access, before.grant.id, own)
    subject = resolve(connection, asked)
    if subject is None:
        return Admission(Decision(False, NOT_IN_FORCE, before.grant), None)
    is_own = own is not None and own in subject.ids
    wanted = replace(access, region=subject.region, is_own=is_own)
    decision = decide(policy, grants, wanted, now)
    if decision.allowed:
        show(connection, subject)
    return Admission(decision, subject)


def enter(connection: Connection, access: Access, grant: UUID, own: UUID | None = None) -> None:
    """Say in whose name, for what and by which grant this transaction reads; no person yet."""
    connection.execute(
        _ENTER,
        [
            access.agency,
            access.purpose,
            access.basis,
            access.operation,
            str(grant),
            "" if own is None else str(own),
        ],
    )


def resolve(connection: Connection, asked: UUID) -> Subject | None:
    """Return who is meant; None: the context names no grant that counts."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_RESOLVE, [asked]).fetchone()
    if row is None:
        return None
    person, ids, region, known_from = row
    return Subject(person, tuple(ids), region, known_from)


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
