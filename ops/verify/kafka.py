"""Read topics from their first record to the end, at ``read_committed``. Thin shell."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from kafka import KafkaConsumer, TopicPartition

from ops.verify.decode import Decoder
from ops.verify.seals import Keys
from ops.verify.values import Broken, Entry, Event, Place, Topics
from schemas.errors import TransientError
from schemas.topics import CONSUMED, NEEDS, QUARANTINE

_SILENT_SECONDS = 30.0  # no record and no progress for so long: the broker does not answer
_POLL_MS = 500
_ALL = (*CONSUMED.values(), NEEDS, QUARANTINE)


def read_topics(client_config: Mapping[str, Any], registry_url: str, keys: Keys) -> Topics:
    """Return all that the topics of registries, operators, needs and quarantine hold.

    Raises:
        TransientError: Kafka or the schema registry does not answer.
    """
    found = Topics()
    with httpx.Client(base_url=registry_url, timeout=30) as client:
        decoder = Decoder(lambda number: _schema_text(client, number), keys)
        for record in _records(client_config, _ALL, found):
            place = Place(record.topic, record.partition, record.offset)
            whole = place.topic, place.partition
            found.records[whole] = found.records.get(whole, 0) + 1
            if place.topic == QUARANTINE:
                _keep(found, decoder.entry(place, record.value))
            else:
                _keep(found, decoder.event(place, record.key, record.value, record.headers))
    return found


def _keep(found: Topics, item: Event | Entry | Broken) -> None:
    match item:
        case Broken():
            found.broken.append(item)
        case Entry():
            found.entries.append(item)
        case Event():
            (found.needs if item.place.topic == NEEDS else found.events).append(item)


def end_offsets(client_config: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    """Return where each partition ends for a ``read_committed`` reader."""
    consumer = _consumer(client_config)
    try:
        places = _partitions(consumer, _ALL)
        ends = consumer.end_offsets(places) if places else {}
        return {(place.topic, place.partition): end for place, end in ends.items()}
    finally:
        consumer.close()


def _consumer(client_config: Mapping[str, Any]) -> KafkaConsumer:
    return KafkaConsumer(
        **client_config,
        client_id="hub-verify",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_records=20_000,
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=100,
        metrics_enabled=False,
        allow_auto_create_topics=False,
    )


def _partitions(consumer: KafkaConsumer, topics: tuple[str, ...]) -> list[TopicPartition]:
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]


def _records(
    client_config: Mapping[str, Any], topics: tuple[str, ...], found: Topics
) -> Iterator[Any]:
    consumer = _consumer(client_config)
    try:
        places = _partitions(consumer, topics)
        for place in places:
            found.partitions[place.topic] = found.partitions.get(place.topic, 0) + 1
        if not places:
            return
        ends = consumer.end_offsets(places)
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        # A position passes transaction markers by itself, so it reaches the end in any case.
        behind = {place for place in places if consumer.position(place) < ends[place]}
        heard = time.monotonic()
        while behind:
            batch = consumer.poll(timeout_ms=_POLL_MS)
            for place, records in batch.items():
                yield from (record for record in records if record.offset < ends[place])
            done = {place for place in behind if consumer.position(place) >= ends[place]}
            if done:
                consumer.pause(*done)
                behind -= done
            if batch or done:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENT_SECONDS:
                stuck = min(behind)
                raise TransientError(
                    f"Kafka gives nothing more of {stuck.topic}/{stuck.partition} "
                    f"before its end {ends[stuck]}"
                )
    finally:
        consumer.close()


def _schema_text(client: httpx.Client, number: int) -> str | None:
    try:
        answer = client.get(f"/schemas/ids/{number}")
    except httpx.TransportError as error:
        raise TransientError("the schema registry does not answer; see `hub status`") from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if answer.is_error:
        raise TransientError(f"the schema registry answered {answer.status_code}; see its log")
    return str(answer.json()["schema"])
