"""``hub agency`` from the first word to the last."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.integration.feeds.test_numbers import incomes

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig


@pytest.fixture
def hub(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    for name, value in rig.settings.as_environment().items():
        monkeypatch.setenv(name, value)
    return rig


def run(*arguments: str, code: int = 0) -> str:
    from ops.agency.command import app  # noqa: PLC0415

    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def test_the_life_of_an_agency(hub: Rig, tmp_path: Path) -> None:
    name = f"office-{hub.suffix}"
    hub.made.append(name)
    file = tmp_path / "password"
    add = ("add", name, "--title", "An office", "--password-file", str(file))
    assert "office" in run(*add)
    password = file.read_text("ascii")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "let in already" in run(*add)
    assert file.read_text("ascii") == password
    hub.passwords[name] = password

    grant = ("grant", name, "--basis", "pension-law", "--purpose", "pension")
    assert "whole country" in run(*grant, "--until", "2027-12-31")
    assert "whole country" in run(*grant, "--until", "2027-12-31")  # once again is the same
    hub.write(incomes(hub, 0, 5))
    hub.settle()
    assert len(hub.read(name)) == 5
    (row,) = [each for each in json.loads(run("list", "-o", "json")) if each["agency"] == name]
    assert (row["last_number"], len(row["grants"])) == (5, 1)
    assert row["grants"][0]["expires_at"] == "2028-01-01T00:00:00+00:00"
    assert "pension-law" in run("list")
    assert "numbers given: 5" in run("show", name)

    resend = ("resend", name, "--from", "2", "--to", "3")
    assert "would be sent again" in run(*resend)
    assert "asked for" in run(*resend, "--execute", "--timeout", "0")
    hub.settle(12)
    assert [each.number for each in hub.read(name, again=True)] == [2, 3]
    assert "sent 2 records, 0 of them withheld" in run(*resend, "--execute")

    assert "password" in run("rotate-password", name, "--password-file", str(file))
    hub.passwords[name] = file.read_text("ascii")
    assert hub.passwords[name] != password

    reason = ("--reason", "the agreement has ended")
    assert "one grant ends" not in run("revoke", name, *reason, code=1)  # not confirmed
    one = row["grants"][0]["id"]
    assert "ends: pension-law" in run("revoke", name, "--grant", one, *reason, "--yes")
    hub.settle(12)
    assert hub.read(name)[-1].name == "FeedEnded"
    run("revoke", name, *reason, "--yes", "--lock-out")
    run("revoke", name, *reason, "--yes", "--lock-out")
    assert "revoked" in run("show", name)
    said = [row[0] for row in hub.rows("body ->> 'what' FROM kept.audit_leaves ORDER BY id")]
    expected = ("agency-added", "feed-password-set", "feed-password-given", "granted", "sent")
    assert [what for what in dict.fromkeys(said) if what in expected] == list(expected)
    leaves = json.dumps(hub.rows("body FROM kept.audit_leaves"))
    assert "the agreement has ended" in leaves
    assert password not in leaves


def test_what_is_refused(hub: Rig) -> None:
    run("add", "No Name", "--title", "x", code=1)
    run("revoke", "nobody", "--reason", "x", "--yes", code=1)
    run("grant", "nobody", "--basis", "no-law", "--purpose", "pension", code=1)
    run("revoke", "nobody", "--reason", "passport 12345678", "--yes", code=2)
    run("grant", "nobody", "--basis", "x", "--purpose", "y", "--until", "tomorrow", code=2)
    run("resend", "nobody", "--from", "3", "--to", "2", code=2)
