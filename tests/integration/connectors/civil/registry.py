"""A small civil registry to read from, and what a relay would have published of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from connectors.civil.cursor import CivilCursor, load
from connectors.civil.session import CivilSettings
from connectors.civil.source import CivilSource, connect
from connectors.civil.tables import TABLES
from connectors.source import Complete, Cursor, Page
from schemas.errors import TransientError

_HEAD = (
    "record_id text PRIMARY KEY, revision integer NOT NULL, status text, replaces text, "
    "replaces_revision integer, registered_at timestamptz"
)
# Written out once more from docs/sources.md, so that a mistake in TABLES shows.
_OWN = {
    "person": "pinfl, surname, given_name, patronymic, sex, born_on, district",
    "birth": "child_pinfl, mother_pinfl, father_pinfl, surname, given_name, patronymic, sex,"
    " born_on, district",
    "death": "pinfl, died_on, district",
    "marriage": "spouse1_pinfl, spouse2_pinfl, married_on",
    "divorce": "spouse1_pinfl, spouse2_pinfl, divorced_on",
    "name_change": "pinfl, surname, given_name, patronymic, changed_on",
    "residence": "pinfl, district, address, address_code, kind, from_on, until_on",
    "guardianship": "ward_pinfl, guardian_pinfl, from_on, until_on",
}


@dataclass
class Registry:
    """A database like the registry's, and a slot name of its own."""

    dsn: str
    slot: str
    connection: psycopg.Connection[Any]
    sources: list[CivilSource] = field(default_factory=list)

    def create_tables(self) -> None:
        self.execute("CREATE SCHEMA civil")
        for table, columns in _OWN.items():
            own = ", ".join(f"{column.strip()} text" for column in columns.split(","))
            self.execute(f"CREATE TABLE civil.{table} ({_HEAD}, {own})")
            self.execute(f"ALTER TABLE civil.{table} REPLICA IDENTITY FULL")
        tables = ", ".join(f"civil.{table}" for table in TABLES)
        self.execute(f"CREATE PUBLICATION hub FOR TABLE {tables}")

    def execute(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def insert_deaths(self, first: int, last: int, table: str = "death") -> None:
        self.execute(
            f"INSERT INTO civil.{table} (record_id, revision, status, registered_at)"
            " SELECT 'd' || lpad(g::text, 6, '0'), 1, 'valid', '2026-03-04 23:00:00+00'"
            f" FROM generate_series({first}, {last}) g"
        )

    def source(self, **settings: Any) -> CivilSource:
        source = connect(CivilSettings(dsn=self.dsn, slot=self.slot, **settings))
        self.sources.append(source)
        return source

    def confirmed(self) -> int:
        row = self.execute(
            "SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = %s",
            self.slot,
        )
        return int(row[0][0])

    def rows(self) -> set[str]:
        """Return the source keys of all rows as they stand."""
        return {
            f"{table}/{record_id}/{revision}"
            for table in TABLES
            for record_id, revision in self.execute(
                f"SELECT record_id, revision FROM civil.{table}"
            )
        }

    def close_sources(self) -> None:
        while self.sources:
            self.sources.pop().close()

    def drop_slot(self) -> None:
        self.close_sources()
        wait_until(self._is_slot_dropped, "the slot is still held")

    def _is_slot_dropped(self) -> bool:
        try:
            self.execute(
                "SELECT pg_drop_replication_slot(slot_name)"
                " FROM pg_replication_slots WHERE slot_name = %s",
                self.slot,
            )
        except psycopg.errors.ObjectInUse:
            return False
        return True


@dataclass
class Published:
    """What a relay has put into Kafka."""

    pages: list[Page] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        return [record.source_key for page in self.pages for record in page.records]

    @property
    def cursor(self) -> Cursor | None:
        return self.pages[-1].cursor if self.pages else None

    @property
    def last(self) -> CivilCursor:
        return load(self.pages[-1].cursor)

    @property
    def complete(self) -> list[Complete]:
        return [page.complete for page in self.pages if page.complete]


def relay_page(
    source: CivilSource, published: Published, wait_seconds: float = 0.2, *, confirm: bool = True
) -> Page | None:
    """Do what the relay does with one page, transient errors and all."""
    deadline = time.monotonic() + 20
    while True:
        try:
            page = source.next_page(published.cursor, wait_seconds)
            break
        except TransientError:  # a slot that a closed connection still holds for a moment
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    if page is not None:
        published.pages.append(page)
        if confirm:
            source.committed(page.cursor)
    return page


def relay_until(
    source: CivilSource, published: Published, condition: Callable[[], bool], seconds: float = 60
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the source has not come so far in time"
        relay_page(source, published)


def relay_all(source: CivilSource, published: Published) -> None:
    """Relay until the snapshot is done and the stream has nothing more."""
    relay_until(source, published, lambda: bool(published.complete))
    while relay_page(source, published) is not None:
        pass


def wait_until(condition: Callable[[], bool], reason: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, reason
        time.sleep(0.02)
