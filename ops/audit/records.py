"""Read the records of one chunk again, as the worker read them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from projections import merkle
from schemas.errors import HubError, TransientError

_SILENT_SECONDS: Final = 30.0
_POLL_MILLISECONDS: Final = 500


def records_of(client_config: Mapping[str, Any], chunk: Mapping[str, Any]) -> dict[int, bytes]:
    """Return the values of a chunk's records by offset, which give the root on record.

    Args:
        client_config: of a principal that may read the topic.
        chunk: the leaf's body.

    Raises:
        TransientError: Kafka does not answer.
        HubError: the topic holds other records than those on record.
    """
    place = TopicPartition(chunk["topic"], chunk["partition"])
    first, last = chunk["first_offset"], chunk["last_offset"]
    try:
        found = _read(client_config, place, first, last)
    except KafkaError as error:
        raise TransientError(f"Kafka does not answer ({type(error).__name__})") from error
    root = merkle.root(merkle.entry(*record) for record in found.items()).hex()
    if len(found) != chunk["records"] or root != chunk["root"]:
        raise HubError(
            f"{place.topic}/{place.partition} holds other records from {first} to {last} than the "
            f"{chunk['records']} on record: the topic was changed, or its records have expired"
        )
    return found


def _read(
    client_config: Mapping[str, Any], place: TopicPartition, first: int, last: int
) -> dict[int, bytes]:
    consumer = KafkaConsumer(
        **client_config,
        client_id="hub-audit",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        metrics_enabled=False,
        allow_auto_create_topics=False,
    )
    try:
        consumer.assign([place])
        if consumer.end_offsets([place])[place] <= last:
            return {}
        consumer.seek(place, max(first, consumer.beginning_offsets([place])[place]))
        found: dict[int, bytes] = {}
        heard = time.monotonic()
        while consumer.position(place) <= last:
            batch = consumer.poll(timeout_ms=_POLL_MILLISECONDS).get(place, [])
            found.update((one.offset, one.value or b"") for one in batch if one.offset <= last)
            if batch:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENT_SECONDS:
                raise TransientError(f"Kafka gives nothing more of {place.topic}/{place.partition}")
        return found
    finally:
        consumer.close()
