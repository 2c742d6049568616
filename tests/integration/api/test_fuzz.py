"""The API is what its OpenAPI says: schemathesis, all checks, as every agency and as nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from joserfc import jwt

from tests.integration.api.conftest import GRANTS, World, signer_of

EXAMPLES = os.environ.get("HUB_TEST_EXAMPLES")  # of each operation; `make soak` takes 200
ROLES = [*GRANTS, "revoked", "nobody"] if EXAMPLES else ["social"]
PROJECT = Path(__file__).parents[3]


def hour_of(world: World, client: str) -> str:
    """Return a token that outlives the run."""
    signer, now = signer_of(world.settings), int(time.time())
    claims = {
        "iss": signer.issuer,
        "aud": "registry-hub",
        "client_id": client,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": signer.key.kid}
    return jwt.encode(header, claims, signer.key, algorithms=["Ed25519"])


@pytest.mark.parametrize("who", ROLES)
def test_nothing_is_found(shared: World, who: str, tmp_path: Path) -> None:
    url = str(shared.http.base_url).rstrip("/")
    arguments = ["run", f"{url}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES or "2"]
    # One worker: before 3.12 two threads that parse Python at once break each other (gh-106905).
    arguments += ["--no-color", "--request-timeout", "30", "--workers", "1"]
    if who != "nobody":
        arguments += ["-H", f"Authorization: Bearer {hour_of(shared, who)}"]
    basis, purpose, _ = GRANTS.get(who, GRANTS["social"])
    ended = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        cwd=tmp_path,
        env=os.environ
        | {
            "SCHEMATHESIS_HOOKS": "tests.integration.api.fuzz_hooks",
            "PYTHONPATH": str(PROJECT),
            "HUB_TEST_PURPOSE": purpose,
            "HUB_TEST_BASIS": basis,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
