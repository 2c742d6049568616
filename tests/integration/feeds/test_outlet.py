"""The feeds' transactions by themselves: whole or not at all, in order, fenced, never for ever."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer, TopicPartition

from ops.run import feed_outlet
from ops.run.feed_outlet import FeedOutlet
from schemas.errors import PermanentError, TransientError
from streams.feeds.compose import Lines
from streams.feeds.cutting import Line
from streams.feeds.names import feed_topic
from streams.feeds.state import Feed, State

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig

TOO_LARGE = 1_500_000  # bytes; Kafka takes one million
COMMIT = AIOKafkaProducer.commit_transaction


@pytest.fixture
def outlet(rig: Rig) -> Iterator[FeedOutlet]:
    with closing(FeedOutlet(rig.settings.kafka("admin"), rig.ids)) as opened:
        yield opened


def lines(agency: str, *values: bytes) -> dict[str, Lines]:
    made = [Line(b"k" * 16, value, (("feed_number", b"1"),)) for value in values]
    return {feed_topic(agency): Lines(agency, 1, made)}


def after(state: State, number: int) -> State:
    """A state that says ``number``, so that it is seen which checkpoint counts."""
    return replace(state, steps=state.steps + 1, feeds={"somebody": Feed(number, {})})


def read(rig: Rig, *agencies: str) -> list[list[Any]]:
    """What a subscriber gets of each feed."""
    consumer = KafkaConsumer(**rig.settings.kafka("admin"), isolation_level="read_committed")
    found = []
    with closing(consumer):
        for agency in agencies:
            place = TopicPartition(feed_topic(agency), 0)
            consumer.assign([place])
            end, records = consumer.end_offsets([place])[place], list[Any]()
            consumer.seek_to_beginning(place)
            while consumer.position(place) < end:
                records += consumer.poll(200).get(place, [])
            found.append(records)
    return found


def test_what_needs_many_batches_comes_whole_and_in_order(rig: Rig, outlet: FeedOutlet) -> None:
    one, other = rig.agency("one"), rig.agency("other")
    values = [number.to_bytes(2, "big") + os.urandom(20_000) for number in range(70)]
    state = after(outlet.open(), 71)
    outlet.publish(lines(one, *values) | lines(other, b"alone"), state, 7)

    first, second = read(rig, one, other)
    assert [each.value for each in first] == values
    assert [each.value for each in second] == [b"alone"]
    assert (second[0].key, second[0].headers) == (b"k" * 16, [("feed_number", b"1")])
    assert outlet.open() == state


def test_if_kafka_refuses_one_batch_nothing_is_committed(rig: Rig, outlet: FeedOutlet) -> None:
    """The client would commit the rest of it."""
    whole, torn = rig.agency("whole"), rig.agency("torn")
    before = after(outlet.open(), 1)
    outlet.publish({}, before, 7)
    refused = lines(whole, b"fine") | lines(torn, b"fine", os.urandom(TOO_LARGE), b"fine")
    with pytest.raises(TransientError):
        outlet.publish(refused, after(before, 2), 8)

    assert outlet.open() == before
    assert read(rig, whole, torn) == [[], []]
    outlet.publish(lines(whole, b"fine"), after(before, 2), 9)
    assert len(read(rig, whole)[0]) == 1


def test_who_was_replaced_writes_no_more(rig: Rig, outlet: FeedOutlet) -> None:
    agency = rig.agency("agency")
    state = outlet.open()
    with closing(FeedOutlet(outlet.config, rig.ids)) as successor:
        successor.open()
        with pytest.raises(PermanentError, match="another process"):
            outlet.publish(lines(agency, b"late"), after(state, 2), 7)
        successor.publish(lines(agency, b"in time"), after(state, 3), 8)
        assert successor.open() == after(state, 3)
    assert [each.value for each in read(rig, agency)[0]] == [b"in time"]


def test_who_is_replaced_before_the_commit_leaves_nothing(rig: Rig, outlet: FeedOutlet) -> None:
    agency = rig.agency("agency")
    state = outlet.open()

    def take_over() -> None:
        with closing(FeedOutlet(outlet.config, rig.ids)) as successor:
            successor.open()

    async def replaced(self: AIOKafkaProducer) -> None:
        await asyncio.to_thread(take_over)
        await COMMIT(self)

    with (
        patch.object(AIOKafkaProducer, "commit_transaction", replaced),
        pytest.raises(PermanentError, match="another process"),
    ):
        outlet.publish(lines(agency, b"late"), after(state, 2), 7)
    assert outlet.open() == state
    assert read(rig, agency) == [[]]


def test_silence_is_not_waited_for_without_end(
    rig: Rig, outlet: FeedOutlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = rig.agency("agency")
    state = outlet.open()

    async def never(self: AIOKafkaProducer) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", never)
    monkeypatch.setattr(feed_outlet, "_TRANSACTION_SECONDS", 1.0)
    with pytest.raises(TransientError, match="TimeoutError"):
        outlet.publish(lines(agency, b"unheard"), after(state, 2), 7)
    monkeypatch.undo()
    assert outlet.open() == state
    outlet.publish(lines(agency, b"heard"), after(state, 2), 8)
    assert [each.value for each in read(rig, agency)[0]] == [b"heard"]
