"""What a manifest says of the file beside it. Pure.

A manifest is another party's file: it is read strictly, and whatever it lacks is a refusal.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

SUFFIX: Final = ".manifest.json"
MAX_MANIFEST_BYTES: Final = 65_536
# A row's version is manifest number * 1,000,000 + row: beyond these, versions would collide.
MAX_NUMBER: Final = 10**12
MAX_ROWS: Final = 999_999

HEAD: Final = ("row", "change", "pinfl", "stir", "name")
COLUMNS: Final = {  # by kind, after HEAD
    "income": ("employer_stir", "month", "gross"),
    "employment": ("employer_stir", "started_on"),
    "employment_end": ("employer_stir", "ended_on"),
    "self_employment": ("activity", "registered_on", "ended_on"),
    "property": ("cadastre", "kind", "share_percent", "registered_on"),
    "benefit": ("benefit", "month", "amount"),
}
UNITS: Final = ("soum", "tiyin")

REASONS: Final = {
    "manifest": "the manifest is no JSON object with the fields that it must have",
    "kind": "the manifest's kind is not one that we know",
    "file_missing": "the file that the manifest names is not in the inbox",
    "number_used": "the manifest number was used before by a file with another hash",
    "too_large": "the file is over the size limit, as delivered or unpacked",
    "hash": "the file's SHA-256 is not the one in the manifest",
    "gzip": "the gzip stream is broken",
    "not_utf8": "the file is not UTF-8",
    "header": "the header line is not that of the kind",
    "csv": "a quoted field never ends",
    "row_too_long": "a row is over the size limit",
    "row_numbers": "the rows are not numbered 1 to n",
    "rows": "the number of rows is not the one in the manifest",
}

_MONTH: Final = re.compile(r"(18[5-9]\d|19\d\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_FILE: Final = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]*\.csv(\.gz)?")


class RefusedError(Exception):
    """A delivery is refused whole.

    Args:
        reason: a code from ``REASONS``.
        detail: where or what exactly; never a value out of the file.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        text = REASONS[reason]
        super().__init__(f"{text}: {detail}" if detail else text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that holds together."""

    number: int
    kind: str
    period: str
    file: str  # a plain name in the same folder
    rows: int
    sha256: str  # of the file as delivered; lower-case hex
    unit: str
    closes: str | None  # the month that is complete with this file

    @property
    def header(self) -> list[str]:
        return [*HEAD, *COLUMNS[self.kind]]


def parse_manifest(raw: bytes) -> Manifest:
    """Return the manifest in ``raw``.

    Raises:
        RefusedError: ``manifest`` or ``kind``.
    """
    fields = _object(raw)
    number = _whole(fields, "manifest", 1, MAX_NUMBER)
    kind = _text(fields, "kind")
    if kind not in COLUMNS:
        raise RefusedError("kind")
    manifest = Manifest(
        number=number,
        kind=kind,
        period=_matching(fields, "period", re.compile(rf"{_MONTH.pattern}(-\d\d)?", re.ASCII)),
        file=_matching(fields, "file", _FILE),
        rows=_whole(fields, "rows", 0, MAX_ROWS),
        sha256=_matching(fields, "sha256", _SHA256).lower(),
        unit=_text(fields, "unit"),
        closes=None if fields["closes"] is None else _matching(fields, "closes", _MONTH),
    )
    if manifest.unit not in UNITS:
        raise RefusedError("manifest", "unit")
    return manifest


def last_day(month: str) -> date:
    """Return the last day of ``month``.

    >>> last_day("2024-02")
    datetime.date(2024, 2, 29)
    """
    year, number = int(month[:4]), int(month[5:7])
    return date(year, number, monthrange(year, number)[1])


_FIELDS: Final = ("manifest", "kind", "period", "file", "rows", "sha256", "unit", "closes")


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_MANIFEST_BYTES:
        raise RefusedError("manifest", f"over {MAX_MANIFEST_BYTES} bytes")
    try:
        fields = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise RefusedError("manifest", "not JSON in UTF-8, or a key stands twice") from error
    if not isinstance(fields, dict):
        raise RefusedError("manifest", "not an object")
    for name in _FIELDS:
        if name not in fields:
            raise RefusedError("manifest", f"no {name}")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _whole(fields: dict[str, Any], name: str, least: int, most: int) -> int:
    value = fields[name]
    if type(value) is not int or not least <= value <= most:
        raise RefusedError("manifest", f"{name} is not a whole number from {least} to {most}")
    return value


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise RefusedError("manifest", f"{name} is not a text")
    return value


def _matching(fields: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(fields, name)
    if not pattern.fullmatch(value):
        raise RefusedError("manifest", f"{name} is not of the form it must have")
    return value
