"""One question under the rights of who asks: admitted, answered, cut, put on record, then sent.

    BEGIN -> client -> decide, row security -> look -> cut -> audit leaf -> COMMIT -> open -> body

Nothing has left before the commit, so a crash before it shows nothing and one after it left a leaf
too many. What is cut away is never opened. A denial is a leaf of kind ``refusal`` in the same
transaction, and then a problem that names the rule.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import orjson
import psycopg
from psycopg_pool import ConnectionPool
from starlette.requests import Request
from starlette.responses import Response

from projections import rights_context
from projections.agency_rows import standing_of
from projections.http.incoming import Incoming, of
from projections.leaves import leave
from projections.opening import open_all
from projections.present import Answer
from projections.problems import Problem
from projections.queries import reading
from projections.restrictions import ForBasis, Readable
from projections.rights_context import Subject
from schemas.rights import Access, Decision, Grants, Policy, decide, shown
from schemas.rights_fields import answer_fields

Connection = psycopg.Connection[Answer]

_MOST_LETTERS: Final = 64  # of a purpose or a basis
_MOST_MEMBERS: Final = 40  # in a leaf by name
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """What a request says of itself."""

    purpose: str | None
    basis: str | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A question that is allowed, in the transaction that answers it."""

    connection: Connection
    agency: str
    decision: Decision
    subject: Subject | None  # who is asked about; None: nobody in particular
    now: datetime

    def is_known_at(self, moment: datetime) -> bool:
        """Return whether anything was known of who is asked about."""
        since = self.subject.known_from if self.subject else None
        return since is not None and since <= moment


@dataclass(slots=True)
class Found:
    """What was found, before it is cut."""

    answer: Answer
    rows: int
    is_known: bool = True
    leaf: Mapping[str, object] = field(default_factory=dict)  # what its leaf says besides
    problem: str = ""  # what to answer instead, of what is not there
    headers: dict[str, str] = field(default_factory=dict)  # of the answer


Look = Callable[[Admitted], Found]


@dataclass(slots=True)
class Guard:
    """Asks under rights. Safe to share between threads."""

    pool: ConnectionPool[Connection]
    keystore: Readable
    policy: Policy
    clock: Callable[[], tuple[date, datetime]]  # today, and now

    def person(
        self, request: Request, said: Said, operation: str, asked: UUID, look: Look
    ) -> Response:
        """Answer a question about one person.

        Raises:
            Problem: it is not allowed, or nothing is known; on record.
            TransientError: a database does not answer.
        """
        came = of(request.scope)
        own = came.bearer.person if came.bearer else None
        now = self.clock()[1]
        with reading(self.pool) as connection:
            grants = _standing(connection, came)
            access = _access(grants, said, operation)
            admission = rights_context.admit(
                connection, self.policy, grants, access, asked, now=now, own=own
            )
            person = asked if admission.subject is None else admission.subject.person
            leaf = _leaf(came, access, admission.decision) | {"person": person}
            answer, instead = None, "person-unknown"
            if admission.decision.allowed:
                admitted = Admitted(
                    connection, access.agency, admission.decision, admission.subject, now
                )
                found = look(admitted)
                instead = found.problem or instead
                if found.is_known and not found.problem:
                    answer = self._cut(admission.decision, found.answer)
                leaf |= _told(found, admission.decision, answer)
                leave(connection, "read", leaf)
            else:
                leave(connection, "refusal", leaf | {"rule": admission.decision.rule})
        came.is_on_record = True
        if not admission.decision.allowed:
            raise Problem("not-allowed", shown(admission.decision.rule))
        if answer is None:
            raise Problem(instead)
        open_all(answer, ForBasis(self.keystore, access.basis, self.clock()[0]))
        return answered(request, answer)

    def nobody(
        self,
        request: Request,
        said: Said,
        operation: str,
        look: Look,
        *,
        region: str | None = None,
        status: int = _OK,
        cut: bool = True,
    ) -> Response:
        """Answer a question about nobody in particular: a list, figures, a feed.

        Args:
            request: the request.
            said: its purpose and basis.
            operation: what it does.
            look: what looks.
            region: the region or district that it is about; None: the country.
            status: of the answer.
            cut: False: of an answer that has no fields of anybody.

        Raises:
            Problem: it is not allowed; on record.
            TransientError: a database does not answer.
        """
        came = of(request.scope)
        now = self.clock()[1]
        with reading(self.pool) as connection:
            grants = _standing(connection, came)
            access = _access(grants, said, operation, region)
            decision = decide(self.policy, grants, access, now)
            leaf = _leaf(came, access, decision) | ({"region": region} if region else {})
            answer: Answer | None = None
            instead, headers = "", dict[str, str]()
            if decision.allowed and decision.grant is not None:
                rights_context.enter(connection, access, decision.grant.id)
                found = look(Admitted(connection, access.agency, decision, None, now))
                instead, headers = found.problem, found.headers
                answer = self._cut(decision, found.answer) if cut else found.answer
                leave(connection, "read", leaf | _told(found, decision, answer))
            else:
                leave(connection, "refusal", leaf | {"rule": decision.rule})
        came.is_on_record = True
        if answer is None:
            raise Problem("not-allowed", shown(decision.rule))
        if instead:
            raise Problem(instead)
        open_all(answer, ForBasis(self.keystore, access.basis, self.clock()[0]))
        return answered(request, answer, status, headers)

    def anybody(
        self, request: Request, what: str, look: Callable[[Connection], Answer]
    ) -> Response:
        """Answer a known client what holds nobody's data; on record all the same."""
        came = of(request.scope)
        with reading(self.pool) as connection:
            agency = _standing(connection, came).agency
            answer = look(connection)
            body = {"what": what, "agency": agency, "request": came.request}
            leave(connection, "read", body | {"who": came.bearer.client if came.bearer else ""})
        came.is_on_record = True
        return answered(request, answer)

    def _cut(self, decision: Decision, answer: Answer) -> Answer:
        withheld = _withheld(
            decision.operation, decision.fields, decision.need_kinds, decision.event_types
        )
        return decision.cut(answer) | {"withheld": list(withheld)}


def _standing(connection: Connection, came: Incoming) -> Grants:
    """Return whose client asks, and what they were granted."""
    if came.bearer is None:  # the front lets nobody through without
        raise Problem("token-missing")
    found = standing_of(connection, came.bearer.client)
    if found is None:
        raise Problem("client-unknown")
    return found


def _access(grants: Grants, said: Said, operation: str, region: str | None = None) -> Access:
    if not said.purpose or not said.basis:
        raise Problem("purpose-missing")
    purpose, basis = said.purpose[:_MOST_LETTERS], said.basis[:_MOST_LETTERS]
    return Access(grants.agency, purpose, basis, operation, region)


def answered(
    request: Request, answer: Answer, status: int = _OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer with its strong entity tag; 304 if who asks has it (RFC 9110, 13.1.2)."""
    body = orjson.dumps(answer)
    tag = urlsafe_b64encode(hashlib.sha256(body).digest()[:18]).decode()
    said = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache", **(headers or {})}
    wanted = request.headers.get("if-none-match", "")
    if request.method == "GET" and status == _OK and _matches(wanted, tag):
        return Response(None, 304, said)
    if request.method != "GET":
        said = dict(headers or {})
    return Response(body, status, said, "application/json")


def _matches(wanted: str, tag: str) -> bool:
    listed = [one.strip().removeprefix("W/") for one in wanted.split(",")]
    return f'"{tag}"' in listed or listed == ["*"]


def _leaf(came: Incoming, access: Access, decision: Decision) -> dict[str, object]:
    """Return what every leaf of a question says: who asked, for what, by which right."""
    bearer = came.bearer
    known = decision.rule not in {"unknown-purpose", "unknown-basis"}
    return {
        "what": access.operation,
        "who": bearer.client if bearer else "",
        "agency": access.agency,
        # What the policy does not know was sent by somebody: it may be anything.
        "purpose": access.purpose if known else None,
        "basis": access.basis if known else None,
        "grant": decision.grant.id if decision.grant else None,
        "request": came.request,
        **({"on_behalf": True} if bearer and bearer.person else {}),
    }


def _told(found: Found, decision: Decision, answer: Answer | None) -> dict[str, object]:
    """Return what a leaf says of what was shown."""
    told: dict[str, object] = {"rows": found.rows if found.is_known else 0, **found.leaf}
    if answer is None:
        return told
    told["fields"] = list(_fields(decision.operation, decision.fields))
    household = answer.get("household")
    members = household.get("members") if isinstance(household, dict) else None
    if members:
        told["members"] = members[:_MOST_MEMBERS]
    return told


@lru_cache(maxsize=256)
def _fields(operation: str, fields: frozenset[str]) -> tuple[str, ...]:
    own = answer_fields()[operation] & fields
    return tuple(sorted(name.removeprefix(f"{operation}.") for name in own))


@lru_cache(maxsize=256)
def _withheld(
    operation: str, fields: frozenset[str], kinds: frozenset[str], types: frozenset[str]
) -> tuple[str, ...]:
    decision = Decision(
        True, "", fields=fields, need_kinds=kinds, event_types=types, operation=operation
    )
    return tuple(decision.withheld())
