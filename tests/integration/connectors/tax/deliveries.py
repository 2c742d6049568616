"""Deliver tax files as the tax office does; written from docs/sources.md alone."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.tax.drop_folder import TaxSource
from connectors.tax.rows import Limits

INCOME = ["row", "change", "pinfl", "stir", "name", "employer_stir", "month", "gross"]


def income_rows(count: int, gross: int = 1_000_000) -> list[list[str]]:
    return [
        [str(n), "N", "30211975910033", "", "", "201122334", "2026-08", f"{gross + n}"]
        for n in range(1, count + 1)
    ]


def csv_bytes(rows: Sequence[Sequence[str]], header: Sequence[str] = INCOME) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([header, *rows])
    return out.getvalue().encode()


class DropFolder:
    """The tax office's side of the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inbox = path / "inbox"
        self.done = path / "done"
        self.inbox.mkdir(parents=True)
        self._sources: list[TaxSource] = []

    def deliver(
        self,
        number: int,
        data: bytes,
        *,
        rows: int,
        name: str | None = None,
        zipped: bool = False,
        **manifest: Any,
    ) -> Path:
        """Put a file and then its manifest into the inbox; return the manifest's path."""
        if zipped:
            data = gzip.compress(data, mtime=0)
        stem = name or f"income-{number:04d}"
        file = f"{stem}.csv.gz" if zipped else f"{stem}.csv"
        value = {
            "manifest": number,
            "kind": "income",
            "period": "2026-08",
            "file": file,
            "rows": rows,
            "sha256": hashlib.sha256(data).hexdigest(),
            "unit": "soum",
            "closes": None,
        } | manifest
        _put(self.inbox / file, data)
        path = self.inbox / f"{stem}.manifest.json"
        _put(path, json.dumps(value).encode())
        return path

    def source(self, page_rows: int = 2_000, limits: Limits | None = None) -> TaxSource:
        source = TaxSource(
            self.path, clock=lambda: 0.0, sleep=_no_sleep, limits=limits, page_rows=page_rows
        )
        self._sources.append(source)
        return source

    def close(self) -> None:
        for source in self._sources:
            source.close()

    def refusal(self, stem: str) -> dict[str, Any] | None:
        path = self.inbox / f"{stem}.refused.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def names(self) -> tuple[list[str], list[str]]:
        """Return what lies in inbox and done."""
        done = self.done.iterdir() if self.done.exists() else ()
        return sorted(p.name for p in self.inbox.iterdir()), sorted(p.name for p in done)


def _put(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    draft.rename(path)


def _no_sleep(_: float) -> None:
    raise AssertionError("nothing is to be waited for")
