"""What is cut off half-way is not seen; servers that go away are waited for; rights that change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import patch

import fastavro
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from kafka import KafkaConsumer, TopicPartition

from schemas.errors import TransientError
from streams.feeds.names import feed_topic
from tests.integration.feeds.test_numbers import amounts, incomes

if TYPE_CHECKING:
    from ops.stack.stack import Stack
    from tests.integration.feeds.rig import Rig

pytestmark = pytest.mark.long


def test_an_aborted_transaction_is_not_seen(rig: Rig) -> None:
    """The records were sent, the commit was not: they are in the topic, and no reader gets them."""
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    rig.write(incomes(rig, 0, 10))
    lost = patch.object(AIOKafkaProducer, "commit_transaction", side_effect=KafkaTimeoutError)
    with lost, pytest.raises(TransientError):
        rig.settle()
    rig.stop_relay()
    rig.settle()
    assert [each.number for each in rig.read(pension)] == list(range(1, 11))
    assert uncommitted(rig, feed_topic(pension)) == 20


def uncommitted(rig: Rig, topic: str) -> int:
    config = rig.settings.kafka("admin")
    consumer = KafkaConsumer(**config, isolation_level="read_uncommitted")
    place, count = TopicPartition(topic, 0), 0
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    while consumer.position(place) < end:
        count += sum(map(len, consumer.poll(200).values()))
    consumer.close()
    return count


def test_a_lost_answer_neither_doubles_nor_loses(rig: Rig) -> None:
    """The commit happened, its answer did not come: the relay asks instead of guessing."""
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    rig.write(incomes(rig, 0, 10))
    commit = AIOKafkaProducer.commit_transaction

    async def and_lose(self: AIOKafkaProducer) -> None:
        await commit(self)
        raise KafkaTimeoutError

    lost = patch.object(AIOKafkaProducer, "commit_transaction", and_lose)
    with lost, pytest.raises(TransientError):
        rig.settle()
    rig.write(incomes(rig, 10, 5))
    rig.settle()
    read = rig.read(pension)
    assert [each.number for each in read] == list(range(1, 16))
    assert sorted(amounts(read)) == list(range(15))


def test_kafka_restarts_under_the_relay(rig: Rig, servers: Stack) -> None:
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    rig.write(incomes(rig, 0, 20))
    process = rig.start_process()
    rig.until(lambda: rig.rows("count(*) FROM kept.feed_index")[0][0] > 0)
    servers.kill("kafka")
    servers.start("kafka")
    rig.renew_producer()
    rig.write(incomes(rig, 20, 20))
    rig.until(lambda: len(rig.read(pension)) >= 40, 90)
    rig.kill(process)
    read = rig.read(pension)
    assert [each.number for each in read] == list(range(1, 41))
    assert sorted(amounts(read)) == list(range(40))


def test_two_relays_never_work_at_once(rig: Rig) -> None:
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    rig.write(incomes(rig, 0, 5))
    rig.settle()
    process = rig.start_process()
    log = rig.folder / "relay.log"
    rig.until(lambda: "another process runs the feeds" in log.read_text("utf-8"))
    rig.write(incomes(rig, 5, 5))
    rig.settle()
    rig.kill(process)
    assert [each.number for each in rig.read(pension)] == list(range(1, 11))


def test_other_rights_are_another_version_of_the_schema(rig: Rig) -> None:
    agency = rig.agency("agency")
    first = rig.grant(agency, "pension-law", "pension")
    kind = {"kind": "survivor_support"}
    rig.write([rig.event("hub.need_detected", "a", 1, **kind)])
    rig.settle()
    rig.revoke(first)
    rig.settle()
    rig.grant(agency, "social-registry", "social-support")
    reason = {"reason": {"condition": "c", "events": [f"{'0' * 8}-0000-8000-8000-{'1' * 12}"]}}
    rig.write([rig.event("hub.need_detected", "a", 2, needs=reason, **kind)])
    rig.settle()
    before, _, after = rig.read(agency)
    assert "amount_minor" not in before.value
    assert after.value["amount_minor"] == 100
    said = json.loads(after.value["needs"]["reason"])
    assert said["condition"] == "c"
    assert said["events"] != reason["reason"]["events"]
    old, new = (s for s in rig._schemas.values() if s["name"].endswith(".NeedDetected"))
    for writer, reader, value in ((old, new, before.value), (new, old, after.value)):
        assert crossed(writer, reader, value)["kind"] == "survivor_support"


def crossed(writer: object, reader: object, value: dict[str, object]) -> dict[str, object]:
    from io import BytesIO  # noqa: PLC0415

    out = BytesIO()
    fastavro.schemaless_writer(out, writer, value)
    out.seek(0)
    read = fastavro.schemaless_reader(out, writer, reader)
    assert isinstance(read, dict)
    return read


def test_the_checkpoint_is_found_before_what_was_aborted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked for near the end first; what was aborted may be longer than that."""
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    rig.write(incomes(rig, 0, 3))
    rig.settle()
    rig.write(incomes(rig, 3, 3))
    lost = patch.object(AIOKafkaProducer, "commit_transaction", side_effect=KafkaTimeoutError)
    with lost, pytest.raises(TransientError):
        rig.settle()
    rig.stop_relay()
    monkeypatch.setattr("connectors.kafka_outlet._NEAR_THE_END", 1)
    rig.settle()
    assert [each.number for each in rig.read(pension)] == list(range(1, 7))
