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

from projections.stats_figures import HIDDEN
from projections.suppression import K

_MINOR_PER_UNIT: Final = 100
_MONEY: Final = "_minor"  # columns of amounts, in tiyin; people read soum
_SHARE: Final = "_percent"


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
        table = Table(box=None, padding=(0, 2, 0, 0), caption_justify="left")
        names = [n for n in self.columns if any(row.get(n) is not None for row in self.rows)]
        for name in names:
            is_number = any(isinstance(row.get(name), int | float) for row in self.rows)
            table.add_column(_title(name), justify="right" if is_number else "left")
        for row in self.rows:
            table.add_row(*(_cell(name, row.get(name)) for name in names))
        through = ", ".join(
            f"{registry} {day or 'not complete'}" for registry, day in self.complete_through.items()
        )
        label = "Projection, " if self.projection else ""
        table.caption = "\n".join(
            [
                f"{label}{self.what} as of {self.on}, known at {self.at:%Y-%m-%d %H:%M} UTC",
                f"complete through: {through or 'nothing'}",
                f"{HIDDEN}: fewer than {K}, or it would give such a count away",
                *self.notes,
            ]
        )
        console.print(table)


def _replace(path: Path, content: bytes) -> None:
    """Whoever reads the file meanwhile sees the old one or the new one."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


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
