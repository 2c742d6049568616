"""Whoever works during a swap goes on after it: statements, plans, temporary tables, claims."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from projections import generation, replay_history, replay_needs, replay_schema, replay_swap
from projections.needs_store import NeedsStore
from projections.replay_schema import PREVIOUS, REBUILD
from projections.replay_session import Connection, Into, standstill
from schemas.errors import PermanentError
from streams import resaid
from streams.assessor import Assessor
from streams.everyone import Everyone
from streams.reassess import Reassessed, Reassessment
from streams.rules.uz import PACK
from tests.integration.assessment.country import KEYS, NOW, ON, PARTITIONS, Country, person
from tests.integration.replay.building import compare
from tests.integration.replay.test_schema import build

Open = Callable[[str], Connection]
COPIED = ("facts", "closures", "replacements", "completeness")


@pytest.fixture
def into(country: Country, assessor: Assessor, database: str, open_connection: Open) -> Into:
    """Two families, judged; and a rebuild of them, from what was said."""
    country.complete()
    for name in ("1ada", "2bek"):
        country.born(name, "1990-01-01")
        country.lives(name, f"house {name}")
        country.earns(name, 300_000)
    country.born("3old", "1940-01-01", "M")
    country.lives("3old", "cottage")
    country.disabled("3old", 2, until="2027-01-01")
    while assessor.assess_batch(ON, NOW):
        pass
    assert country.count("live.needs") > 3
    into = Into(open_connection(database), REBUILD)
    build(into.connection)
    for table in COPIED:
        into.connection.execute(f"INSERT INTO rebuild.{table} SELECT * FROM live.{table}".encode())
    replay_history.stage(into)
    assert country.keystore is not None
    for unsent in replay_history.unsent(into, replay_history.mark(into.connection)):
        said = [resaid.of_outbox(row, KEYS) for row in unsent]
        replay_history.copy_said(into, resaid.rows(said, country.keystore))
    replay_history.fill(into)
    return into


def reassess(country: Country, database: str) -> Reassessed:
    assert country.keystore is not None
    everyone = Everyone(database, country.keystore, PACK, PARTITIONS, schema=REBUILD)
    with closing(replay_needs.connect(database, REBUILD)) as connection:
        return Reassessment(
            everyone=everyone,
            store=NeedsStore(connection),
            keystore=country.keystore,
            keys=KEYS,
            seen=1,
        ).run(ON, NOW, lambda *_: None)


def swap(into: Into) -> None:
    with standstill(into.connection):
        goal = replay_swap.vector(into.connection, "live")
        replay_history.follow(into)
        replay_swap.swap(into, goal, {"what": "swap"})
    replay_schema.drop(into.connection, replay_schema.RETIRED)


def test_what_was_said_and_everybody_judged_anew_is_what_live_has(
    country: Country, database: str, into: Into
) -> None:
    found = reassess(country, database)

    assert found.findings == []
    assert compare(into).first == []
    assert found.needs.total() == country.count("live.needs")
    assert country.count("rebuild.causes") == 0
    same = "SELECT count(*) FROM live.needs l JOIN rebuild.needs r USING (need, reason_digest)"
    assert into.connection.execute(same).fetchone() == (country.count("live.needs"),)


def test_another_conclusion_is_a_finding_and_queues_the_person(
    country: Country, database: str, into: Into
) -> None:
    for spoiling in (
        "UPDATE rebuild.needs SET amount_minor = 5 WHERE kind = 'material_assistance'",
        "UPDATE rebuild.needs SET status = 'ended' WHERE kind = 'disability_support'",
        "UPDATE rebuild.needs SET household = need WHERE kind = 'family_state_supported'",
        "DELETE FROM rebuild.needs WHERE kind = 'lonely_care'",
    ):
        into.connection.execute(spoiling.encode())

    found = reassess(country, database)

    columns = {finding.column for finding in found.findings}
    assert columns == {"amount_minor", "status", "household"}
    queued = into.connection.execute("SELECT uuid_send(person) FROM rebuild.causes").fetchall()
    assert {row[0] for row in queued} == {finding.person for finding in found.findings}


def test_who_worked_before_works_on_in_the_new_tables(
    country: Country, assessor: Assessor, database: str, into: Into
) -> None:
    """The assessor's session has temporary tables and has run every statement before."""
    reassess(country, database)
    for schema, epoch in (("live", 9), (REBUILD, 0)):
        row = f"INSERT INTO {schema}.progress VALUES ('t', 0, 'c', 'i', 5, {epoch}, 5)"
        into.connection.execute(row.encode())
    pending = "VALUES (gen_random_uuid(), gen_random_uuid())"
    into.connection.execute(f"INSERT INTO live.causes (person, event_id) {pending}".encode())
    reading = "SELECT (SELECT number FROM kept.generation), count(*) FROM live.needs"
    with psycopg.connect(database, prepare_threshold=0, autocommit=True) as reader:
        before = reader.execute(reading).fetchone()
        said = country.count("kept.outbox")

        swap(into)

        assert reader.execute(reading).fetchone() == (2, before and before[1])
        assert country.count(f"{PREVIOUS}.facts") == country.count("live.facts")
        assert reader.execute("SELECT epoch, next FROM live.progress").fetchall() == [(9, 5)]
        assert country.count("live.causes") == 1
        country.earns_once("1ada", "2026-02-01", 9_000_000, version=2)
        assert assessor.assess_batch(ON + timedelta(days=1), NOW)
        assert country.count("live.facts") == country.count(f"{PREVIOUS}.facts") + 1
        assert country.count("live.need_history") > country.count(f"{PREVIOUS}.need_history")
        assert country.count("kept.outbox") > said
        assert assessor.assess_batch(ON, NOW) is None


def test_going_back_says_nothing_twice(
    country: Country, assessor: Assessor, database: str, into: Into
) -> None:
    reassess(country, database)
    swap(into)
    country.died("3old", "2026-03-01")
    while assessor.assess_batch(ON, NOW):
        pass
    said = country.count("kept.outbox")
    back = Into(into.connection, PREVIOUS)
    for table in COPIED:  # as the chunk store would fold the tail
        tail = f"INSERT INTO previous.{table} SELECT * FROM live.{table} ON CONFLICT DO NOTHING"
        into.connection.execute(tail.encode())

    swap(back)
    everybody = "SELECT DISTINCT person, event_id FROM live.facts"
    into.connection.execute(f"INSERT INTO live.causes (person, event_id) {everybody}".encode())
    while assessor.assess_batch(ON, NOW):
        pass

    assert country.count("kept.outbox") == said
    assert ("lonely_care", person("3old")) not in country.needs()
    twice = "SELECT need, version FROM live.need_history GROUP BY 1, 2 HAVING count(*) > 1"
    assert into.connection.execute(twice).fetchall() == []


def test_another_offset_or_other_columns_are_not_swapped(into: Into) -> None:
    with pytest.raises(PermanentError, match="does not stand"), standstill(into.connection):
        replay_swap.swap(into, {("t", 0): 7}, {})
    into.connection.execute("ALTER TABLE live.facts ADD COLUMN further integer")
    with pytest.raises(PermanentError, match="other columns"), standstill(into.connection):
        replay_swap.swap(into, {}, {})

    assert replay_schema.exists(into.connection, REBUILD)
    assert not replay_schema.exists(into.connection, PREVIOUS)


def test_writers_and_readers_are_before_or_after(
    database: str, into: Into, open_connection: Open
) -> None:
    """A reader that holds the generation makes the swap wait; one that comes later sees the new."""
    seen: list[int] = []

    def read() -> None:
        with psycopg.connect(database) as late:
            late.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            late.execute(generation.HOLD)
            row = late.execute("SELECT count(*) FROM live.needs").fetchone()
            seen.append(row[0] if row else -1)

    into.connection.execute("DELETE FROM rebuild.needs WHERE kind <> 'lonely_care'")
    thread = threading.Thread(target=read)
    with standstill(into.connection):
        thread.start()
        time.sleep(0.3)
        assert seen == []
        replay_swap.swap(into, replay_swap.vector(into.connection, "live"), {"what": "swap"})
    thread.join(20)

    assert seen == [1]


def test_of_what_was_said_only_that_up_to_a_moment_counts(country: Country, into: Into) -> None:
    said = country.count("live.need_history")
    assert country.keystore is not None
    for until, counted in (("-infinity", 0), ("infinity", said)):
        into.connection.execute("TRUNCATE rebuild.need_history, rebuild.needs")
        replay_history.stage(into)
        for unsent in replay_history.unsent(into, replay_history.mark(into.connection)):
            found = [resaid.of_outbox(row, KEYS) for row in unsent]
            replay_history.copy_said(into, resaid.rows(found, country.keystore))

        assert replay_history.fill(into, until) == counted
        assert country.count("rebuild.need_history") == counted
