"""The row ``query``: the query API under load, with everything on record.

The API runs as the supervisor starts it: its own process, role ``hub_api``, row security, tokens of
the local issuer, its own rate limit for each client. Sequencer and integrator run beside it. The
load comes from a process of its own (``ops.bench.asking``) at times fixed in advance, and a latency
counts from the planned time. The same load on ``/v1/health``, which asks nothing of the database,
is the limit: what HTTP itself takes.

Every answer must be 200, and there must be exactly one leaf of kind ``read`` for each.
"""

from __future__ import annotations

import json
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import psycopg

from ops.audit.place import log_folder
from ops.bench import cpu
from ops.bench.arrivals import HOW, percentile, planned
from ops.bench.beside import running
from ops.bench.families import Families
from ops.bench.fill import fill
from ops.bench.race import RaceError, empty_tables
from ops.keystore import open_keystore
from ops.settings import Settings
from ops.stack.stack import Stack
from projections import agencies
from projections.needs_store import NeedsStore, connect
from schemas.rights import load_policy
from streams.assessor import Assessor
from streams.rules.load import load_pack

NAME: Final = "query"
GOAL_MS: Final = 20.0  # p99
RATE: Final = 200.0  # requests a second
LEAST_PEOPLE: Final = 1000
MIX: Final = (("needs", 4), ("facts", 2), ("household", 2), ("history", 2))  # of ten
HEALTH: Final = "health"
_CLIENTS: Final = 8  # programs of one agency: each may ask 60 times a second
_BASIS, _PURPOSE, _AGENCY = "social-registry", "social-support", "bench"
_ON: Final = date(2026, 9, 30)
_NOW: Final = datetime(2026, 10, 1, tzinfo=UTC)
_THROUGH: Final = date(2026, 8, 31)
_WARM_SECONDS: Final = 3.0
_READY_SECONDS: Final = 60.0
_DATABASE: Final = "bench_query"
_PROJECT: Final = Path(__file__).resolve().parents[2]
_LEAVES: Final = "SELECT count(*) FROM kept.audit_leaves WHERE kind = 'read'"
_PEOPLE: Final = "SELECT person FROM live.memberships ORDER BY person"


@dataclass(slots=True)
class Asked:
    """What one stretch of load came to."""

    what: str
    latencies: list[float]  # seconds from the planned arrival
    api_cpu: float  # seconds
    postgres_cpu: float
    load_cpu: float
    bytes: int

    def ms(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        return 1000 * percentile(self.latencies, share)


@dataclass(slots=True)
class Queried:
    """What was measured."""

    people: int
    rate: float
    seconds: float
    leaves: int = 0
    rounds: list[Asked] = field(default_factory=list)

    def of(self, what: str) -> Asked:
        """Return all rounds of a kind of load as one."""
        found = [one for one in self.rounds if one.what == what]
        return Asked(
            what,
            [each for one in found for each in one.latencies],
            api_cpu=sum(one.api_cpu for one in found),
            postgres_cpu=sum(one.postgres_cpu for one in found),
            load_cpu=sum(one.load_cpu for one in found),
            bytes=sum(one.bytes for one in found),
        )


def measure(  # noqa: PLR0917 - as its row is called
    settings: Settings, people: int, rounds: int, seconds: float, begin: Any, say: Any
) -> Queried:
    """Return how fast questions about ``people`` are answered.

    Raises:
        RaceError: a request failed, or left no leaf.
    """
    found = Queried(people, RATE, seconds)
    with empty_tables(settings, _DATABASE) as database:
        own = replace(settings, hub_dsn_override=settings.dsn(database), today_override=_ON)
        _settle(own, people, begin, say)
        tokens = _clients(own)
        try:
            with running(own, "sequencer", "integrator", "issuer", "api") as stack:
                load = _Load(own, stack, _people(own), _tokens(own, tokens))
                _wait_ready(own)
                begin("warming up", 1)
                for how in HOW:
                    load.ask(how, _WARM_SECONDS, 0)
                for number in range(1, rounds + 1):
                    for what in (*HOW, HEALTH):
                        begin(f"{what}, round {number}", 1)
                        asked = load.ask(what, seconds, number)
                        found.rounds.append(asked)
                        say(
                            f"{what}, round {number}: p50 {asked.ms(0.5):.1f} ms, "
                            f"p99 {asked.ms(0.99):.1f} ms, max {asked.ms(1):.1f} ms"
                        )
            found.leaves = load.reads
        finally:
            shutil.rmtree(log_folder(own), ignore_errors=True)
    return found


def _settle(settings: Settings, people: int, begin: Any, say: Any) -> None:
    """Put a country into the tables, and assess everybody."""
    tick, events = begin("a country into the fact tables", people * 4), 0
    with closing(open_keystore(settings)) as keystore:
        families = Families(people, _ON)
        for events in fill(settings.hub_dsn, keystore, families, settings.partitions, _THROUGH):
            tick(events)
        tick, judged = begin("assessing everybody", people // 2), 0
        with closing(connect(settings.hub_dsn)) as connection:
            store, pack = NeedsStore(connection), load_pack("uz")
            assessor = Assessor(store, keystore, settings.keys, pack, settings.partitions)
            while (one := assessor.assess_batch(_ON, _NOW)) is not None:
                judged += one.households
                tick(judged)
            connection.execute("ANALYZE")
            connection.execute("CHECKPOINT")
    say(f"{people:,} people, {events:,} events, {judged:,} households")


def _clients(settings: Settings) -> dict[str, str]:
    """Let an agency in with some programs; return their secrets by name."""
    now, who = datetime.now(UTC), "bench"
    policy = load_policy()
    made = {f"bench-{number}": secrets.token_hex(32) for number in range(_CLIENTS)}
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        agencies.store_policy(connection, policy, who=who)
        agencies.add_agency(connection, _AGENCY, "Benchmark", now=now, who=who)
        since = now - timedelta(minutes=1)
        grant = (connection, policy, _AGENCY, _BASIS, _PURPOSE)
        agencies.grant(*grant, now=now, who=who, since=since)
        for name, secret in made.items():
            digest = sha256(secret.encode()).digest()
            agencies.add_client(connection, name, _AGENCY, digest, now=now, who=who)
    return made


def _people(settings: Settings) -> list[UUID]:
    with psycopg.connect(settings.hub_dsn) as connection:
        return [row[0] for row in connection.execute(_PEOPLE)]


def _tokens(settings: Settings, clients: dict[str, str]) -> list[str]:
    deadline = time.monotonic() + _READY_SECONDS
    tokens = []
    with httpx.Client() as client:
        for name, secret in clients.items():
            while True:
                try:
                    answer = client.post(
                        f"{settings.issuer_url}/oauth/token",
                        data={"grant_type": "client_credentials"},
                        auth=(name, secret),
                    )
                    break
                except httpx.TransportError:
                    if time.monotonic() > deadline:
                        raise RaceError("the issuer does not answer") from None
                    time.sleep(0.2)
            tokens.append(str(answer.raise_for_status().json()["access_token"]))
    return tokens


def _wait_ready(settings: Settings) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            if httpx.get(f"{settings.api_url}/v1/ready").is_success:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise RaceError("the API does not become ready; see its log")
        time.sleep(0.2)


@dataclass(slots=True)
class _Load:
    """Makes load, and knows how many reads it made."""

    settings: Settings
    stack: Stack
    people: Sequence[UUID]
    tokens: Sequence[str]
    reads: int = 0

    def ask(self, what: str, seconds: float, seed: int) -> Asked:
        """Load the API for ``seconds``; every answer must be right and on record."""
        how = what if what in HOW else HOW[0]
        times = planned(round(RATE * seconds), RATE, how, seed + 1)
        chance = random.Random(seed)  # noqa: S311 - whom to ask about
        if what == HEALTH:
            requests = [_request("/v1/health")] * len(times)
        else:
            requests = list(self._requests(len(times), chance))
            self.reads += len(times)
        port = self.settings.port("api")
        before = self._cpu()
        told = _run(
            self.settings.home / "bench", {"port": port, "requests": requests, "times": times}
        )
        api, postgres = (now - then for now, then in zip(self._cpu(), before, strict=True))
        wrong = sorted(set(told["statuses"]) - {200})
        if wrong:
            count = sum(status != 200 for status in told["statuses"])  # noqa: PLR2004
            raise RaceError(f"{count} of {len(times)} answers were {wrong}: no figure counts")
        if (leaves := self._leaves()) != self.reads:
            raise RaceError(f"{self.reads} reads left {leaves} leaves: no figure counts")
        return Asked(what, told["latencies"], api, postgres, told["cpu"], told["bytes"])

    def _requests(self, count: int, chance: random.Random) -> Iterator[str]:
        kinds = [kind for kind, times in MIX for _ in range(times)]
        for number in range(count):
            person, kind = chance.choice(self.people), chance.choice(kinds)
            yield _request(f"/v1/persons/{person}/{kind}", self.tokens[number % len(self.tokens)])

    def _leaves(self) -> int:
        with psycopg.connect(self.settings.hub_dsn) as connection:
            row = connection.execute(_LEAVES).fetchone()
        return 0 if row is None else int(row[0])

    def _cpu(self) -> tuple[float, float]:
        api, postgres = self.stack.record("api"), self.stack.record("postgres")
        assert api is not None, "it answered"
        assert postgres is not None, "it runs"
        return cpu.seconds_with_children(api.pid), cpu.seconds_with_children(postgres.pid)


def _request(path: str, token: str = "") -> str:
    head = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        head += [f"Authorization: Bearer {token}", f"Hub-Purpose: {_PURPOSE}"]
        head.append(f"Hub-Basis: {_BASIS}")
    return "\r\n".join(head) + "\r\n\r\n"


def _run(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    asked, answered = folder / "asked.json", folder / "answered.json"
    asked.write_text(json.dumps(job), encoding="utf-8")
    asked.chmod(0o600)
    command = [sys.executable, "-m", "ops.bench.asking", str(asked), str(answered)]
    try:
        subprocess.run(command, check=True, cwd=_PROJECT)
    except subprocess.CalledProcessError:
        raise RaceError("the load was not all answered: see above") from None
    finally:
        asked.unlink()
    told: dict[str, Any] = json.loads(answered.read_text(encoding="utf-8"))
    return told
