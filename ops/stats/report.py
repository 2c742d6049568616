"""One table of figures as text, JSON or CSV (RFC 4180), with what it was counted from."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from ops.stats.places import COLUMNS as PLACE_COLUMNS
from projections.stats_figures import HIDDEN, UNKNOWN
from projections.suppression import ALL, K
from schemas.errors import PermanentError

_MINOR_PER_UNIT: Final = 100
_MONEY: Final = "_minor"  # columns of amounts, in tiyin; people read soum
_SHARE: Final = "_percent"
_WORDS: Final = frozenset({"place", "kind", "what"})
_ALWAYS: Final = _WORDS | {"count", "entitled"}
_FIGURES: Final = frozenset(
    {"count", "change", "entitled", "paid", "median_days", "p90_days"},
)


@dataclass(slots=True)
class Report:
    """Rows with the same columns; a cell is a value, ``HIDDEN``, or None: does not apply."""

    what: str
    columns: Sequence[str]
    on: date
    at: datetime
    complete_through: Mapping[str, date | None]
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    projection: bool = False

    def about(self) -> dict[str, Any]:
        """Return what a reader must know beside the figures."""
        return {
            "what": self.what,
            "as_of": self.on,
            "known_at": self.at.astimezone(UTC),
            "complete_through": dict(self.complete_through),
            "k": K,
            "hidden": HIDDEN,
            "projection": self.projection,
            "columns": list(self.columns),
            "notes": self.notes,
        }

    def json(self) -> str:
        rows = [{name: row.get(name) for name in self.columns} for row in self.rows]
        return orjson.dumps(self.about() | {"rows": rows}, option=orjson.OPT_INDENT_2).decode()

    def csv(self) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text)  # its "excel" dialect is RFC 4180: CRLF, quotes doubled
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow(["" if row.get(n) is None else row[n] for n in self.columns])
        return text.getvalue()

    def write(self, path: Path) -> None:
        """Write the CSV file, and what it was counted from beside it; each whole or not at all."""
        _replace(path, self.csv().encode())
        sidecar = orjson.dumps(self.about() | {"rows": len(self.rows)}, option=orjson.OPT_INDENT_2)
        _replace(path.with_name(path.name + ".json"), sidecar)

    def text(self, console: Console) -> None:
        """Print for people: one column for the place, none that says the same in every row."""
        rows = [_for_people(row) for row in self.rows]
        columns = [name for name in ("place", *self.columns) if rows and name in rows[0]]
        names = []
        for name in columns:
            said = {row.get(name) for row in rows} - {None}
            if name in _ALWAYS or len(said) > (0 if _is_figure(name) else 1):
                names.append(name)
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in names:
            table.add_column(
                _title(name),
                justify="right" if _is_figure(name) else "left",
                no_wrap=name not in _WORDS,
            )
        for row in rows:
            table.add_row(*(_cell(name, row.get(name)) for name in names))
        through = ", ".join(
            f"{registry} {day or 'not complete'}" for registry, day in self.complete_through.items()
        )
        label = "Projection, " if self.projection else ""
        console.print(table)
        notes = "\n".join(
            [
                f"{label}{self.what} as of {self.on}, known at {self.at:%Y-%m-%d %H:%M} UTC",
                f"complete through: {through or 'nothing'}",
                f"{HIDDEN}: fewer than {K}, or it would give such a count away",
                *self.notes,
            ]
        )
        console.print(notes, style="dim", highlight=False)


def _for_people(row: Mapping[str, Any]) -> dict[str, Any]:
    if "level" not in row:
        return dict(row)
    code = row["district"] if row["level"] == "district" else row["region"]
    indent = {"country": "", "region": " ", "district": "  "}[row["level"]]
    place = row["name"] if code in {ALL, UNKNOWN} else f"{code} {row['name']}"
    rest = {name: value for name, value in row.items() if name not in PLACE_COLUMNS}
    return {"place": indent + place} | rest


def _replace(path: Path, content: bytes) -> None:
    """Whoever reads the file meanwhile sees the old one or the new one."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise PermanentError(f"{path}: {error.strerror}") from error


def _is_figure(name: str) -> bool:
    return name in _FIGURES or name.endswith((_MONEY, _SHARE))


def _title(name: str) -> str:
    if name.endswith(_MONEY):
        return name.removesuffix(_MONEY).replace("_", " ") + ", soum"
    return name.removesuffix(_SHARE).replace("_", " ") + (", %" if name.endswith(_SHARE) else "")


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name.endswith(_MONEY) and isinstance(value, int):
        return f"{value // _MINOR_PER_UNIT:,}"
    if name == "change" and isinstance(value, int):
        return f"{value:+,}"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
