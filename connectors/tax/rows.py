"""Read the rows of a delivered file, streaming; refuse the file if it is not what it must be.

The whole file is checked before any row of it is published, so it is read twice: ``check`` to the
end, then ``rows`` page by page. Both read the same private copy (``drop_folder.py``): what was
checked is what is published, whatever happens to the file meanwhile. Memory is bounded by one row.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from connectors.tax.manifest import Manifest, RefusedError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost us."""

    file_bytes: int = 1 << 30  # as delivered
    unpacked_bytes: int = 4 << 30
    row_bytes: int = 65_536  # an original must fit in a Kafka message of 1 MB


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a good one has as many cells as the header."""

    number: int
    raw: bytes  # as delivered, with its line end
    cells: list[str] | None  # None: no CSV record, or not as many cells as the header


_CHUNK: Final = 1 << 20


def check(file: IO[bytes], manifest: Manifest, limits: Limits) -> None:
    """Read the whole of ``file``.

    Raises:
        RefusedError: it is not what the manifest says, or not what a file must be.
    """
    count = 0
    for row in rows(file, manifest, limits):
        count = row.number
    if count != manifest.rows:
        raise RefusedError("rows", f"{count} found, {manifest.rows} stated")


def rows(file: IO[bytes], manifest: Manifest, limits: Limits) -> Iterator[Row]:
    """Yield the rows of ``file`` from its beginning.

    Raises:
        RefusedError: while iterating, at the first thing that cannot be.
    """
    file.seek(0)
    stream: IO[bytes] = file
    if manifest.file.endswith(".gz"):
        stream = gzip.GzipFile(fileobj=file, mode="rb")  # type: ignore[assignment]
    tap = _Tap(stream, limits)
    reader = csv.reader(tap, strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise RefusedError("header") from error
    if header != manifest.header:
        raise RefusedError("header", f"expected {','.join(manifest.header)}")
    number = 0
    while (record := _next(reader, tap)) is not None:
        raw, cells, stated = record
        if cells == []:
            continue  # a blank line is no row
        number += 1
        if stated != str(number):
            raise RefusedError("row_numbers", f"at row {number}")
        if cells is not None and len(cells) != len(header):
            cells = None
        yield Row(number, raw, cells)


def _next(reader: Iterator[list[str]], tap: _Tap) -> tuple[bytes, list[str] | None, str] | None:
    """Return raw bytes, cells and first cell of the next record; None at the end."""
    tap.begin()
    try:
        cells = next(reader)
    except StopIteration:
        return None
    except csv.Error as error:
        if tap.ended:
            raise RefusedError("csv") from error
        raw = tap.taken()  # this record is no CSV; the reader begins anew after it
        return raw, None, raw.partition(b",")[0].decode("utf-8")
    return tap.taken(), cells, cells[0] if cells else ""


class _Tap:
    """The lines of a file as text, remembering the bytes of the record being read."""

    def __init__(self, stream: IO[bytes], limits: Limits) -> None:
        self.ended = False
        self._stream = stream
        self._limits = limits
        self._unpacked = 0
        self._lines: list[bytes] = []
        self._size = 0  # of those lines

    def begin(self) -> None:
        """Forget the lines of the record before."""
        self._lines.clear()
        self._size = 0

    def taken(self) -> bytes:
        return b"".join(self._lines)

    def __iter__(self) -> _Tap:
        return self

    def __next__(self) -> str:
        line = self._line()
        if not line:
            self.ended = True
            raise StopIteration
        self._unpacked += len(line)
        if self._unpacked > self._limits.unpacked_bytes:
            raise RefusedError("too_large", f"over {self._limits.unpacked_bytes} bytes unpacked")
        self._lines.append(line)
        self._size += len(line)
        if self._size > self._limits.row_bytes:
            raise RefusedError("row_too_long", f"over {self._limits.row_bytes} bytes")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RefusedError("not_utf8") from error

    def _line(self) -> bytes:
        try:
            return self._stream.readline(self._limits.row_bytes + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise RefusedError("gzip") from error
