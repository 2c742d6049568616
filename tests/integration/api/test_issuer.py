"""`hub client` and the local issuer: from a secret to an answer, and nothing without it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from ops.cli import command_app
from ops.run.issuer import run as run_issuer
from ops.settings import PORT_OFFSETS
from schemas.errors import PermanentError
from schemas.ids import text
from tests.integration.api.conftest import World, serving
from tests.integration.assessment.country import person

OLD = text(person("1old"))


@pytest.fixture
def issuer(world: World) -> Iterator[httpx.Client]:
    stop = threading.Event()
    thread = threading.Thread(target=run_issuer, args=(world.settings, stop))
    thread.start()
    with httpx.Client(base_url=world.settings.issuer_url, timeout=20) as client:
        for _ in range(400):
            try:
                client.get("/.well-known/jwks.json")
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        yield client
    stop.set()
    thread.join()


def hub(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    for name, value in world.settings.as_environment().items():
        monkeypatch.setenv(name, value)
    command_app("client")(arguments, standalone_mode=False)


def test_from_a_secret_to_an_answer(
    world: World,
    issuer: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    file = tmp_path / "desk.secret"
    for _ in range(2):  # the second time changes nothing
        arguments = ("add", "desk", "--agency", "social", "--secret-file", str(file))
        hub(world, monkeypatch, *arguments)
    assert file.stat().st_mode & 0o777 == 0o600
    secret = file.read_text().strip()
    assert secret not in capsys.readouterr().out
    with pytest.raises(PermanentError):
        hub(world, monkeypatch, "add", "desk", "--agency", "social")

    kept = world.country.connection.execute(
        "SELECT secret_sha256, c::text FROM kept.clients c WHERE client_id = 'desk'"
    ).fetchone()
    assert kept is not None
    assert kept[0] == hashlib.sha256(secret.encode()).digest()
    assert secret not in kept[1]

    form = {"grant_type": "client_credentials"}
    other = issuer.post("/oauth/token", data={"grant_type": "password"}, auth=("desk", secret))
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")
    said = issuer.post("/oauth/token", data=form, auth=("desk", secret))
    assert said.json()["token_type"] == "Bearer"
    with serving(replace(world.settings, jwks_override="")) as http:
        headers = {
            "Authorization": f"Bearer {said.json()['access_token']}",
            "Hub-Purpose": "social-support",
            "Hub-Basis": "social-registry",
        }
        assert http.get(f"/v1/persons/{OLD}/needs", headers=headers).status_code == 200
        hub(world, monkeypatch, "revoke", "desk")
        ended = http.get(f"/v1/persons/{OLD}/needs", headers=headers)
        assert ended.json()["type"] == "/problems/client-unknown"
    hub(world, monkeypatch, "list", "-o", "json")
    assert '"client": "desk"' in capsys.readouterr().out
    refused = issuer.post("/oauth/token", data=form, auth=("desk", secret))
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})
    assert refused.headers["www-authenticate"].startswith("Basic ")


def test_who_does_not_know_the_secret_gets_nothing(world: World, issuer: httpx.Client) -> None:
    form = {"grant_type": "client_credentials"}
    answers = [
        issuer.post("/oauth/token", data=form, auth=("social", "guess")),
        issuer.post("/oauth/token", data=form, auth=("stranger", "guess")),
        issuer.post("/oauth/token", data=form),
        issuer.post("/oauth/token", data={"grant_type": "password"}, auth=("social", "x")),
        issuer.post("/oauth/token", data=form | {"person": "30211975910033"}, auth=("social", "x")),
        issuer.post("/oauth/token", content=b"x" * 5000, auth=("social", "x")),
        issuer.post("/oauth/token", json=form, auth=("social", "x")),
        issuer.get("/oauth/token"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 400, 400, 400, 400, 405]
    assert not any("30211975910033" in answer.text for answer in answers)
    written = world.country.connection.execute(
        "SELECT count(*) FROM kept.audit_leaves WHERE body ->> 'what' = 'token'"
    ).fetchone()
    assert written == (7,)


def test_the_issuer_describes_itself(world: World, issuer: httpx.Client) -> None:
    said = issuer.get("/.well-known/oauth-authorization-server").json()

    assert said["issuer"] == world.settings.issuer_url
    assert said["token_endpoint"] == f"{world.settings.issuer_url}/oauth/token"
    (key,) = issuer.get("/.well-known/jwks.json").json()["keys"]
    assert "d" not in key
    assert PORT_OFFSETS["issuer"] == 83
