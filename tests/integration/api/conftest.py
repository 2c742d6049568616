"""A small country, agencies with rights, a key set in a file, and the API over real HTTP."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg import sql

from ops.issuer.signing import Signer, signer
from ops.keystore import initialise_keystore, open_keystore
from ops.run.api import identify, run
from ops.settings import Settings, create_secrets
from projections import agencies
from projections.http.refusals import EACH
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from schemas.ids import text
from schemas.rights import load_policy
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.conftest import _administer, _free_base
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

    def get(
        self, path: str, params: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return self.http.get(path, params=params, headers=self.headers(**(headers or {})))

    def post(self, path: str, body: Any, **more: str) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.headers(**more))


def signer_of(settings: Settings) -> Signer:
    return signer(settings.issuer_url, settings.secrets.token_key)


def settings_at(database: str, home: Path) -> Settings:
    """Settings of an API of a test's own, with the issuer's keys in a file."""
    create_secrets(home / "secrets")
    migrate(database)
    made = Settings(
        home=home,
        cache=home,
        port_base=_free_base(),
        hub_dsn_override=database,
        keys_dsn_override=database,
        jwks_override=str(home / "jwks.json"),
        partitions=PARTITIONS,
        today_override=ON,
    )
    initialise_keystore(made)
    keys = json.dumps(signer_of(made).key_set())
    (home / "jwks.json").write_text(keys, encoding="ascii")
    return made


@contextmanager
def country_in(settings: Settings) -> Iterator[Country]:
    """One disabled, lonely pensioner under the example PINFL's id, and agencies with rights."""
    keystore = open_keystore(settings)
    made = Country(settings.hub_dsn, keystore)
    with closing(keystore), closing(made.connection), closing(connect(settings.hub_dsn)) as hub:
        made.complete()
        made.born("1old", "1950-01-01", "M")
        made.lives("1old", "cottage")
        made.disabled("1old", 2, until="2027-01-01")
        known = "=" + text(identify(settings, PINFL))
        made.state(
            "alias",
            (known, "linked_to", {"person": "1old"}),
            ("1old", "linked_from", {"alias": known}),
        )
        made.connection.execute(
            "INSERT INTO live.progress VALUES"
            " ('registry.civil.events.v1', 0, 'c', 't', 9, 1, 9, 0, 7),"
            " ('registry.civil.events.v1', 1, 'c', 't', 9, 1, 9, 0, 7)"
        )
        Assessor(NeedsStore(hub), keystore, settings.keys, PACK, PARTITIONS).assess_batch(ON, NOW)
        admit_agencies(settings.hub_dsn)
        yield made


@dataclass
class World:
    """The API, what it answers from, and who asks."""

    settings: Settings
    country: Country
    http: httpx.Client

    def asking(self, name: str, person: UUID | None = None) -> Asking:
        """Return a client of ``GRANTS``, or of none, perhaps for a person."""
        return Asking(self.http, signer_of(self.settings), name, person)

    def leaves(self, *answers: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
        """Return what is on record of these answers, in their order."""
        ids = [answer.headers["hub-request"] for answer in answers]
        return self.country.connection.execute(
            "SELECT kind, body FROM kept.audit_leaves WHERE body ->> 'request' = ANY (%s)"
            " ORDER BY array_position(%s, body ->> 'request'), id",
            [ids, ids],
        ).fetchall()


@pytest.fixture
def shared(lasting: World) -> World:
    """A world for tests that change nothing that another test looks at.

    Another test may have killed PostgreSQL since: what is asked first may be told to ask again.
    """
    deadline = time.monotonic() + 60
    while lasting.http.get("/v1/ready").status_code != 200:
        assert time.monotonic() < deadline, "the API did not come back"
        time.sleep(0.2)
    try:
        lasting.country.connection.execute("SELECT 1")
    except psycopg.OperationalError:
        lasting.country.connection = psycopg.connect(lasting.settings.hub_dsn, autocommit=True)
    return lasting


@pytest.fixture(scope="session")
def lasting(
    stack: Settings, used_databases: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """One world for the whole run; see ``shared``."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _administer(stack, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    settings = settings_at(stack.local_dsn(name), tmp_path_factory.mktemp("api"))
    with country_in(settings) as country, serving(settings) as http:
        yield World(settings, country, http)
    used_databases.append(name)


@pytest.fixture
def world(database: str, tmp_path: Path) -> Iterator[World]:
    """A world of this test's own, to be damaged."""
    settings = settings_at(database, tmp_path)
    with country_in(settings) as country, serving(settings) as http:
        yield World(settings, country, http)


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
def serving(
    settings: Settings,
    rate: str = "10000/second",
    places: str = EACH,
    sources: str = "10000/second",
) -> Iterator[httpx.Client]:
    """The API in a thread, on a port of its own, with a client that reaches it."""
    issuer = settings.issuer_url
    settings = replace(settings, port_base=_free_base(), issuer_override=issuer)
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop, rate, places, sources))
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
