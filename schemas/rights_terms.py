"""Whether something may be granted under the policy, before it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas.errors import PermanentError
from schemas.rights import Grant, expiry
from schemas.rights_policy import REGIONAL, Policy

_REGION: Final = re.compile(r"[0-9]{2,10}")  # 17, 1703, 1703202


@dataclass(frozen=True, slots=True)
class Terms:
    """What was checked of a grant."""

    regions: frozenset[str] | None
    since: datetime
    expires_at: datetime | None

    def overlaps(self, other: Grant) -> bool:
        """Return whether both count at some moment; ``other`` was not revoked."""
        begins_before = other.expires_at is None or self.since < other.expires_at
        return begins_before and (self.expires_at is None or other.since < self.expires_at)


def check_terms(
    policy: Policy,
    agency: str,
    basis: str,
    purpose: str,
    *,
    regions: Iterable[str] | None,
    since: datetime,
    expires_at: datetime | None,
) -> Terms:
    """Return the terms of a grant that the policy allows.

    Raises:
        PermanentError: it does not; the text names the rule.
    """
    if purpose not in policy.purposes:
        raise PermanentError(f"the policy has no purpose {purpose}: see `hub policy show`")
    found = policy.bases.get(basis)
    if found is None:
        raise PermanentError(f"the policy has no legal basis {basis}: see `hub policy show`")
    if purpose not in found.purposes:
        allowed = ", ".join(sorted(found.purposes))
        raise PermanentError(f"basis {basis} is not for purpose {purpose} but for {allowed}")
    named = None if regions is None else frozenset(regions)
    if named is not None and (not named or not all(map(_REGION.fullmatch, named))):
        raise PermanentError("a region is the beginning of a SOATO code, such as 17 or 1703")
    if found.reach == REGIONAL and named is None:
        raise PermanentError(f"basis {basis} reaches regions only: name at least one for {agency}")
    if since.tzinfo is None or (expires_at is not None and expires_at.tzinfo is None):
        raise PermanentError("a moment has a time zone")
    if expires_at is not None and expires_at <= since:
        raise PermanentError("a grant must expire after it begins")
    if found.longest_days is not None:
        longest = since + timedelta(days=found.longest_days)
        if expires_at is not None and expires_at > longest:
            raise PermanentError(
                f"basis {basis} allows grants of at most {found.longest_days} days: until {longest}"
            )
    return Terms(named, since, expiry(found, since, expires_at))
