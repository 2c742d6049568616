"""A worker between a real Kafka and a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from kafka import TopicPartition

from tests.builders import person, record, some_id
from tests.integration.streams.rig import PARTITIONS, Rig


def income(name: object, **meta: Any) -> dict[str, Any]:
    return record(subject=person(name), meta={"id": some_id(name)} | meta)


def test_all_that_is_committed_is_applied_once_and_nothing_else(rig: Rig) -> None:
    """Gaps of transaction markers, aborted transactions, poison, repeats; then caught up."""
    writer = rig.writer()
    expected = set()
    poison = [
        (b"k", None),
        (b"k", b""),
        (b"k", b"\x01{}"),
        (b"k", b"\x00\x00\x00\x27\x0f{}"),
        (b"k", b"\x00\x00\x00\x00\x01junk"),
        (None, writer.encode(income("foreign"))),
    ]
    for partition in range(PARTITIONS):
        for turn in range(10):
            names = [(partition, turn, n) for n in range(20)]
            writer.write(partition, [income(name) for name in names])
            writer.write(partition, [income(("aborted", *names[0]))], abort=True)
            expected |= {some_id(name) for name in names}
        writer.write_raw(partition, poison)
        writer.write(partition, [income((partition, 0, 0)), income((partition, 1, "new"))])
        writer.write(partition, [income((partition, 3, 3))])
        writer.write(partition, [income((partition, 4, 4), digest=bytes(16))])
        expected.add(some_id((partition, 1, "new")))
        writer.write(partition, [income("aborted last")], abort=True)
    assert not rig.caught_up()

    worker = rig.start()
    rig.until(rig.caught_up)

    stored = {row[0].bytes for row in rig.rows("event_id FROM live.facts")}
    assert stored == expected
    rows = rig.rows("events, suppressed, quarantined, next FROM live.progress ORDER BY partition")
    assert [row[:3] for row in rows] == [(201, 2, len(poison) + 1)] * PARTITIONS
    rules = {row[0] for row in rig.rows("DISTINCT rule FROM live.quarantined")}
    assert rules == {"wire_format", "schema_unknown", "not_canonical", "key_mismatch", "conflict"}
    outbox = rig.rows("count(*) FROM kept.outbox WHERE kind = 'quarantine'")
    assert outbox == [((len(poison) + 1) * PARTITIONS,)]
    leaves = rig.rows("sum((body->>'records')::int) FROM kept.audit_leaves WHERE kind = 'chunk'")
    assert leaves == [((204 + len(poison)) * PARTITIONS,)]

    shown = {TopicPartition(rig.topic, n): row[3] for n, row in enumerate(rows)}

    def is_shown() -> bool:
        groups = rig.administer(lambda admin: admin.list_group_offsets({rig.group: list(shown)}))
        return {tp: each.offset for tp, each in groups[rig.group].items()} == shown

    rig.until(is_shown)
    assert worker.process.poll() is None


def test_a_small_change_is_stored_at_once(rig: Rig) -> None:
    writer = rig.writer()
    writer.write(0, [income("first")])
    rig.start()
    rig.until(lambda: rig.stored() == 1)

    for n in range(5):
        writer.write(1, [income(n)])
        rig.until(lambda n=n: rig.stored() == n + 2, seconds=1.0)  # type: ignore[misc]


def test_missing_events_stop_the_worker_and_name_the_place(rig: Rig) -> None:
    writer = rig.writer()
    writer.write(1, [income(n) for n in range(5)])
    writer.sequences[1] += 1
    writer.write(1, [income("after the hole")])

    worker = rig.start()

    assert worker.process.wait(60) == 4
    assert f"{rig.topic}/1/6: partition_sequence 7 follows 5" in worker.log.read_text("utf-8")
    assert rig.stored() in {0, 5}


@pytest.mark.parametrize("column", ["cluster_id", "topic_id"])
def test_offsets_of_another_cluster_or_topic_stop_the_worker(rig: Rig, column: str) -> None:
    writer = rig.writer()
    writer.write(0, [income("a")])
    first = rig.start()
    rig.until(rig.caught_up)
    first.process.terminate()
    assert first.process.wait(30) == 0
    rig.execute(f"UPDATE live.progress SET {column} = 'another' WHERE partition = 0")

    second = rig.start()

    assert second.process.wait(60) == 4
    assert "another" in second.log.read_text("utf-8")
