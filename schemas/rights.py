"""Who may see what: one pure function. Deny by default.

    decide(policy, grants, access, now) -> Decision

The rules are asked in the order of ``RULES``; the first that applies is the answer's name. A grant
stands for one basis and one purpose: of several grants the union is never taken. What ``decide``
allows is enforced a second time by row security in the database (``docs/rights.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from schemas import rights_cut
from schemas import rights_fields as known
from schemas.rights_policy import (
    NAME,
    OWN,
    REGIONAL,
    Basis,
    Group,
    Policy,
    PolicyError,
    Purpose,
    load_policy,
    parse_policy,
)

__all__ = (
    "ALLOWED",
    "NAME",
    "NOT_IN_FORCE",
    "RULES",
    "Access",
    "Basis",
    "Decision",
    "Grant",
    "Grants",
    "Group",
    "Policy",
    "PolicyError",
    "Purpose",
    "decide",
    "expiry",
    "load_policy",
    "parse_policy",
    "shown",
)

ALLOWED: Final = "allowed"
NOT_IN_FORCE: Final = "not-in-force"
RULES: Final[dict[str, str]] = {
    "unknown-agency": "the hub does not know this agency",
    "agency-revoked": "the agency has no access any more",
    "unknown-purpose": "the policy has no such purpose",
    "unknown-basis": "the policy has no such legal basis",
    "unknown-operation": "there is no such operation",
    "no-grant": "the agency was granted nothing under this basis for this purpose",
    "grant-revoked": "the grant was revoked",
    "grant-not-yet": "the grant does not count yet",
    "grant-expired": "the grant has expired",
    "basis-not-yet": "the law is not in force yet",
    "basis-expired": "the law is not in force any more",
    "purpose-not-in-basis": "this law is not for this purpose",
    "operation-not-in-basis": "this law does not allow this operation",
    "grant-exceeds-basis": "the law reaches regions only, and the grant names none",
    "not-own": "this law allows only to ask about oneself",
    "region-unknown": "the grant is for regions, and nobody knows where the person is registered",
    "region-not-covered": "the grant is for other regions",
    NOT_IN_FORCE: "the database does not know the grant as the policy has it: `hub policy apply`",
    ALLOWED: "",
}

# Whether a person's place is known at all is not for whoever may not see the person.
_SHOWN: Final = {"region-unknown": "region-not-covered"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What an agency was granted: one basis for one purpose."""

    id: UUID
    agency: str
    basis: str
    purpose: str
    regions: frozenset[str] | None  # prefixes of SOATO codes; None: the whole country
    since: datetime
    expires_at: datetime | None  # from this moment on it does not count
    revoked_at: datetime | None  # likewise
    history_from: date | None  # no history before this day; None: as far as the basis allows


@dataclass(frozen=True, slots=True)
class Grants:
    """An agency as the hub knows it, with whatever it was ever granted."""

    agency: str
    is_known: bool = True
    revoked_at: datetime | None = None
    granted: tuple[Grant, ...] = ()

    def __iter__(self) -> Iterator[Grant]:
        return iter(self.granted)

    def __len__(self) -> int:
        return len(self.granted)


@dataclass(frozen=True, slots=True)
class Access:
    """Who wants to do what, for what, by which law, and where."""

    agency: str
    purpose: str
    basis: str
    operation: str
    region: str | None = None  # where the person is registered, or the region asked for
    is_own: bool = False  # the person asked about is the one for whom the token was made


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be seen, or why nothing."""

    allowed: bool
    rule: str  # one of RULES
    grant: Grant | None = None
    fields: frozenset[str] = frozenset()  # full names, of events and of the operation's answer
    need_kinds: frozenset[str] = frozenset()
    event_types: frozenset[str] = frozenset()
    history_from: date | None = None  # no event from before this day; None: from the beginning
    operation: str = ""

    def cut(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return of an operation's answer what may be seen: see ``schemas.rights_cut``."""
        return rights_cut.cut(
            self.operation, answer, self.fields, self.need_kinds, self.event_types
        )

    def withheld(self) -> list[str]:
        """Return what an answer lacks, whatever there is of it: the same for every person."""
        return rights_cut.withheld(self.operation, self.fields, self.need_kinds, self.event_types)


def decide(policy: Policy, grants: Grants, access: Access, now: datetime) -> Decision:
    """Return whether ``access`` is allowed at ``now``, and what may be seen of its answer.

    Args:
        policy: what the laws allow.
        grants: of the agency of ``access``, as ``projections.agencies.grants_of`` reads them.
        access: what is wanted.
        now: with time zone.
    """
    if rule := _unknown(policy, grants, access, now):
        return Decision(False, rule)
    basis = policy.bases[access.basis]
    wanted = (access.agency, access.basis, access.purpose)
    named = [each for each in grants if (each.agency, each.basis, each.purpose) == wanted]
    if not named:
        return Decision(False, "no-grant")
    judged = [(_rule(basis, grant, access, now), grant) for grant in named]
    # One grant answers: the one that gets furthest, of these the latest.
    rule, grant = max(judged, key=lambda one: (_RANK[one[0]], one[1].since, one[1].id))
    if rule != ALLOWED:
        return Decision(False, rule, grant)
    return Decision(
        allowed=True,
        rule=ALLOWED,
        grant=grant,
        fields=basis.fields_of(access.operation),
        need_kinds=basis.need_kinds,
        event_types=basis.event_types,
        history_from=_history_from(basis, grant, now),
        operation=access.operation,
    )


_RANK: Final = {rule: rank for rank, rule in enumerate(RULES)}


def _unknown(policy: Policy, grants: Grants, access: Access, now: datetime) -> str | None:
    """Return the first rule by which no grant needs to be looked at."""
    checks = (
        ("unknown-agency", not grants.is_known or grants.agency != access.agency),
        ("agency-revoked", grants.revoked_at is not None and grants.revoked_at <= now),
        ("unknown-purpose", access.purpose not in policy.purposes),
        ("unknown-basis", access.basis not in policy.bases),
        ("unknown-operation", access.operation not in known.OPERATIONS),
    )
    return next((rule for rule, applies in checks if applies), None)


def _rule(basis: Basis, grant: Grant, access: Access, now: datetime) -> str:
    """Return the first rule by which ``grant`` does not allow ``access``, or ``ALLOWED``."""
    today = now.astimezone(UTC).date()
    ends_at = expiry(basis, grant.since, grant.expires_at)
    checks = (
        ("grant-revoked", grant.revoked_at is not None and grant.revoked_at <= now),
        ("grant-not-yet", now < grant.since),
        ("grant-expired", ends_at is not None and ends_at <= now),
        ("basis-not-yet", today < basis.since),
        ("basis-expired", basis.until is not None and basis.until < today),
        ("purpose-not-in-basis", access.purpose not in basis.purposes),
        ("operation-not-in-basis", access.operation not in basis.operations),
        ("grant-exceeds-basis", basis.reach == REGIONAL and not grant.regions),
        ("not-own", basis.reach == OWN and not access.is_own),
    )
    if (first := next((rule for rule, applies in checks if applies), None)) is not None:
        return first
    if access.operation == "subscribe" and access.region is None:
        return ALLOWED  # to the feed as such; each event is decided about with its place
    return _covers(grant, access.region)


def _covers(grant: Grant, region: str | None) -> str:
    if grant.regions is None:
        return ALLOWED
    if region is None:
        return "region-unknown"
    if not region.startswith(tuple(grant.regions)):
        return "region-not-covered"
    return ALLOWED


def shown(rule: str) -> str:
    """Return a rule as outsiders get it: the audit log has the one that applied."""
    return _SHOWN.get(rule, rule)


def expiry(basis: Basis, since: datetime, expires_at: datetime | None) -> datetime | None:
    """Return from when on a grant does not count: no grant lives longer than its law allows."""
    if basis.longest_days is None:
        return expires_at
    longest = since + timedelta(days=basis.longest_days)
    return longest if expires_at is None else min(longest, expires_at)


def _history_from(basis: Basis, grant: Grant, now: datetime) -> date | None:
    """Return the later of the two days before which there is no history."""
    if basis.history_days is None:
        return grant.history_from
    # Days are counted back from the grant: a feed that is asked for again must not lose its start.
    allowed = min(grant.since, now).astimezone(UTC).date() - timedelta(days=basis.history_days)
    return allowed if grant.history_from is None else max(allowed, grant.history_from)
