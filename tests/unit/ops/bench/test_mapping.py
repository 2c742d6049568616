"""The peers' rows: every column, the values that our own store writes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from ops.bench.peers.mapping import COLUMNS, event_types, rows_of
from ops.bench.rows import COMPARED
from schemas.catalogue import catalogue
from schemas.codec import encode

INCOME = {
    "meta": {
        "id": b"i" * 16,
        "record": b"r" * 16,
        "version": 7,
        "source": "tax",
        "subject": b"s" * 16,
        "type": "tax.income_reported",
        "occurred_at": 0,
        "recorded_at": 1_500_000,
        "change": "CREATED",
        "corrects": None,
        "sequence": 1,
        "partition_sequence": 1,
        "digest": b"d" * 16,
        "correlation_id": b"c" * 16,
        "causation_id": None,
    },
    "employer": b"e" * 16,
    "month": 31,
    "gross_minor": 500,
    "identity": None,
}


def test_an_income_becomes_one_row() -> None:
    value = encode(catalogue()["tax.income_reported"], 3, INCOME)

    [row] = rows_of(value, event_types({3: "tax.income_reported"}), "t", 2, 40)

    found = dict(zip(COLUMNS, row, strict=True))
    assert found == {
        "event_id": (b"i" * 16).hex(),
        "ordinal": 0,
        "person": (b"s" * 16).hex(),
        "kind": "income",
        "value": '{"employer":"65656565-6565-6565-6565-656565656565","month":"1970-02-01",'
        '"gross_minor":500}',
        "sealed": None,
        "sensitivity": None,
        "valid_from": date(1970, 2, 1),
        "valid_to": date(1970, 2, 28),
        "known_from": datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC),
        "record": (b"r" * 16).hex(),
        "version": 7,
        "change": "CREATED",
        "digest": b"d" * 16,
        "topic": "t",
        "partition": 2,
        "offset": 40,
    }


def test_every_column_that_peers_write_is_compared() -> None:
    assert set(COMPARED) == set(COLUMNS)
