"""Grants and rights for the tests of feeds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.rights import Grant, Grants, load_policy
from streams.chunk import Place
from streams.feeds.entitlement import Entitlement

KEY = bytes(range(32))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLACES = [Place("civil", 0), Place("civil", 1), Place("tax", 0)]


def a_grant(basis: str, purpose: str, **terms: Any) -> Grant:
    given_: dict[str, Any] = {
        "id": UUID(int=len(basis)),
        "agency": "a",
        "regions": None,
        "since": NOON - timedelta(days=30),
        "expires_at": None,
        "revoked_at": None,
        "history_from": None,
    } | terms
    return Grant(basis=basis, purpose=purpose, **given_)


def entitlement(*granted: Grant, now: datetime = NOON) -> Entitlement:
    return Entitlement(load_policy(), Grants("a", granted=granted), now)


PENSION = a_grant("pension-law", "pension")
SOCIAL = a_grant("social-registry", "social-support")
WORK = a_grant("employment-law", "employment-help", regions=frozenset({"1726"}))
LATER = int((NOON - timedelta(days=1)).timestamp()) * 1_000_000
