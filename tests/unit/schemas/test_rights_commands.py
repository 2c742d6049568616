"""``hub policy check`` and ``show``: what they say, and with which exit code."""

from __future__ import annotations

import io
import re
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from ops.policy import app
from ops.policy_view import render_agency
from schemas.rights import load_policy
from tests.unit.schemas.test_rights_table import NOW, principals


def test_the_policy_of_this_build_is_fine() -> None:
    found = CliRunner().invoke(app, ["check"])

    assert found.exit_code == 0
    assert "7 legal bases, 7 purposes: no fault found" in found.output
    assert "employment-law" in found.output


def test_a_fault_is_a_finding_with_its_place(tmp_path: Path) -> None:
    text = (files("schemas") / "policy" / "uz.toml").read_text("utf-8")
    draft = tmp_path / "draft.toml"
    draft.write_text(text.replace('reach = "own"', 'reach = "all"'), "utf-8")

    found = CliRunner().invoke(app, ["check", str(draft)])

    assert found.exit_code == 1
    assert found.output.startswith("draft.toml: bases.data-subject.reach: must be one of")


def test_every_basis_is_shown_in_three_languages() -> None:
    for language, word in (("uz", "Statistika"), ("ru", "Статистика"), ("en", "Figures")):
        found = CliRunner().invoke(app, ["show", "--lang", language], env={"COLUMNS": "200"})
        assert found.exit_code == 0
        assert word in found.output
        assert all(name in found.output for name in load_policy().bases)
    assert CliRunner().invoke(app, ["show", "--lang", "de"]).exit_code == 2


def test_an_agency_is_shown_what_counts_and_what_does_not() -> None:
    said = {}
    for name in ("jobs", "expired", "future", "stranger", "ended", "unbounded"):
        screen = Console(file=io.StringIO(), width=160)
        render_agency(load_policy(), principals()[name], "en", screen, NOW)
        said[name] = screen.file.getvalue()  # type: ignore[attr-defined]

    assert re.search(r"counts now +│ yes", said["jobs"])
    assert "1703" in said["jobs"]
    assert "no: the grant has expired (grant-expired)" in said["expired"]
    assert "(grant-not-yet)" in said["future"]
    assert "stranger was granted nothing" in said["stranger"]
    assert "ended was revoked on 2026-09-30" in said["ended"]
    assert "(grant-exceeds-basis)" in said["unbounded"]
