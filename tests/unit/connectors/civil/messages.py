"""Build pgoutput messages by hand, from the protocol's page."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from connectors.civil.tables import TABLES

TOAST = object()
OID = 4711
OTHER = 4712


def begin(commit_lsn: int, xid: int = 7) -> bytes:
    return b"B" + struct.pack(">QqI", commit_lsn, 0, xid)


def commit(commit_lsn: int, end_lsn: int) -> bytes:
    return b"C" + struct.pack(">BQQq", 0, commit_lsn, end_lsn, 0)


def relation(
    table: str = "death",
    *,
    oid: int = OID,
    schema: str = "civil",
    identity: str = "f",
    columns: Sequence[str] | None = None,
) -> bytes:
    names = list(TABLES[table]) if columns is None else columns
    described = b"".join(
        b"\1" + name.encode() + b"\0" + struct.pack(">Ii", 25, -1) for name in names
    )
    head = b"R" + struct.pack(">I", oid) + schema.encode() + b"\0" + table.encode() + b"\0"
    return head + identity.encode() + struct.pack(">H", len(names)) + described


def values(*columns: object) -> bytes:
    parts = [struct.pack(">H", len(columns))]
    for column in columns:
        if column is None:
            parts.append(b"n")
        elif column is TOAST:
            parts.append(b"u")
        else:
            data = column if isinstance(column, bytes) else str(column).encode()
            parts.append(b"t" + struct.pack(">I", len(data)) + data)
    return b"".join(parts)


def death(record_id: str = "d1", revision: object = 1, **columns: object) -> bytes:
    row: Mapping[str, object] = {
        "record_id": record_id,
        "revision": revision,
        "status": "valid",
        "registered_at": "2026-01-02 03:04:05+00",
        "pinfl": "30211975910033",
        "died_on": "2026-01-01",
        "district": "1703202",
    } | columns
    return values(*(row.get(column) for column in TABLES["death"]))


def insert(row: bytes, oid: int = OID) -> bytes:
    return b"I" + struct.pack(">I", oid) + b"N" + row


def update(old: bytes, new: bytes, kind: bytes = b"O") -> bytes:
    return b"U" + struct.pack(">I", OID) + kind + old + b"N" + new


def delete(old: bytes, kind: bytes = b"O") -> bytes:
    return b"D" + struct.pack(">I", OID) + kind + old


def truncate(*oids: int) -> bytes:
    return b"T" + struct.pack(f">IB{len(oids)}I", len(oids), 0, *oids)


def message(prefix: str, content: bytes, *, transactional: bool = True) -> bytes:
    head = b"M" + struct.pack(">BQ", transactional, 99)
    return head + prefix.encode() + b"\0" + struct.pack(">I", len(content)) + content
