"""A small country, agencies with rights, a key set in a file, and the API over real HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from ops.issuer.signing import Signer, signer
from ops.keystore import initialise_keystore, open_keystore
from ops.run.api import identify, run
from ops.settings import Settings, create_secrets
from projections import agencies
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from schemas.ids import text
from schemas.rights import load_policy
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.integration.assessment.country import NOW, ON, PARTITIONS, Country

PINFL = "30211975910033"  # the published example
GRANTS = {
    # client -> basis, purpose, regions
    "social": ("social-registry", "social-support", None),
    "andijan": ("social-registry", "social-support", {"1703"}),
    "work": ("employment-law", "employment-help", {"1726"}),
    "pensions": ("pension-law", "pension", None),
    "payments": ("benefit-payments", "benefit-payment", None),
    "planners": ("planning-figures", "planning", None),
    "portal": ("data-subject", "own-data", None),
    "auditors": ("oversight-audit", "oversight", None),
}


@dataclass
class Asking:
    """One agency's client, with a token of its own."""

    http: httpx.Client
    signer: Signer
    name: str
    person: UUID | None = None
    purpose: str = ""
    basis: str = ""

    def headers(self, **more: str) -> dict[str, str]:
        token = self.signer.token(self.name, self.person, int(time.time()), "0")
        said = {"Authorization": f"Bearer {token}"}
        if self.name in GRANTS:
            basis, purpose, _ = GRANTS[self.name]
            said |= {"Hub-Basis": basis, "Hub-Purpose": purpose}
        return said | more

    def get(self, path: str, params: dict[str, str] | None = None, **more: str) -> httpx.Response:
        return self.http.get(path, params=params, headers=self.headers(**more))

    def post(self, path: str, body: Any, **more: str) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.headers(**more))


@pytest.fixture
def settings(database: str, free_settings: Settings) -> Settings:
    create_secrets(free_settings.home / "secrets")
    migrate(database)
    made = replace(
        free_settings,
        hub_dsn_override=database,
        keys_dsn_override=database,
        jwks_override=str(free_settings.home / "jwks.json"),
    )
    initialise_keystore(made)
    keys = signer_of(made).key_set()
    (free_settings.home / "jwks.json").write_text(json.dumps(keys), encoding="ascii")
    return made


def signer_of(settings: Settings) -> Signer:
    return signer(settings.issuer_url, settings.secrets.token_key)


@pytest.fixture
def country(settings: Settings) -> Iterator[Country]:
    """One disabled person under the example PINFL's id, a lonely pensioner, and agencies."""
    keystore = open_keystore(settings)
    made = Country(settings.hub_dsn, keystore)
    with closing(keystore), closing(made.connection), closing(connect(settings.hub_dsn)) as hub:
        made.complete()
        made.born("1old", "1950-01-01", "M")
        made.lives("1old", "cottage")
        made.disabled("1old", 2, until="2027-01-01")
        known = "=" + text(identify(settings, PINFL))
        made.state("alias", (known, "linked_to", {"person": "1old"}))
        made.connection.execute(
            "INSERT INTO live.progress VALUES"
            " ('registry.civil.events.v1', 0, 'c', 't', 9, 1, 9, 0, 7),"
            " ('registry.civil.events.v1', 1, 'c', 't', 9, 1, 9, 0, 7)"
        )
        Assessor(NeedsStore(hub), keystore, settings.keys, PACK, PARTITIONS).assess_batch(ON, NOW)
        admit_agencies(settings.hub_dsn)
        made.connection.execute("ALTER TABLE kept.audit_leaves DISABLE TRIGGER USER")
        made.connection.execute("DELETE FROM kept.audit_leaves")
        made.connection.execute("ALTER TABLE kept.audit_leaves ENABLE TRIGGER USER")
        yield made


def admit_agencies(dsn: str) -> None:
    """One agency a row of ``GRANTS``, each with a client of its own name."""
    now = datetime.now(UTC)
    since = now - timedelta(minutes=1)
    policy = load_policy()
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        agencies.store_policy(connection, policy, who="test")
        for name, (basis, purpose, regions) in GRANTS.items():
            agencies.add_agency(connection, name, name.title(), now=now, who="test")
            agencies.add_client(connection, name, name, name.encode().ljust(32), now=now, who="t")
            agencies.grant(
                connection,
                policy,
                name,
                basis,
                purpose,
                now=now,
                who="test",
                regions=regions,
                since=since,
            )


@contextmanager
def serving(settings: Settings, rate: str = "10000/second") -> Iterator[httpx.Client]:
    """The API in a thread, with a client that reaches it."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop, rate))
    thread.start()
    try:
        with httpx.Client(base_url=settings.api_url, timeout=20) as client:
            for _ in range(400):
                try:
                    client.get("/v1/health")
                    break
                except httpx.ConnectError:
                    time.sleep(0.05)
            yield client
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def http(settings: Settings, country: Country) -> Iterator[httpx.Client]:
    with serving(settings) as client:
        yield client


@pytest.fixture
def asking(http: httpx.Client, settings: Settings) -> Callable[..., Asking]:
    """Return who asks: a client of ``GRANTS`` or of none, perhaps for a person."""

    def make(name: str, person: UUID | None = None) -> Asking:
        return Asking(http, signer_of(settings), name, person)

    return make


def leaves(country: Country, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what is on record since the agencies were let in."""
    return country.connection.execute(
        "SELECT kind, body FROM kept.audit_leaves WHERE kind = ANY (%s) ORDER BY id",
        [list(kinds or ("read", "refusal"))],
    ).fetchall()
