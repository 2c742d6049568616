"""What the peers share: Avro to rows of ``live.facts``. It is not what is measured.

Plain fastavro, not our strict decoding: that is one of the things a peer does not do. The facts are
our own pure mapping, so that all contestants state the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any, Final

import orjson
from fastavro import schemaless_reader

from schemas.catalogue import EventType, catalogue
from schemas.ids import from_days
from streams.facts import facts

COLUMNS: Final = {
    "event_id": "uuid",
    "ordinal": "smallint",
    "person": "uuid",
    "kind": "text",
    "value": "jsonb",
    "sealed": "bytea",
    "sensitivity": "text",
    "valid_from": "date",
    "valid_to": "date",
    "known_from": "timestamptz",
    "record": "uuid",
    "version": "bigint",
    "change": "text",
    "digest": "bytea",
    "topic": "text",
    "partition": "integer",
    "offset": "bigint",
}
Row = tuple[Any, ...]  # in the order of COLUMNS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def event_types(names: Mapping[int, str]) -> dict[int, EventType]:
    """Return the event types by schema id; a peer asks no schema registry for each record."""
    rows = catalogue()
    return {schema_id: rows[name] for schema_id, name in names.items()}


def rows_of(
    value: bytes, types: Mapping[int, EventType], topic: str, partition: int, offset: int
) -> list[Row]:
    """Return the facts of one record."""
    row = types[int.from_bytes(value[1:5], "big")]
    record: Any = schemaless_reader(BytesIO(value[5:]), row.parsed, None)
    meta = record["meta"]
    known_from = _EPOCH + timedelta(microseconds=meta["recorded_at"])
    return [
        (
            meta["id"].hex(),
            ordinal,
            fact.person.hex(),
            fact.kind,
            orjson.dumps(fact.value).decode(),
            fact.sealed,
            fact.sensitivity,
            _date(fact.valid_from),
            _date(fact.valid_to),
            known_from,
            meta["record"].hex(),
            meta["version"],
            meta["change"],
            meta["digest"],
            topic,
            partition,
            offset,
        )
        for ordinal, fact in enumerate(facts(row.name, record))
    ]


def _date(day: int | None) -> date | None:
    return None if day is None else from_days(day)
