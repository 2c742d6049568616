"""Everybody who may ask and everybody who may not, and something for each of them to find."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from connectors.uz.identifiers import validate_pinfl
from ops.run.api import identify
from ops.settings import Settings
from projections import agencies
from projections.needs_store import NeedsStore, connect
from schemas.errors import InvalidRecord
from schemas.ids import text
from schemas.rights import Policy
from schemas.rights_policy import parse_policy
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.integration.api.conftest import GRANTS, PINFL, World, country_in, serving, signer_of
from tests.integration.assessment.country import NOW, ON, PARTITIONS, Country, person

OLD: Final = text(person("1old"))
KEYS: Final = ("resend-a", "resend-b", "resend-c")  # each stands for a range of its own
DISTRICTS: Final = ("1703", "1726", "1726266")
LAST: Final = 100  # number of each feed

# What may succeed, by hand from docs/api.md and docs/rights.md, "The policy of this build".
OPEN: Final = frozenset({"health", "ready", "problem", "checkpoint", "tile"})
KNOWN: Final = OPEN | {"registries"}
FEED: Final = frozenset({"ask_resend", "resend"})
NEEDS: Final = frozenset({"lookup", "needs", "reason", "list_needs"})
MAY: Final = {
    "social": KNOWN | FEED | NEEDS | {"facts", "household", "history"},
    "andijan": KNOWN | FEED | NEEDS | {"facts", "household", "history"},
    "work": KNOWN | FEED | NEEDS,
    "pensions": KNOWN | FEED | NEEDS | {"facts", "history"},
    "payments": KNOWN | FEED | NEEDS | {"facts"},
    "planners": KNOWN | {"statistics"},
    "portal": KNOWN | {"lookup", "needs", "reason", "facts", "history", "access_log"},
    "auditors": KNOWN | {"access_log"},
    "registrar": KNOWN | {"identities"},
    # Whose client, grant or agency ended while its token is still good; and who has no good token.
    "revoked": OPEN,
    "lapsed": KNOWN,
    "closed": OPEN,
    "nobody": OPEN,
    "foreign": OPEN,
    "late": OPEN,
}
# Nobody may ask for identities by the policy of this build: here somebody may.
REGISTRAR: Final = ("identity-office", "oversight")
_BASIS: Final = """
[bases.identity-office]
title = { uz = "Sinov", ru = "Проверка", en = "Of the test" }
law = "None: of the test"
illustrative = true
from = 2019-10-01
reach = "national"
history = 0
purposes = ["oversight"]
operations = ["identities"]
groups = ["frame", "identities"]

"""


@dataclass(frozen=True)
class Role:
    """Somebody who asks."""

    name: str
    token: str | None
    basis: str
    purpose: str
    may: frozenset[str]


def policy() -> Policy:
    """Return the policy of this build, and the registrar's basis."""
    said = (files("schemas") / "policy" / "uz.toml").read_text("utf-8")
    place = said.index("[bases.social-registry]")
    return parse_policy(said[:place] + _BASIS + said[place:], "uz.toml")


@contextmanager
def peopled(settings: Settings) -> Iterator[tuple[World, dict[str, Role], dict[str, Any]]]:
    """An API over the small country, the roles, and what there is to ask for."""
    ruled = policy()
    with pytest.MonkeyPatch.context() as patch, country_in(settings) as country:
        patch.setattr("ops.run.api.load_policy", lambda: ruled)
        pinfls = [PINFL, *_settle(settings, country)]
        roles = _admit(settings, ruled)
        _publish(settings, country)
        with serving(settings) as http:
            known = {
                "people": [OLD, text(person("2job")), text(person("3soon"))],
                "pinfls": pinfls,
                "keys": KEYS,
                "last": LAST,
            }
            yield World(settings, country, http), roles, known


def _settle(settings: Settings, country: Country) -> list[str]:
    """Add somebody in another region who lost work, and somebody soon of age; their numbers."""
    country.born("2job", "1990-06-15", "M")
    home = {"district": "1726266", "dwelling": "flat", "kind": "home"}
    country.state("home", ("2job", "residence", home), days=("2015-01-01", None))
    country.employed("2job")
    ended = {"employer": "e", "ended_on": "2024-10-31"}
    country.state("end", ("2job", "employment_end", ended))
    country.born("3soon", "1966-06-01", "M")
    country.lives("3soon", "house")
    numbers = [_number("3150690591003"), _number("3010666591004")]
    for name, number in zip(("2job", "3soon"), numbers, strict=True):
        known = "=" + text(identify(settings, number))
        country.state(
            f"alias {name}",
            (known, "linked_to", {"person": name}),
            (name, "linked_from", {"alias": known}),
        )
    assert country.keystore is not None
    with closing(connect(settings.hub_dsn)) as hub:
        assessor = Assessor(NeedsStore(hub), country.keystore, settings.keys, PACK, PARTITIONS)
        assessor.assess_batch(ON, NOW)
    return numbers


def _number(thirteen: str) -> str:
    """Return a national number with its check digit."""
    for digit in range(10):
        try:
            return validate_pinfl(f"{thirteen}{digit}")
        except InvalidRecord:
            pass
    raise AssertionError("no digit fits")


def _publish(settings: Settings, country: Country) -> None:
    """Give each agency a feed of some numbers, and the log a few files."""
    for name in MAY:
        country.connection.execute(
            "INSERT INTO kept.feed_index (agency, first, last, packed)"
            " SELECT agency, 1, %s, '' FROM kept.agencies WHERE agency = %s",
            [LAST, name],
        )
    log = settings.home / "audit"
    for place in ("tile/0/000", "tile/entries/000.p/5", "checkpoint"):
        (log / place).parent.mkdir(parents=True, exist_ok=True)
        (log / place).write_bytes(b"of a test\n")


def _admit(settings: Settings, ruled: Policy) -> dict[str, Role]:
    """Let the others in, take away again what ended, and give everybody a token."""
    now = datetime.now(UTC)
    before = now - timedelta(hours=2)
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        agencies.store_policy(connection, ruled, who="test")
        for name in ("registrar", "revoked", "lapsed", "closed"):
            basis, purpose = REGISTRAR if name == "registrar" else GRANTS["social"][:2]
            agencies.add_agency(connection, name, name.title(), now=before, who="test")
            agencies.add_client(
                connection, name, name, name.encode().ljust(32), now=before, who="t"
            )
            until = before + timedelta(hours=1) if name == "lapsed" else None
            agencies.grant(
                connection, ruled, name, basis, purpose, now=before, who="test", expires_at=until
            )
        tokens = {name: _token(settings, name) for name in MAY}
        agencies.revoke_client(connection, "revoked", now=now, who="test")
        agencies.revoke_agency(connection, "closed", now=now, who="test")
    said = GRANTS | {"registrar": (*REGISTRAR, None)}
    return {
        name: Role(name, tokens[name], *said.get(name, GRANTS["social"])[:2], may)
        for name, may in MAY.items()
    }


def _token(settings: Settings, role: str) -> str | None:
    """Return a token that outlives the run, if the role has one that does at all."""
    signer, now = signer_of(settings), int(time.time())
    key, issuer, client = signer.key, signer.issuer, role
    if role == "nobody":
        return None
    if role == "foreign":
        key, issuer = OKPKey.generate_key("Ed25519", {"kid": "theirs"}), "https://other.example"
    if role in {"foreign", "late"}:
        client = "social"
    ends = now - 120 if role == "late" else now + 3600
    claims: dict[str, Any] = {"iss": issuer, "aud": "registry-hub", "client_id": client}
    claims |= {"iat": ends - 3600, "nbf": ends - 3600, "exp": ends}
    if role == "portal":
        claims["person"] = str(UUID(OLD))
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])


def told(role: Role, known: dict[str, Any], world: World) -> str:
    """Return what the fuzzer is told of the world, as JSON: what the role's own answers name."""
    headers = {"Hub-Purpose": role.purpose, "Hub-Basis": role.basis}
    if role.token:
        headers["Authorization"] = f"Bearer {role.token}"
    needs = {}
    for one in known["people"]:
        answer = world.http.get(f"/v1/persons/{one}/needs", headers=headers)
        if answer.status_code == 200:
            needs[one] = [need["need"] for need in answer.json()["needs"]]
    resends = []
    for number, key in enumerate(known["keys"], 1):
        body = {"first": number, "last": LAST - number}
        answer = world.http.post(
            "/v1/feed/resends", json=body, headers=headers | {"Idempotency-Key": key}
        )
        if answer.status_code == 202:
            resends.append(answer.json()["id"])
    regions = GRANTS.get(role.name, ("", "", None))[2]
    districts = [one for one in DISTRICTS if regions is None or one[:4] in regions]
    more = {"needs": needs, "resends": resends, "headers": headers, "districts": districts}
    return json.dumps({**known, **more, "purpose": role.purpose, "basis": role.basis})


def questions(said: dict[str, Any]) -> dict[str, httpx.Request]:
    """Return one good question of each operation; ``said`` is what ``told`` returns, read."""
    who = next((one for one, needs in said["needs"].items() if needs), OLD)
    need = [*said["needs"].get(who, []), OLD][0]
    resend = [*said["resends"], OLD][0]
    district = {"district": "1726" if said["basis"] == "employment-law" else "1703"}
    place = f"/v1/persons/{who}"
    number = said["pinfls"][said["people"].index(who)]
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "health": ("/v1/health", {}),
        "ready": ("/v1/ready", {}),
        "problem": ("/problems/not-allowed", {}),
        "checkpoint": ("/audit/checkpoint", {}),
        "tile": ("/audit/tile/entries/000.p/5", {}),
        "registries": ("/v1/registries", {}),
        "needs": (f"{place}/needs", {}),
        "reason": (f"{place}/needs/{need}/reason", {}),
        "facts": (f"{place}/facts", {"as_of": "2026-03-01"}),
        "household": (f"{place}/household", {}),
        "history": (f"{place}/history", {}),
        "identities": (f"{place}/identities", {}),
        "access_log": (f"{place}/access-log", {"limit": "1"}),
        "list_needs": ("/v1/needs", district),
        "statistics": ("/v1/statistics/needs", {}),
        "resend": (f"/v1/feed/resends/{resend}", {}),
    }
    found = {
        name: httpx.Request("GET", f"http://hub{path}", params=params, headers=said["headers"])
        for name, (path, params) in asked.items()
    }
    keyed = said["headers"] | {"Idempotency-Key": KEYS[0]}
    posted = {
        "lookup": ("/v1/persons/lookup", {"pinfl": number}),
        "ask_resend": ("/v1/feed/resends", {"first": 1, "last": LAST - 1}),
    }
    return found | {
        name: httpx.Request("POST", f"http://hub{path}", json=body, headers=keyed)
        for name, (path, body) in posted.items()
    }
