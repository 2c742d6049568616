"""Make source records of rows, the same from the stream as from the snapshot. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from connectors.civil.tables import KEY
from connectors.source import SourceRecord
from schemas.errors import PermanentError

Key = tuple[str, str]  # table, record id
Row = Mapping[str, bytes | None]

_DAY: Final = len("2026-01-31")


@dataclass(frozen=True, slots=True)
class CivilRecord:
    """A row as it stands, or as it stood when it was deleted."""

    key: Key
    record: SourceRecord
    registered_on: str | None  # the day (UTC) of registered_at, YYYY-MM-DD


def civil_record(table: str, row: Row, *, deleted: bool = False) -> CivilRecord:
    """Return the record of ``row``; a deletion has the source key of the revision after it.

    Raises:
        PermanentError: the row has no record id or revision, which the table forbids.
    """
    values = {column: _text(value) for column, value in row.items()}
    record_id, revision = values.get(KEY), values.get("revision")
    if not isinstance(record_id, str) or not isinstance(revision, str):
        raise PermanentError(
            f"a row of civil.{table} has no record_id or revision; see docs/sources.md"
        )
    number = int(revision) + deleted
    content = {"table": table, "deleted": deleted, "row": values}
    return CivilRecord(
        key=(table, record_id),
        record=SourceRecord(
            source_key=f"{table}/{record_id}/{number}",
            original=orjson.dumps(content, default=_hex),
            content=content,
        ),
        registered_on=_day(values.get("registered_at")),
    )


def _text(value: bytes | None) -> str | bytes | None:
    """Return the text, or the bytes as they are where they are not UTF-8."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _hex(value: object) -> str:
    """Write what is not UTF-8 so that it can be told from text and brought back."""
    assert isinstance(value, bytes)
    return "\\x" + value.hex()


def _day(timestamp: object) -> str | None:
    """Return the day of a timestamp in ISO style and UTC; None of infinity or years beyond 9999."""
    if isinstance(timestamp, str) and timestamp[4:5] == "-" and timestamp[7:8] == "-":
        return timestamp[:_DAY]
    return None
