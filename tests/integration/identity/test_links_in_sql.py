"""SQL and ``streams.identity`` resolve every link the same way, whatever was stated and when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import orjson
import psycopg
import pytest

from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from schemas.ids import text
from streams.identity import LINK_KINDS, canonical, links
from streams.lifecycle import Fact, holding

SETS = 150
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASSIGNED = "civil.person_identifier_assigned"


class Writer:
    """Random statements about who is who, as the worker stores them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.facts: list[tuple[object, ...]] = []
        self.closures: list[tuple[object, ...]] = []
        self.replacements: list[tuple[object, ...]] = []
        self.sets: list[list[bytes]] = []

    def some_id(self) -> bytes:
        return self.random.randbytes(16)

    def new_set(self) -> None:
        ids = [self.some_id() for _ in range(5)]
        self.sets.append(ids)
        for _ in range(self.random.randint(1, 9)):
            alias, person = self.random.sample(ids, 2)
            self.random.choice([self.patient, self.assigned, self.decided])(alias, person, ids)

    def moment(self) -> datetime:
        return START + self.random.randint(0, 200) * HOUR

    def event(
        self,
        record: bytes,
        version: int,
        change: str,
        stated: list[tuple[bytes, str, dict[str, str | None]]],
    ) -> tuple[bytes, datetime]:
        event_id, at = self.some_id(), self.moment()
        for ordinal, (who, kind, value) in enumerate(stated):
            self.facts.append(
                (
                    UUID(bytes=event_id),
                    ordinal,
                    UUID(bytes=who),
                    kind,
                    orjson.dumps(value).decode(),
                    at,
                    UUID(bytes=record),
                    version,
                    change,
                    len(self.facts),
                )
            )
        if version > 1 or change != "CREATED":
            self.closures.append((UUID(bytes=event_id), UUID(bytes=record), version, change, at))
        return event_id, at

    def pair(
        self, verb: str, alias: bytes, person: bytes, **more: str
    ) -> list[tuple[bytes, str, dict[str, str | None]]]:
        return [
            (alias, f"{verb}_to", {"person": text(person), "reason": "r", **more}),
            (person, f"{verb}_from", {"alias": text(alias), "reason": "r", **more}),
        ]

    def patient(self, alias: bytes, person: bytes, ids: list[bytes]) -> None:
        record = self.some_id()
        for version in range(1, self.random.randint(2, 4)):
            change = "CREATED" if version == 1 else "CORRECTED"
            what = self.random.random()
            if what < 0.2:
                stated = [(alias, "annulled", {"type": "health.patient_linked"})]
                self.event(record, version, "ANNULLED", stated)  # type: ignore[arg-type]
            elif what < 0.4:
                nobody = [(alias, "linked_to", {"person": None, "reason": "none"})]
                self.event(record, version, change, nobody)
            else:
                other = self.random.choice([one for one in ids if one != alias])
                self.event(record, version, change, self.pair("linked", alias, other))

    def assigned(self, alias: bytes, person: bytes, _: list[bytes]) -> None:
        record = self.some_id()
        first, _at = self.event(record, 1, "CREATED", self.pair("linked", alias, person))
        if self.random.random() < 0.6:
            stated = [(person, "annulled", {"type": ASSIGNED})]
            self.event(record, 2, "ANNULLED", stated)  # type: ignore[arg-type]
        if self.random.random() < 0.3:
            self.replacements.append((UUID(bytes=self.some_id()), UUID(bytes=first), self.moment()))

    def decided(self, alias: bytes, person: bytes, ids: list[bytes]) -> None:
        record = b"decision" + alias[:8]
        version = 1 + sum(row[6] == UUID(bytes=record) for row in self.facts)
        change = "CREATED" if version == 1 else "CORRECTED"
        if self.random.random() < 0.5:
            self.event(record, version, change, self.pair("linked", alias, person, by="operator"))
        else:
            self.event(record, version, change, self.pair("unlinked", alias, person))

    def store(self, connection: psycopg.Connection[object]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO live.facts VALUES (%s, %s, %s, %s, %s, NULL, NULL, NULL, NULL, %s, %s,"
                " %s, %s, 'd', 't', 0, %s)",
                self.facts,
            )
            cursor.executemany(
                "INSERT INTO live.closures VALUES (%s, %s, %s, %s, %s)", self.closures
            )
            cursor.executemany(
                "INSERT INTO live.replacements VALUES (%s, %s, %s)", self.replacements
            )


@pytest.fixture
def writer(database: str) -> Iterator[tuple[Writer, NeedsStore]]:
    migrate(database)
    writer = Writer(4)
    for _ in range(SETS):
        writer.new_set()
    with closing(connect(database)) as connection:
        writer.store(connection)
        yield writer, NeedsStore(connection)


def test_everybody_is_the_same_in_sql_and_in_python(writer: tuple[Writer, NeedsStore]) -> None:
    made, store = writer
    for known_at in (None, START + 60 * HOUR, START + 150 * HOUR):
        compare(made, store, known_at)


def compare(made: Writer, store: NeedsStore, known_at: datetime | None) -> None:
    now = known_at or START + 210 * HOUR
    moved = 0
    for ids in made.sets:
        rows = store.facts(ids, LINK_KINDS, date(2026, 1, 1), known_at)
        link = links(holding((Fact(*row) for row in rows), now))
        expected = {one: canonical(one, link) for one in ids}
        found = store.connection.execute(
            "SELECT one, kept.canonical(one, %s, %s) FROM unnest(%s::uuid[]) AS one",
            [known_at or "infinity", now, [UUID(bytes=one) for one in ids]],
        ).fetchall()

        assert {one.bytes: person.bytes for one, person in found} == expected
        moved += sum(one != person for one, person in expected.items())
    assert moved > SETS / 2  # it is not all about nobody
