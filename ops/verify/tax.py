"""Count the tax registry at the source: read every delivered file and judge it anew.

``judge`` is pure; ``read_tax`` only lists the folders. Which files were refused and
which were repeats is decided here from the files, not from where the connector put them.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ops.verify.values import Source

_HEAD = ("row", "change", "pinfl", "stir", "name")
_COLUMNS = {
    "income": ("employer_stir", "month", "gross"),
    "employment": ("employer_stir", "started_on"),
    "employment_end": ("employer_stir", "ended_on"),
    "self_employment": ("activity", "registered_on", "ended_on"),
    "property": ("cadastre", "kind", "share_percent", "registered_on"),
    "benefit": ("benefit", "month", "amount"),
}
_FIELDS = {"manifest", "kind", "period", "file", "rows", "sha256", "unit", "closes"}
_MANIFEST = ".manifest.json"
_REFUSED = ".refused.json"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One manifest and the file it names, as they lie in a folder."""

    name: str  # of the manifest
    folder: str  # "inbox" or "done"
    manifest: bytes
    data: bytes | None
    refused: bool = False  # a note of refusal lies beside it


@dataclass(frozen=True, slots=True)
class Judged:
    """A delivery and what is right to do with it."""

    delivery: Delivery
    file: str
    outcome: str  # "applied", "duplicate", or why it must be refused
    source_keys: tuple[str, ...] = ()


def read_tax(folder: Path) -> Source:
    """Return the source keys of all rows of all files that may be applied."""
    return counted(judge(_deliveries(folder)))


def tax_pending(folder: Path) -> list[str]:
    """Return the deliveries that no connector has taken or refused; reads no file."""
    waiting = [
        path.name
        for path in sorted((folder / "inbox").glob(f"*{_MANIFEST}"))
        if not path.with_name(path.name.removesuffix(_MANIFEST) + _REFUSED).exists()
    ]
    if not waiting:
        return []
    return [f"tax: {len(waiting)} deliveries lie in the inbox, first {waiting[0]}"]


def counted(judged: Iterable[Judged]) -> Source:
    """Return the registry as the judged deliveries make it."""
    found = Source("tax")
    for item in judged:
        delivery = item.delivery
        if item.outcome == "applied":
            found.stated.update(item.source_keys)
        elif item.outcome == "duplicate":
            found.repeated.update(item.source_keys)
            found.suppressed += len(item.source_keys)
            found.duplicates.add(item.file)
        else:
            found.refused.add(item.file)
        wrong_place = (delivery.folder == "done") != (item.outcome in {"applied", "duplicate"})
        if delivery.folder == "inbox" and not delivery.refused:
            found.pending.add(f"tax: {delivery.name} lies in the inbox")
        elif wrong_place or (delivery.refused and item.outcome in {"applied", "duplicate"}):
            found.misplaced.add(f"{delivery.name}: in {delivery.folder}, but {item.outcome}")
    found.repeated -= found.stated  # the same file under the same number has the same keys
    return found


def judge(deliveries: Iterable[Delivery]) -> list[Judged]:
    """Return what must become of each delivery, in the order of their manifest numbers."""
    read = [(delivery, _manifest(delivery.manifest)) for delivery in deliveries]
    # Of twins under one number the shorter name is the first: which of them is does not matter.
    read.sort(key=lambda pair: (pair[1].get("manifest", 0), len(pair[0].name), pair[0].name))
    hashes: set[str] = set()
    numbers: dict[int, str] = {}
    judged = []
    for delivery, manifest in read:
        outcome, rows = _outcome(delivery.data, manifest)
        if outcome == "applied":
            number, sha256 = manifest["manifest"], manifest["sha256"]
            if sha256 in hashes:
                outcome = "duplicate"
            elif numbers.get(number, sha256) != sha256:
                outcome = "manifest number used before"
            else:
                hashes.add(sha256)
                numbers[number] = sha256
        stem = f"{manifest.get('kind')}/{manifest.get('manifest')}"
        keys = tuple(f"{stem}/{row}" for row in range(1, rows + 1))
        judged.append(Judged(delivery, str(manifest.get("file", delivery.name)), outcome, keys))
    return judged


def _deliveries(folder: Path) -> list[Delivery]:
    found = []
    for place in ("inbox", "done"):
        for path in sorted((folder / place).glob(f"*{_MANIFEST}")):
            manifest = path.read_bytes()
            named = _manifest(manifest).get("file")
            data = path.with_name(Path(str(named)).name) if named else None
            refused = path.with_name(path.name.removesuffix(_MANIFEST) + _REFUSED)
            found.append(
                Delivery(
                    name=path.name,
                    folder=place,
                    manifest=manifest,
                    data=data.read_bytes() if data is not None and data.is_file() else None,
                    refused=refused.exists(),
                )
            )
    return found


def _manifest(text: bytes) -> dict[str, Any]:
    try:
        stated = orjson.loads(text)
    except ValueError:
        return {}
    return stated if isinstance(stated, dict) and set(stated) >= _FIELDS else {}


def _outcome(data: bytes | None, manifest: dict[str, Any]) -> tuple[str, int]:
    """Return ``applied`` or why not, judged by the file alone, and its number of rows."""
    if not manifest or manifest["kind"] not in _COLUMNS:
        return "manifest", 0
    if data is None:
        return "missing", 0
    if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        return "hash", 0
    try:
        rows = _rows(data, packed=str(manifest["file"]).endswith(".gz"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        return f"unreadable ({type(error).__name__})", 0
    return _shape(rows, manifest), len(rows) - 1


def _rows(data: bytes, *, packed: bool) -> list[list[str]]:
    text = (gzip.decompress(data) if packed else data).decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def _shape(rows: list[list[str]], manifest: dict[str, Any]) -> str:
    if not rows or tuple(rows[0]) != _HEAD + _COLUMNS[manifest["kind"]]:
        return "header"
    if len(rows) - 1 != manifest["rows"]:
        return "rows"
    if any(not row or row[0] != str(number) for number, row in enumerate(rows[1:], 1)):
        return "numbering"
    return "applied"
