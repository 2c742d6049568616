"""A few people in the fact tables, as the worker would write them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg

from projections.keystore import PostgresKeyStore
from schemas.ids import Keys, parse, text, uuid8
from schemas.sealing import seal

KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
ON = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
THROUGH = date(2026, 2, 28)
PARTITIONS = 2
MONTHS = ("2025-12-01", "2026-01-01", "2026-02-01")


def person(name: str) -> bytes:
    """An id by name; a name that begins with a digit sorts by it, after ``=`` stands the id."""
    if name.startswith("="):
        return parse(name[1:])
    raw = uuid8(sha256(name.encode()).digest())
    return bytes([int(name[0]) * 16]) + raw[1:] if name[0].isdigit() else raw


class Country:
    """Writes facts, closures and causes in one transaction, as a chunk does."""

    def __init__(self, dsn: str, keystore: PostgresKeyStore | None = None) -> None:
        self.connection = psycopg.connect(dsn, autocommit=True)
        self.keystore = keystore
        self._count = 0

    def complete(self, through: date = THROUGH, registries: str = "civil tax health") -> None:
        for registry in registries.split():
            for partition in range(PARTITIONS):
                self._count += 1
                self.connection.execute(
                    "INSERT INTO live.completeness VALUES (%s, %s, %s, %s, true, now(), %s)"
                    " ON CONFLICT DO NOTHING",
                    [
                        UUID(bytes=person(f"c{registry}{partition}{through}")),
                        registry,
                        partition,
                        through,
                        b"d",
                    ],
                )

    def state(
        self,
        record: str,
        *facts: tuple[str, str, dict[str, Any]],
        version: int = 1,
        change: str | None = None,
        days: tuple[str | None, str | None] = (None, None),
        health: dict[str, Any] | None = None,
        at: datetime = EARLIER,
        replaces: bytes | None = None,
    ) -> bytes:
        """State what an event states: (person, kind, value); return the event's id.

        ``at`` is when it was recorded; ``replaces`` the event of another record.
        """
        self._count += 1
        event_id = person(f"event {record} {version}")
        change = change or ("CREATED" if version == 1 else "CORRECTED")
        record_id = person(f"record {record}")
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for ordinal, (who, kind, value) in enumerate(facts):
                block = None
                if health is not None:
                    assert self.keystore is not None
                    owner = person(who)
                    key = self.keystore.keys([(owner, "health")])[owner, "health"]
                    block = seal(key, event_id, "health", health)
                named = {
                    k: text(person(v)) if k in _PERSONS and v is not None else v
                    for k, v in value.items()
                }
                cursor.execute(
                    "INSERT INTO live.facts VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
                    " %s, %s, 't', 0, %s)",
                    [
                        UUID(bytes=event_id),
                        ordinal,
                        UUID(bytes=person(who)),
                        kind,
                        json.dumps(named),
                        block,
                        "health" if block else None,
                        *days,
                        at,
                        UUID(bytes=record_id),
                        version,
                        change,
                        b"d",
                        self._count,
                    ],
                )
                self._cause(cursor, "person", person(who), event_id)
            if version > 1 or change != "CREATED":
                self._close(cursor, event_id, record_id, version, change, at)
            if replaces is not None:
                cursor.execute(
                    "INSERT INTO live.replacements VALUES (%s, %s, %s)",
                    [UUID(bytes=event_id), UUID(bytes=replaces), at],
                )
                self._cause(cursor, "replaced", replaces, event_id)
        return event_id

    def close(self, record: str, version: int) -> None:
        """Close a record without stating anything."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            event_id = person(f"event {record} {version}")
            self._close(cursor, event_id, person(f"record {record}"), version, "CORRECTED", EARLIER)

    def annul(
        self, record: str, who: str, version: int = 2, kind: str = "", at: datetime = EARLIER
    ) -> bytes:
        """Annul a record; without the event type in ``kind`` it counts at once."""
        value = {"type": kind} if kind else {}
        return self.state(
            record, (who, "annulled", value), version=version, change="ANNULLED", at=at
        )

    def born(
        self,
        who: str,
        on: str,
        sex: str = "F",
        mother: str | None = None,
        father: str | None = None,
        **more: Any,
    ) -> bytes:
        facts: list[tuple[str, str, dict[str, Any]]] = [
            (
                who,
                "birth" if mother or father else "person",
                {"born_on": on, "sex": sex, "district": "1703", "mother": mother, "father": father},
            )
        ]
        facts += [(p, "child", {"child": who, "born_on": on}) for p in (mother, father) if p]
        return self.state(f"birth {who}", *facts, **more)

    def married(self, one: str, other: str, on: str = "2010-01-01", **more: Any) -> bytes:
        return self.state(
            more.pop("record", f"marriage {one} {other}"),
            (one, "marriage", {"spouse": other, "married_on": on}),
            (other, "marriage", {"spouse": one, "married_on": on}),
            **more,
        )

    def died(self, who: str, on: str, **more: Any) -> bytes:
        return self.state(
            f"death {who}", (who, "death", {"died_on": on, "district": "1703"}), **more
        )

    def lives(
        self,
        who: str,
        dwelling: str,
        since: str = "2015-01-01",
        until: str | None = None,
        **more: Any,
    ) -> bytes:
        value = {"district": "1703", "dwelling": dwelling, "kind": more.pop("kind", "home")}
        return self.state(
            f"residence {who} {dwelling}", (who, "residence", value), days=(since, until), **more
        )

    def earns(
        self, who: str, gross_soum: int, months: tuple[str, ...] = MONTHS, **more: Any
    ) -> None:
        for month in months:
            self.earns_once(who, month, gross_soum, **more)

    def earns_once(self, who: str, month: str, gross_soum: int, **more: Any) -> bytes:
        value = {"employer": "e", "month": month, "gross_minor": gross_soum * 100}
        record = f"income {who} {month}"
        return self.state(record, (who, "income", value), days=(month, None), **more)

    def employed(self, who: str, on: str = "2020-01-01") -> bytes:
        return self.state(f"job {who}", (who, "employment", {"employer": "e", "started_on": on}))

    def disabled(
        self, who: str, group: int, on: str = "2024-01-01", until: str | None = None, **more: Any
    ) -> bytes:
        return self.state(
            more.pop("record", f"disability {who}"),
            (who, "disability", {"assessed_on": on}),
            days=(on, None),
            health={"group": group, "until": until},
            **more,
        )

    def needs(self) -> dict[tuple[str, bytes], int | None]:
        """The needs in force: amount in soum by kind and person."""
        rows = self.connection.execute(
            "SELECT kind, person, amount_minor FROM live.needs WHERE status <> 'ended'"
        ).fetchall()
        return {(kind, who.bytes): amount and amount // 100 for kind, who, amount in rows}

    def outcomes(self) -> dict[bytes, str]:
        rows = self.connection.execute("SELECT anchor, outcome FROM live.assessments").fetchall()
        return {anchor.bytes: outcome for anchor, outcome in rows}

    def count(self, table: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])

    def _close(
        self, cursor: psycopg.Cursor[Any], event_id: bytes, record: bytes, *how: object
    ) -> None:
        cursor.execute(
            "INSERT INTO live.closures VALUES (%s, %s, %s, %s, %s)",
            [UUID(bytes=event_id), UUID(bytes=record), *how],
        )
        self._cause(cursor, "record", record, event_id)

    def _cause(
        self, cursor: psycopg.Cursor[Any], column: str, identifier: bytes, event_id: bytes
    ) -> None:
        cursor.execute(
            f"INSERT INTO live.causes ({column}, event_id) VALUES (%s, %s)".encode(),
            [UUID(bytes=identifier), UUID(bytes=event_id)],
        )


_PERSONS = {"mother", "father", "child", "spouse", "guardian", "ward", "person", "alias"}
