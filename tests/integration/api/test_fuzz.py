"""The API is what its OpenAPI says: schemathesis, all checks, as everybody there is.

A fuzzer that is only refused proves nothing: each operation that a role may do must have answered,
each that it may not must not; and every answer is on record once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from psycopg import sql

from ops.settings import Settings
from schemas.rights import load_policy
from tests.conftest import _administer
from tests.integration.api.conftest import GRANTS, World, settings_at
from tests.integration.api.fuzz_world import MAY, OPEN, Role, peopled, questions, told

pytestmark = pytest.mark.long

EXAMPLES = os.environ.get("HUB_TEST_EXAMPLES")  # of each operation; `make soak` takes 200
ROLES = [*MAY] if EXAMPLES else ["social"]
# What is wrong may be too long as well, and length is looked at first (docs/api.md, Limits): these
# are refusals, too. Schemathesis takes the others by default.
REFUSED = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 428, 429, 431]
PROJECT = Path(__file__).parents[3]
# Why nothing of theirs is answered.
OUTSIDERS = {
    "revoked": "client-unknown",
    "closed": "client-unknown",
    "nobody": "token-missing",
    "foreign": "token_key",
    "late": "token_expired",
}

Peopled = tuple[World, dict[str, Role], dict[str, Any]]


def _lifetime(fixture_name: str, config: pytest.Config) -> Literal["function", "module"]:
    """Tokens are good for an hour: where each role takes long, each has a world of its own."""
    return "function" if EXAMPLES else "module"


@pytest.fixture(scope=_lifetime)
def everybody(
    stack: Settings, used_databases: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Peopled]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    _administer(stack, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    settings = settings_at(stack.local_dsn(name), tmp_path_factory.mktemp("fuzz"))
    with peopled(settings) as found:
        yield found
    used_databases.append(name)


def test_every_law_has_a_role() -> None:
    assert {(basis, purpose) for basis, purpose, _ in GRANTS.values()} == {
        (name, purpose) for name, one in load_policy().bases.items() for purpose in one.purposes
    }
    assert GRANTS.keys() <= MAY.keys()


@pytest.mark.parametrize("who", MAY)
def test_who_may_what(everybody: Peopled, who: str) -> None:
    """Every role asks for everything once, as the document says."""
    world, roles, known = everybody
    role = roles[who]
    said: list[dict[str, Any]] = []
    for name, question in questions(json.loads(told(role, known, world))).items():
        path, sent = question.url.raw_path.decode(), dict(question.headers)
        sent.pop("host")
        answer = world.http.request(question.method, path, content=question.content, headers=sent)
        line = {"operation": name, "status": answer.status_code}
        said.append(line | {"request": answer.headers["hub-request"]})
        if answer.status_code >= 400 and who in OUTSIDERS:
            problem = answer.json()
            rule = problem.get("rule") or problem["type"].removeprefix("/problems/")
            assert (answer.status_code, rule) == (401, OUTSIDERS[who])
        elif answer.status_code >= 400:
            assert answer.status_code in {403, 404}
            assert who != "lapsed" or answer.json()["rule"] == "grant-expired"

    assert {one["operation"] for one in said if one["status"] < 300} == role.may
    _on_record(world, role, said)


@pytest.mark.parametrize("who", ROLES)
def test_nothing_is_found(everybody: Peopled, who: str, tmp_path: Path) -> None:
    world, roles, known = everybody
    role, answers = roles[who], tmp_path / "answers"
    (tmp_path / "world").write_text(told(role, known, world), "utf-8")
    statuses = f"[checks.negative_data_rejection]\nexpected-statuses = {REFUSED}\n"
    (tmp_path / "schemathesis.toml").write_text(statuses, "utf-8")
    url = str(world.http.base_url).rstrip("/")
    arguments = ["run", f"{url}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES or "2"]
    # One worker: before 3.12 two threads that parse Python at once break each other (gh-106905).
    arguments += ["--no-color", "--request-timeout", "30", "--workers", "1"]
    arguments += ["--continue-on-failure"]
    if role.token:
        arguments += ["-H", f"Authorization: Bearer {role.token}"]
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        cwd=tmp_path,
        env=os.environ
        | {
            "SCHEMATHESIS_HOOKS": "tests.integration.api.fuzz_hooks",
            "PYTHONPATH": str(PROJECT),
            "HUB_TEST_WORLD": str(tmp_path / "world"),
            "HUB_TEST_ANSWERS": str(answers),
            "HUB_TEST_URL": url,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    said = [json.loads(line) for line in answers.read_text("utf-8").splitlines()]
    print(ended.stdout[-12_000:], _shares(said))
    assert ended.returncode == 0, ended.stdout[-12_000:] + ended.stderr[-2000:]
    good = {one["operation"] for one in said if one["status"] in {200, 202, 304}}
    assert good == role.may if EXAMPLES else good <= role.may
    _on_record(world, role, said)


def _shares(said: list[dict[str, Any]]) -> str:
    """Return how many of the answers to each operation were good, for people to read."""
    asked = Counter(one["operation"] for one in said)
    good = Counter(one["operation"] for one in said if one["status"] in {200, 202, 304})
    lines = (f"{name:12} {good[name]:6} of {asked[name]:6}" for name in sorted(asked))
    by_status = Counter(one["status"] for one in said)
    return "\n".join([*lines, str(sorted(by_status.items()))])


def _on_record(world: World, role: Role, said: list[dict[str, Any]]) -> None:
    """Each answer to a known client has its leaf, and one; of strangers' at most one."""
    ids = [one["request"] for one in said if one["operation"] not in OPEN]
    leaves = Counter(
        request
        for (request,) in world.country.connection.execute(
            "SELECT body ->> 'request' FROM kept.audit_leaves WHERE body ->> 'request' = ANY (%s)",
            [ids],
        )
    )
    assert set(leaves.values()) <= {1}
    if role.name not in OUTSIDERS:
        missing = [
            (one["operation"], one["status"])
            for one in said
            if one["operation"] not in OPEN and one["status"] < 500 and not leaves[one["request"]]
        ]
        assert missing == []
