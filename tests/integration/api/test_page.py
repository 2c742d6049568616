"""What docs/api.md shows is true: its commands, run by a shell on an API that serves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from ops.cli import command_app
from ops.run.issuer import run as run_issuer
from tests.integration.api.conftest import World, serving

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_example_of_the_page_works(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one script, since the first command gets the token that the others use."""
    for name, value in world.settings.as_environment().items():
        monkeypatch.setenv(name, value)
    secret = tmp_path / "desk.secret"
    add = ("add", "benefits-desk", "--agency", "social", "--secret-file", str(secret))
    command_app("client")(add, standalone_mode=False)
    world.country.connection.execute(
        "INSERT INTO kept.feed_index (agency, first, last, packed) VALUES ('social', 1, 1000, '')"
    )
    stop = threading.Event()
    issuer = threading.Thread(target=run_issuer, args=(world.settings, stop))
    issuer.start()
    try:
        with serving(world.settings) as http:
            script = "set -eu\n" + "\necho\n".join(EXAMPLES)
            script = script.replace("http://127.0.0.1:29083", world.settings.issuer_url)
            script = script.replace("http://127.0.0.1:29080", str(http.base_url).rstrip("/"))
            # The issuer may be a moment late.
            script = script.replace("curl -s", "curl -sS --fail --retry 9 --retry-connrefused")
            ran = subprocess.run(
                ["bash", "-c", script],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "NO_PROXY": "*"},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
    finally:
        stop.set()
        issuer.join()

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(EXAMPLES) == 3
    found, resend = map(json.loads, filter(None, ran.stdout.splitlines()))
    assert found["is_known"] is True
    assert resend["state"] == "waiting"
