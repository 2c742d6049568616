"""What a worker stored chunk by chunk and what a replay folds at once are the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from projections import replay_schema
from projections.replay_session import Connection
from schemas.errors import PermanentError
from tests.builders import NOW, TopicWriter, person, record, some_id
from tests.integration.replay.building import Building
from tests.integration.streams.rig import PARTITIONS, Rig

Open = Callable[[str], Connection]


def income(name: object, **meta: Any) -> dict[str, Any]:
    return record(subject=person(name), meta={"id": some_id(name)} | meta)


def complete(partition: int, through: int, **meta: Any) -> dict[str, Any]:
    name = ("complete", partition, through)
    return record("hub.source_complete", meta={"id": some_id(name)} | meta, through=through)


def history(writer: TopicWriter, partition: int, turn: int, at: int = NOW) -> None:
    """Everything that can happen to a record, once."""
    names = [(partition, turn, n) for n in range(30)]
    events = [income(name, recorded_at=at) for name in names]
    writer.write(partition, events)
    writer.write(partition, [income(("aborted", *names[0]))], abort=True)
    corrected = some_id(("record", *names[1]))
    writer.write(
        partition,
        [
            income((*names[1], "v1"), record=corrected, recorded_at=at),
            income(
                (*names[1], "v2"), record=corrected, version=2, change="CORRECTED", recorded_at=at
            ),
            income((*names[2], "gone"), version=3, change="ANNULLED", recorded_at=at),
            income((*names[3], "in place"), corrects=some_id(names[2]), recorded_at=at),
            complete(partition, 20_000 + turn, recorded_at=at),
            complete(partition, 20_000 + turn, recorded_at=at),
            complete(partition, 20_000 + turn, digest=bytes(16), recorded_at=at),
            events[4],
            events[5],
            income(names[6], digest=bytes(16), recorded_at=at),
            income((*names[7], "of another"), source="civil", recorded_at=at),
        ],
    )
    writer.write_raw(partition, [(b"k", None), (b"k", b"\x00\x00\x00\x00\x01junk")])


@pytest.fixture
def building(rig: Rig, open_connection: Open) -> Building:
    """A worker has stored a history, and goes on."""
    writer = rig.writer()
    for partition in range(PARTITIONS):
        history(writer, partition, turn=1)
    rig.start()
    rig.until(rig.caught_up)
    return Building(rig, open_connection(rig.dsn))


SPOILINGS = (
    ("DELETE FROM live.facts WHERE event_id = %s", "facts", "missing in live"),
    ("DELETE FROM rebuild.facts WHERE event_id = %s", "facts", "missing in the rebuild"),
    ("UPDATE live.facts SET digest = 'x' WHERE event_id = %s", "facts", "digest"),
    ('UPDATE live.facts SET "offset" = 7777 WHERE event_id = %s', "facts", "place"),
    ("UPDATE live.progress SET events = 0 WHERE %s <> ''", "progress", "events"),
    ("DELETE FROM live.quarantined WHERE %s <> ''", "quarantined", "missing in live"),
    ("DELETE FROM live.closures WHERE %s <> ''", "closures", "missing in live"),
    ("UPDATE live.replacements SET replaced = event_id WHERE %s <> ''", "replacements", "replaced"),
    ("UPDATE live.completeness SET snapshot = false WHERE %s <> ''", "completeness", "snapshot"),
)


def check_every_spoiling_is_named(building: Building) -> None:
    connection = building.into.connection
    for spoiling, table, what in SPOILINGS:
        with connection.transaction(force_rollback=True):
            connection.execute(spoiling.encode(), [some_id((0, 1, 9)).hex()])
            found = building.compare()
        assert set(found.differences) == {table}
        assert {each.what for each in found.first} == {what}


def test_folded_at_once_is_stored_chunk_by_chunk(building: Building) -> None:
    outside = "(SELECT count(*) FROM kept.outbox), (SELECT count(*) FROM kept.audit_leaves)"
    before = building.rows(outside)

    building.fold()

    found = building.compare()
    assert found.first == []
    assert found.rows["facts"] == 33 * PARTITIONS + PARTITIONS
    assert found.rows["replacements"] == PARTITIONS
    assert found.rows["closures"] == 2 * PARTITIONS
    assert found.rows["quarantined"] == 5 * PARTITIONS
    counted = "events, suppressed, quarantined FROM rebuild.progress"
    assert building.rows(counted) == [(35, 3, 5)] * PARTITIONS
    assert building.rows(outside) == before
    check_every_spoiling_is_named(building)


def test_in_two_parts_is_as_at_once(building: Building) -> None:
    ends = {place.partition: at for place, at in building.rig.positions().items()}
    writer = building.rig.writer()
    for partition in range(PARTITIONS):
        writer.sequences[partition] = 41
        history(writer, partition, turn=2, at=NOW + 5)
        writer.write(
            partition, [income((partition, 1, 9), recorded_at=NOW + 5)]
        )  # known before the first part ended
    building.rig.until(building.rig.caught_up)
    building.fold(ends=ends)  # more is there already, and is left alone
    assert dict(building.rows("partition, next FROM rebuild.progress")) == ends
    outside = "(SELECT count(*) FROM kept.outbox), (SELECT count(*) FROM kept.audit_leaves)"
    before = building.rows(outside)

    building.follow()

    assert building.compare().first == []
    assert building.rows(outside) == before
    queued = {
        row[0].bytes for row in building.rows("person FROM rebuild.causes WHERE person IS NOT NULL")
    }
    assert person((0, 2, 0)) in queued
    assert person((0, 1, 0)) not in queued
    assert building.follow() == 0
    check_up_to_a_moment(building)


def check_up_to_a_moment(building: Building) -> None:
    """The second turn was recorded later than the first."""
    replay_schema.drop(*building.into)

    building.fold(until=NOW)

    live = building.rows(
        "count(*) FROM live.facts WHERE known_from <= 'epoch'::timestamptz"
        f" + {NOW} * interval '1 microsecond'"
    )
    assert building.rows("count(*) FROM rebuild.facts") == live
    assert building.rows("count(*) FROM live.facts") != live


def test_a_number_that_steps_back_is_refused_unless_a_repeat(building: Building) -> None:
    writer = building.rig.writer()
    for worker in building.rig.workers:
        worker.kill()  # it would refuse this, too
    writer.sequences[0] = 3
    writer.write(0, [income("stepped back")])
    building.rig.execute("UPDATE live.progress SET next = next + 2 WHERE partition = 0")

    with pytest.raises(PermanentError, match="steps back, but the event is new"):
        building.fold()
