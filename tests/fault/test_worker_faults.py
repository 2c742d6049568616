"""Workers killed, frozen, joined, and a database that stalls: nothing lost, nothing doubled."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from streams.chunk import Place
from tests.builders import person, record, some_id
from tests.integration.streams.rig import PARTITIONS, Rig, Worker

pytestmark = pytest.mark.long

MEMORY_BYTES = 500 * 1024 * 1024


def income(name: object) -> dict[str, Any]:
    return record(subject=person(name), meta={"id": some_id(name)})


@contextmanager
def load(rig: Rig, batch: int = 300) -> Iterator[list[bytes]]:
    """Write events until the test has done its worst; yields the ids that were committed."""
    committed: list[bytes] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def write() -> None:
        try:
            writer = rig.writer()
            turn = 0
            while not done.is_set():
                partition, aborts = turn % PARTITIONS, turn % 5 == 4
                records = [income((turn, n)) for n in range(batch)]
                writer.write(partition, records, abort=aborts)
                if not aborts:
                    committed.extend(each["meta"]["id"] for each in records)
                turn += 1
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield committed
    finally:
        done.set()
        thread.join()
    assert not failed, failed


def check(rig: Rig, committed: list[bytes]) -> None:
    """Exactly what was committed is in the tables, and every record has its leaf once."""
    rig.until(rig.caught_up, seconds=90)
    stored = [row[0].bytes for row in rig.rows("event_id FROM live.facts")]
    assert len(stored) == len(set(stored))
    assert set(stored) == set(committed)
    sums = "sum(events)::bigint, sum(suppressed)::bigint, sum(quarantined)::bigint"
    assert rig.rows(f"{sums} FROM live.progress") == [(len(committed), 0, 0)]
    leaves = rig.rows("sum((body->>'records')::int) FROM kept.audit_leaves WHERE kind = 'chunk'")
    assert leaves == [(len(committed),)]


def test_killed_workers_lose_and_double_nothing(rig: Rig) -> None:
    chance = random.Random(7)
    living: list[Worker] = [rig.start(), rig.start()]
    with load(rig) as committed:
        rig.until(lambda: rig.stored() > 0)
        for _ in range(4):
            time.sleep(chance.uniform(0.2, 2.0))
            rig.until(lambda: not rig.caught_up())  # work is pending
            living.pop(chance.randrange(len(living))).kill()
            living.append(rig.start())

    check(rig, committed)


def test_a_worker_joins_and_another_leaves(rig: Rig) -> None:
    with load(rig) as committed:
        first = rig.start()
        rig.until(lambda: rig.stored() > 0)
        second = rig.start()
        rig.until(lambda: "partition_claimed" in second.messages())
        first.process.terminate()
        assert first.process.wait(30) == 0
        rig.until(lambda: "chunk_stored" in second.messages())

    check(rig, committed)


def test_a_frozen_worker_is_replaced_and_carries_on_when_woken(rig: Rig) -> None:
    frozen = rig.start()
    with load(rig) as committed:
        rig.until(lambda: rig.stored() > 0)
        frozen.send(signal.SIGSTOP)
        at = rig.stored()
        other = rig.start()
        rig.until(lambda: rig.stored() > at + 2000, seconds=30)
        before = len(frozen.messages())
        frozen.send(signal.SIGCONT)
        rig.until(lambda: "partition_claimed" in frozen.messages()[before:], seconds=60)

    check(rig, committed)
    assert frozen.process.poll() is None
    assert other.process.poll() is None


def test_a_worker_frozen_inside_a_transaction_holds_nobody_up_for_long(rig: Rig) -> None:
    """Frozen again and again under load, until it is caught with the progress row locked."""
    locked = """
        count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE relname = 'progress' AND mode = 'RowShareLock' AND state = 'idle in transaction'
    """
    frozen = rig.start()
    with load(rig, batch=1000) as committed:
        rig.until(lambda: rig.stored() > 0)
        while True:
            frozen.send(signal.SIGSTOP)
            time.sleep(0.3)  # what the server was doing is done
            if rig.rows(locked)[0][0]:
                break
            frozen.send(signal.SIGCONT)
            time.sleep(0.05)
        at = rig.positions()
        rig.start()
        # Kafka needs the session (6 s) to give the partitions away, PostgreSQL 5 s for the lock.
        rig.until(lambda: everywhere_ahead(rig, at), seconds=25)

    frozen.send(signal.SIGCONT)
    check(rig, committed)


def everywhere_ahead(rig: Rig, before: dict[Place, int]) -> bool:
    return all(now > before[place] for place, now in rig.positions().items())


def test_a_stalled_database_does_not_fill_the_memory(rig: Rig) -> None:
    writer = rig.writer()
    for turn in range(30):  # some 45 MB as the worker counts: more than may wait in it
        writer.write(turn % PARTITIONS, [income((turn, n)) for n in range(2000)])

    with psycopg.connect(rig.dsn) as holder:
        worker = rig.start()
        rig.until(lambda: worker.messages().count("partition_claimed") == PARTITIONS)
        holder.execute("LOCK TABLE live.facts IN ACCESS EXCLUSIVE MODE")
        highest, end = 0, time.monotonic() + 9
        while time.monotonic() < end:
            highest = max(highest, worker.rss_bytes())
            time.sleep(0.05)
        assert worker.process.poll() is None
        assert "waiting_to_retry" in worker.messages()

    assert highest < MEMORY_BYTES
    rig.until(lambda: rig.stored() == 60_000)


def test_an_orderly_end_leaves_no_half_done_chunk(rig: Rig) -> None:
    with load(rig) as committed:
        worker = rig.start()
        rig.until(lambda: rig.stored() > 0)
        worker.send(signal.SIGTERM)
        assert worker.process.wait(30) == 0
        rig.start()

    check(rig, committed)
