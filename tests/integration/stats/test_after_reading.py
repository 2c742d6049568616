"""Hiding small counts takes its time; nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from ops.cli import command_app
from ops.settings import create_secrets
from projections import stats_figures
from projections.keystore import initialise
from projections.suppression import hide_totals
from tests.integration.stats.invented import TODAY, Invented


@pytest.mark.parametrize("figures", ["needs", "take-up", "missing", "due"])
def test_a_swap_can_happen_while_small_counts_are_hidden(
    figures: str, invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented.populate(30)
    for name, value in {
        "HUB_HOME": str(tmp_path),
        "HUB_DSN": invented.dsn,
        "HUB_KEYS_DSN": invented.dsn,
        "HUB_TODAY": TODAY.isoformat(),
    }.items():
        monkeypatch.setenv(name, value)
    create_secrets(tmp_path / "secrets")
    initialise(invented.dsn)
    hide: Callable[..., Any] = hide_totals
    hidden = []

    def as_a_swap_locks(*arguments: Any, **named: Any) -> Any:
        with psycopg.connect(invented.dsn) as other:
            other.execute("LOCK TABLE kept.generation IN EXCLUSIVE MODE NOWAIT")
        hidden.append(True)
        return hide(*arguments, **named)

    monkeypatch.setattr(stats_figures, "hide_totals", as_a_swap_locks)
    result = CliRunner().invoke(command_app("stats"), [figures, "-o", "csv"])

    assert (result.exit_code, result.exception) == (0, None)
    assert hidden
