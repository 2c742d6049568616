"""One transaction a chunk, on a real PostgreSQL: repeats, conflicts, fences, any order."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from projections import chunk_sql, merkle
from projections.chunk_pool import ChunkPool
from projections.chunk_store import ChunkWork, EpochLostError, Outcome
from projections.migrations import migrate
from schemas.errors import PermanentError, TransientError
from tests.builders import record, some_id
from tests.integration.streams.store_rig import TABLES, TOPIC, Rig, Sent, birth, seal, sent, work


@pytest.fixture
def rig(database: str) -> Rig:
    migrate(database)
    return Rig(database)


def test_everything_of_a_chunk_is_stored_together(rig: Rig) -> None:
    epoch = rig.claim()
    correction = birth("b", change="CORRECTED", version=2)
    complete = record(
        "hub.source_complete", meta={"id": some_id("done"), "source": "civil"}, registry="civil"
    )
    records = [sent(0, birth("a")), sent(1, correction), sent(2, complete), Sent(3, b"k", b"x")]

    outcome = rig.apply(work(records, epoch))

    assert outcome == [Outcome(applied=3, suppressed=0, quarantined=1)]
    # Persons: two children, one mother, one father; and the record that the correction closes.
    assert rig.counts() == {
        "facts": 6,
        "closures": 1,
        "replacements": 0,
        "completeness": 1,
        "causes": 5,
    }
    assert rig.progress() == (4, 3, 1, 3, 0, 1)
    (leaf,) = rig.rows("SELECT kind, body FROM kept.audit_leaves")
    assert leaf == (
        "chunk",
        {
            "topic": TOPIC,
            "partition": 0,
            "first_offset": 0,
            "last_offset": 3,
            "records": 4,
            "root": merkle.root(merkle.entry(each.offset, each.value) for each in records).hex(),
            "applied": 3,
            "suppressed": 0,
            "quarantined": 1,
        },
    )
    assert rig.rows('SELECT topic, "offset", rule FROM live.quarantined') == [
        (TOPIC, 3, "wire_format")
    ]
    assert rig.rows("SELECT kind FROM kept.outbox") == [("quarantine",)]


def test_a_chunk_committed_before_is_not_stored_again(rig: Rig) -> None:
    first = work([sent(0, birth("a"))], rig.claim())

    assert rig.apply(first, first) == [Outcome(1, 0, 0), None]
    assert rig.rows("SELECT count(*) FROM kept.audit_leaves") == [(1,)]


def test_a_repeated_event_is_suppressed_and_counted(rig: Rig) -> None:
    epoch = rig.claim()
    rig.apply(work([sent(0, birth("a")), sent(1, birth("b"))], epoch))
    before = rig.counts()
    again = [sent(2, birth("b")), sent(3, birth("c")), sent(4, birth("c"))]

    assert rig.apply(work(again, epoch)) == [Outcome(applied=1, suppressed=2, quarantined=0)]
    assert rig.counts()["facts"] == before["facts"] + 3
    assert rig.progress() == (5, 5, 0, 3, 2, 0)


def test_a_repeated_completion_is_suppressed(rig: Rig) -> None:
    done = record(
        "hub.source_complete", meta={"id": some_id("done"), "source": "civil"}, registry="civil"
    )

    outcome = rig.apply(work([sent(0, done), sent(1, done)], rig.claim()))

    assert outcome == [Outcome(1, 1, 0)]


def test_other_content_under_the_same_id_is_quarantined_and_leaves_nothing(rig: Rig) -> None:
    epoch = rig.claim()
    rig.apply(work([sent(0, record("civil.death_registered", meta={"id": some_id("x")}))], epoch))
    before = rig.counts()
    other = birth("x", id=some_id("x"), change="CORRECTED", version=2, digest=bytes(16))

    assert rig.apply(work([sent(1, other)], epoch)) == [Outcome(0, 0, 1)]
    assert rig.counts() | {"causes": 0} == before | {"causes": 0}
    assert rig.counts()["causes"] == before["causes"]
    assert rig.rows("SELECT rule, event_id FROM live.quarantined")[0][0] == "conflict"


def test_an_older_epoch_stores_nothing(rig: Rig) -> None:
    mine = work([sent(0, birth("a"))], rig.claim())
    rig.claim()

    with pytest.raises(EpochLostError):
        rig.apply(mine)

    assert rig.counts() == dict.fromkeys(TABLES, 0)
    assert rig.progress()[0] == 0


def test_progress_moved_by_somebody_else_stops_the_worker(rig: Rig) -> None:
    epoch = rig.claim()

    with pytest.raises(PermanentError, match="progress stands at 0"):
        rig.apply(work([sent(5, birth("a"), 1)], epoch, last=0))


def test_a_step_back_that_is_no_repeat_stops_the_worker(rig: Rig) -> None:
    epoch = rig.claim()
    rig.apply(work([sent(0, birth("a")), sent(1, birth("b"))], epoch))
    repeat = work([sent(2, birth("a"), 1)], epoch, last=2)
    new = work([sent(3, birth("c"), 2)], epoch, last=2)

    assert rig.apply(repeat) == [Outcome(0, 1, 0)]
    with pytest.raises(PermanentError, match=f"{TOPIC}/0/3: partition_sequence steps back"):
        rig.apply(new)
    assert rig.progress()[:2] == (3, 2)


@pytest.mark.parametrize(("cluster", "topic_id"), [("other", "t"), ("c", "other")])
def test_another_cluster_or_topic_is_refused_by_name(rig: Rig, cluster: str, topic_id: str) -> None:
    epoch = rig.claim()

    with pytest.raises(PermanentError, match=r"cluster c, topic id t; .* other"):
        rig.claim(cluster=cluster, topic_id=topic_id)

    rig.apply(work([sent(0, birth("a"))], epoch))  # and the owner was not fenced by it


def test_two_partitions_in_any_order_give_the_same_tables(rig: Rig) -> None:
    def plan(partition: int, epoch: int) -> list[ChunkWork]:
        records = [
            sent(n, birth((partition, n), change="CORRECTED", version=n + 1, record=some_id(n)))
            for n in range(6)
        ]
        return [work(records[:3], epoch, partition), work(records[3:], epoch, partition)]

    def tables() -> list[Any]:
        columns = "event_id, ordinal, person, kind, value, valid_from, version, digest"
        return [
            rig.rows(f"SELECT {columns} FROM live.facts ORDER BY event_id, ordinal"),
            rig.rows("SELECT * FROM live.closures ORDER BY event_id"),
        ]

    seen = []
    for order in ([0, 0, 1, 1], [1, 0, 1, 0], [1, 1, 0, 0]):
        plans = {n: iter(plan(n, rig.claim(n))) for n in (0, 1)}
        rig.apply(*[next(plans[n]) for n in order])
        seen.append(tables())
        with psycopg.connect(rig.dsn) as connection:
            connection.execute("TRUNCATE live.facts, live.closures, live.progress")

    assert seen[0] == seen[1] == seen[2]


def test_if_the_progress_cannot_move_nothing_is_stored(rig: Rig) -> None:
    epoch = rig.claim()
    rig.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;"
        "CREATE TRIGGER refuse BEFORE UPDATE OF next ON live.progress"
        " FOR EACH ROW EXECUTE FUNCTION refuse()"
    )

    with pytest.raises(psycopg.errors.RaiseException):
        rig.apply(work([sent(0, birth("a")), Sent(1, b"k", b"x")], epoch))

    assert rig.counts() == dict.fromkeys(TABLES, 0)
    assert rig.rows("SELECT * FROM kept.audit_leaves") == []
    assert rig.rows("SELECT * FROM kept.outbox") == []


def test_two_partitions_that_repeat_each_other_do_not_deadlock(rig: Rig) -> None:
    rig.execute(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN new; END $$;"
        "CREATE TRIGGER dawdle BEFORE INSERT ON live.facts"
        " FOR EACH ROW EXECUTE FUNCTION dawdle()"
    )
    names = list(range(100))
    forward = [sent(n, birth(name)) for n, name in enumerate(names)]
    backward = [sent(n, birth(name)) for n, name in enumerate(reversed(names))]
    epochs = [rig.claim(0), rig.claim(1)]

    async def scenario(pool: ChunkPool) -> list[Outcome | None]:
        return list(
            await asyncio.gather(
                pool.apply(work(forward, epochs[0], 0), seal),
                pool.apply(work(backward, epochs[1], 1), seal),
            )
        )

    outcomes = rig.run(scenario)

    assert sorted(each.applied for each in outcomes) == [0, 100]
    assert sorted(each.suppressed for each in outcomes) == [0, 100]


def test_a_lock_that_is_held_passes_as_transient(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(chunk_sql.SESSION, "options", "-c lock_timeout=200ms")
    mine = work([sent(0, birth("a"))], rig.claim())

    with psycopg.connect(rig.dsn) as holder:
        holder.execute("SELECT * FROM live.progress FOR UPDATE")
        with pytest.raises(TransientError):
            rig.apply(mine)

    assert rig.apply(mine) == [Outcome(1, 0, 0)]


def test_migrations_run_once_and_refuse_an_edited_file(rig: Rig) -> None:
    assert migrate(rig.dsn) == []

    with psycopg.connect(rig.dsn) as connection:
        connection.execute("UPDATE kept.migrations SET sha256 = 'x' WHERE name LIKE '001%'")
    with pytest.raises(PermanentError, match=r"001_facts\.sql has changed"):
        migrate(rig.dsn)
