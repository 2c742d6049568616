"""Compare the published log with itself and with the table that it was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg

from hub_verify.log import Found, check_log
from hub_verify.note import Key
from hub_verify.verdict import WrongError
from projections.tlog.build import Row, builder
from projections.tlog.integrator import ROWS
from projections.tlog.layout import WIDTH
from projections.tlog.tiles import Tiles
from schemas.errors import HubError, TransientError

_BATCH: Final = 16 * WIDTH

Progress = Callable[[int, int], None]


class DifferenceError(HubError):
    """The log is not what it must be; the text says where it begins to differ."""


def check(
    dsn: str, folder: Path, vkey: str, audit_key: bytes, progress: Progress | None = None
) -> Found:
    """Check entries, tiles and kept checkpoints as an outsider would, then each leaf's row.

    Raises:
        DifferenceError: the first difference.
        TransientError: the database does not answer.
    """
    try:
        found = check_log(folder, Key.parse(vkey), progress=progress)
    except WrongError as error:
        raise DifferenceError(f"the log does not verify: {error}") from None
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            _compare(connection, Tiles(folder, found.checkpoint.size), audit_key, progress)
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error
    return found


def _compare(
    connection: psycopg.Connection, tiles: Tiles, audit_key: bytes, progress: Progress | None
) -> None:
    build = builder(audit_key)
    for first in range(0, tiles.size, _BATCH):
        last = min(tiles.size, first + _BATCH)
        rows = [Row(*row) for row in connection.execute(ROWS, [first, last - first])]
        bundles = range(first // WIDTH, -(-last // WIDTH))
        written = [entry for index in bundles for entry in tiles.bundle(index)]
        for number, entry in enumerate(written, first + 1):
            row = rows[number - first - 1] if number - first <= len(rows) else None
            if row is None or row.number != number:
                raise DifferenceError(f"the table lacks leaf {number}, which is published")
            if build(row) != entry:
                raise DifferenceError(
                    f"leaf {number} of the table is not the one that is published"
                )
        if progress is not None:
            progress(last, tiles.size)
