"""Deliver tax files: the data first, then the manifest under a name that makes it whole."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from pathlib import Path

import orjson

from ops.simulator.tax_rows import AMOUNTS, COLUMNS, HEAD, TaxFile, TaxRow

_MINOR = 100  # tiyin in a soum


def deliver(folder: Path, file: TaxFile) -> None:
    """Put ``file`` and its manifest into the inbox."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    data = content(file)
    manifest = orjson.dumps(manifest_of(file, data))
    if file.refused_for == "hash":
        data = data[: len(data) * 2 // 3]  # the sender's line broke
    _put(inbox / file.name, data)
    _put(inbox / f"{stem(file)}.manifest.json", manifest)


def stem(file: TaxFile) -> str:
    """Return the file's name without its suffix."""
    return file.name.removesuffix(".gz").removesuffix(".csv")


def content(file: TaxFile) -> bytes:
    """Return the data file as it should arrive; the same bytes every time."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    columns = (*HEAD[1:], *COLUMNS[file.kind])
    writer.writerow(("row", *columns))
    for number, row in enumerate(file.rows, start=1):
        cells = written(row, file.unit)
        writer.writerow((number, *(cells[column] for column in columns)))
    data = out.getvalue().encode()
    return gzip.compress(data, compresslevel=1, mtime=0) if file.name.endswith(".gz") else data


def written(row: TaxRow, unit: str) -> dict[str, str]:
    """Return the cells as they stand in the file: amounts in its unit, the fault put in."""
    cells = dict(row.cells)
    for column in AMOUNTS:
        if column in cells and unit == "soum":
            cells[column] = soum(int(cells[column]))
    if row.fault:
        good = cells[row.fault.field]
        if row.fault.field == "pinfl":
            good = "".join(good.split())
        cells[row.fault.field] = str(row.fault.spoil(good))
    return cells


def soum(minor: int) -> str:
    """Return tiyin as soum with none, one or two decimal places.

    >>> soum(150000000), soum(150), soum(125)
    ('1500000', '1.5', '1.25')
    """
    whole, rest = divmod(minor, _MINOR)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)


def manifest_of(file: TaxFile, data: bytes) -> dict[str, object]:
    """Return the manifest; of a file to be refused for its rows, with a wrong count."""
    return {
        "manifest": file.number,
        "kind": file.kind,
        "period": file.period,
        "file": file.name,
        "rows": len(file.rows) + (file.refused_for == "rows"),
        "sha256": hashlib.sha256(data).hexdigest(),
        "unit": file.unit,
        "closes": file.closes,
    }


def _put(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    draft.rename(path)
