"""The three outputs, months, selections and places."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
import typer
from rich.console import Console

from ops.stats.command import moment_of, selection
from ops.stats.places import COLUMNS, place_columns
from ops.stats.report import Report
from projections import stats_figures
from projections.stats import month_end
from projections.stats_figures import HIDDEN, Cube, rounded_costs, tree
from projections.suppression import ALL, Cell
from schemas.errors import PermanentError

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
TODAY = date(2026, 3, 20)


def report() -> Report:
    made = Report("needs", ("name", "count", "cost_minor"), TODAY, AT, {"tax": None})
    made.rows = [
        {"name": 'Oʻzbek, "city"', "count": 1234, "cost_minor": 123_400},
        {"name": "b", "count": HIDDEN, "cost_minor": None},
    ]
    return made


def test_csv_is_read_back(tmp_path: Path) -> None:
    report().write(tmp_path / "needs.csv")

    content = (tmp_path / "needs.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    beside = orjson.loads((tmp_path / "needs.csv.json").read_bytes())
    assert content.count(b"\r\n") == content.count(b"\n") == 3
    assert rows[0] == {"name": 'Oʻzbek, "city"', "count": "1234", "cost_minor": "123400"}
    assert rows[1] == {"name": "b", "count": "hidden", "cost_minor": ""}
    assert (beside["k"], beside["as_of"], beside["rows"]) == (10, "2026-03-20", 2)
    assert beside["complete_through"] == {"tax": None}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_text_shows_soum() -> None:
    console = Console(record=True, width=120, file=io.StringIO())

    report().text(console)

    text = console.export_text()
    assert "cost, soum" in text
    assert "1,234 " in text
    assert "123,400" not in text
    assert "tax not complete" in text


def test_text_has_one_column_for_the_place() -> None:
    made = Report("needs", ("month", *COLUMNS, "kind", "count"), TODAY, AT, {})
    for place in ("all", "unknown", "1703", "1703202"):
        where = place_columns(place, tree(["1703202"]))
        made.rows.append({"month": "2026-03", **where, "kind": "lonely_care", "count": 12})
    console = Console(record=True, width=80, file=io.StringIO())

    made.text(console)

    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert lines[0].split() == ["place", "kind", "count"]
    assert [line.split("  lonely")[0].rstrip() for line in lines[1:5]] == [
        "all",
        " no residence known",
        " 1703 Andijan region",
        "  1703202 Oltinkol",
    ]


@pytest.mark.parametrize("month", ["2026-13", "March", "2026-04", "2026-3-1"])
def test_a_month_that_cannot_be_meant(month: str) -> None:
    with pytest.raises(typer.BadParameter):
        moment_of(month, TODAY, AT)


def test_the_month_before_is_whole() -> None:
    this = moment_of(None, TODAY, AT)

    assert (this.on, this.at) == (TODAY, AT)
    assert this.before() == month_end(date(2026, 2, 1))
    assert this.before().on == date(2026, 2, 28)
    assert this.before().at == datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    assert moment_of("2025-12", TODAY, AT).on == date(2025, 12, 31)


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(typer.BadParameter, match="colour"):
        selection("region,colour")


def test_places() -> None:
    parents = tree(["1703202", "1706"])

    assert parents == {
        "unknown": "all",
        "1703": "all",
        "1703202": "1703",
        "1706": "all",
        "1706?": "1706",
    }
    assert place_columns("1703202", parents)["name"] == "Oltinkol"
    assert place_columns("1706?", parents)["level"] == "district"


def test_costs_are_rounded_to_ten_of_the_highest() -> None:
    costs = {("1703202", "0-1"): 1_740, ("1703202", "2-6"): 10, ("unknown", "2-6"): 499}

    rounded = rounded_costs(tree(["1703202"]), costs, 1_000)

    assert rounded == {"all": 2_000, "unknown": 0, "1703": 2_000, "1703202": 2_000}


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"nowhere/needs\.csv: No such file"):
        report().write(tmp_path / "nowhere" / "needs.csv")


def test_totals_do_not_wait_for_the_split(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def split(*arguments: object) -> frozenset[Cell]:
        asked.append(arguments)
        return frozenset()

    monkeypatch.setattr(stats_figures, "hide_split", split)
    cube = Cube.of(tree(["1703202"]), {("1703202", "0-1"): 40}, ("0-1", "2-6"))

    assert {figure.value for figure in cube.figures(split=False)} == {ALL}
    assert not asked
    assert {figure.value for figure in cube.figures()} == {ALL, "0-1", "2-6"}
    assert len(asked) == 1
