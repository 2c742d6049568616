"""What cannot be meant is refused before anything is read."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ops.cli import command_app


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
