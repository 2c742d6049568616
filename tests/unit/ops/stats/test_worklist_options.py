"""What cannot be meant is refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli import command_app
from ops.stats.worklist import _show, _text
from schemas.errors import PermanentError


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--with-names"], "--purpose"),
        (["--kind", "happiness"], "--kind"),
        (["--kind", "medical_follow_up"], "--purpose"),
        (["--urgency", "later"], "--urgency"),
        (["--lang", "fr"], "--lang"),
        (["--output", "pdf"], "--output"),
        (["--purpose", "of 30211975910033"], "--purpose"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_refused(arguments: list[str], option: str) -> None:
    result = CliRunner().invoke(command_app("worklist"), ["--district", "1703202", *arguments])

    assert result.exit_code == 2
    assert option in result.output


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "list.csv"
    about = {"of": 0, "district": "1", "on": "2", "left_out": False, "lang": "en"}

    with pytest.raises(PermanentError, match=r"nowhere/list\.csv: No such file"):
        _show([], about, "csv", file, with_names=False)


def test_ids_are_shown_whole_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    row = dict.fromkeys(("urgency", "since", "need", "review_on"), "a word that takes room")
    row |= {"person": "8" * 36, "household": "9" * 36}

    _text([row], {"of": 1, "district": "1", "on": "2", "left_out": False}, with_names=False)

    shown = capsys.readouterr().out
    assert [shown.count(mark) for mark in "89…"] == [36, 36, 0]
