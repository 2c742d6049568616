"""The outlet on a real Kafka: fenced, settled, and never a checkpoint without its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from connectors.kafka_outlet import KafkaOutlet
from connectors.relay import Relay
from ops.settings import Settings
from schemas import topics
from schemas.codec import decode
from schemas.errors import PermanentError
from tests.unit.connectors.fakes import (
    ListSource,
    composer,
    income,
    schema_ids,
    translate,
)


@pytest.fixture
def own_topics(
    stack: Settings, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The three topics of a connector, this test's own; returns the name of the events' topic."""
    monkeypatch.setattr(topics, "CHECKPOINTS", unique_name("checkpoints"))
    monkeypatch.setattr(topics, "QUARANTINE", unique_name("quarantine"))
    monkeypatch.setitem(topics.EVENTS, "tax", unique_name("tax"))
    names = {topics.CHECKPOINTS: 4, topics.QUARANTINE: 1, topics.EVENTS["tax"]: 3}
    admin = KafkaAdminClient(**stack.kafka("admin"))
    admin.create_topics([NewTopic(n, p, 1) for n, p in names.items()], wait_for_metadata=True)
    yield topics.EVENTS["tax"]
    admin.delete_topics(list(names))
    admin.close()


def outlet(stack: Settings) -> KafkaOutlet:
    return KafkaOutlet(
        connector="tax",
        client_config=stack.kafka("admin"),
        schema_ids=schema_ids(),
        partitions=3,
        transaction_timeout_seconds=10,
    )


def relay(stack: Settings, topic: str, source: ListSource) -> Relay:
    return Relay(
        composer=replace(composer(), topic=topic, schema_ids=schema_ids()),
        source=source,
        translate=translate,
        outlet=outlet(stack),
        now=lambda: 1_800_000_000_000_000,
    )


def committed(stack: Settings, topic: str) -> list[Any]:
    consumer = KafkaConsumer(
        **stack.kafka("admin"),
        isolation_level="read_committed",
        group_id=None,
        enable_auto_commit=False,
    )
    places = [TopicPartition(topic, p) for p in range(3)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    found: list[Any] = []
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=200).values():
            found += records
    consumer.close()
    return found


def incomes(stack: Settings, topic: str) -> list[int]:
    types = schema_ids().types(topic)
    return sorted(decode(r.value, types).record["gross_minor"] for r in committed(stack, topic))


def drain(running: Relay) -> None:
    while running.relay_page() is not None:
        pass


def test_a_connector_that_never_ran_has_no_position(stack: Settings, own_topics: str) -> None:
    first = outlet(stack)
    assert first.open() is None
    first.close()


def test_a_second_process_goes_on_where_the_first_committed(
    stack: Settings, own_topics: str
) -> None:
    feed = [income(n) for n in range(1, 31)]
    first = relay(stack, own_topics, ListSource(feed, page_size=10))
    first.relay_page()
    first.relay_page()
    first.outlet.close()

    second = relay(stack, own_topics, ListSource(feed, page_size=10))
    drain(second)
    second.outlet.close()

    assert incomes(stack, own_topics) == list(range(1, 31))
    assert second._position is not None
    assert second._position.sequence == 30
    third = outlet(stack)
    assert third.open() == second._position
    third.close()


def test_what_a_dead_process_left_open_is_aborted_and_read_again(
    stack: Settings, own_topics: str
) -> None:
    feed = [income(n) for n in range(1, 11)]
    dead = relay(stack, own_topics, ListSource(feed, page_size=5))
    dead.relay_page()
    producer: KafkaProducer = dead.outlet._producer  # type: ignore[attr-defined]
    producer.begin_transaction()
    producer.send(own_topics, value=b"never committed", key=b"k" * 16, partition=0)
    producer.flush()  # it is in the log, inside an open transaction; nobody ends it

    successor = relay(stack, own_topics, ListSource(feed, page_size=5))
    drain(successor)
    successor.outlet.close()

    assert incomes(stack, own_topics) == list(range(1, 11))


def test_a_zombie_is_fenced_and_told_so(stack: Settings, own_topics: str) -> None:
    feed = [income(n) for n in range(1, 11)]
    zombie = relay(stack, own_topics, ListSource(feed, page_size=2))
    zombie.relay_page()
    successor = relay(stack, own_topics, ListSource(feed, page_size=2))
    successor.relay_page()

    with pytest.raises(PermanentError, match="another process runs connector tax"):
        zombie.relay_page()

    drain(successor)
    successor.outlet.close()
    assert incomes(stack, own_topics) == list(range(1, 11))


def test_another_partition_count_is_refused(stack: Settings, own_topics: str) -> None:
    first = relay(stack, own_topics, ListSource([income(1)]))
    drain(first)
    first.outlet.close()
    other = outlet(stack)
    other.partitions = 5

    with pytest.raises(PermanentError, match="never changes"):
        other.open()
    other.close()
