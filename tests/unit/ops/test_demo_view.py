"""What the demo shows fits on a terminal."""

from __future__ import annotations

import io

import psycopg
import pytest
from rich.console import Console

from ops.cli import REFUSED, verdict
from ops.demo_view import table_of

KINDS = [f"a_rather_long_kind_{n}" for n in range(14)]


def test_every_region_and_number_is_there_at_80_columns() -> None:
    screen = io.StringIO()
    rows: list[tuple[str | None, str, int]] = [
        (region, kind, 1000 + n) for region in ("1703", None) for n, kind in enumerate(KINDS)
    ]

    Console(file=screen, width=80).print(table_of(rows))

    said = screen.getvalue()
    assert all(word in said for word in ("Andijan", "not known", "14,091", *KINDS))
    assert "\u2026" not in said


@pytest.mark.parametrize("kind", [psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName])
def test_a_hub_without_tables_says_what_to_do(kind: type[psycopg.Error]) -> None:
    code, text = verdict(kind("relation live.needs does not exist"))

    assert code == REFUSED
    assert "`hub init`" in text
    assert "live.needs" not in text
