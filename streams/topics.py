"""What Kafka says of our topics: identities to check, and whether anything is left to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.errors import PermanentError, TransientError
from streams.chunk import Place

GROUP: Final = "hub-worker"  # of the workers


@dataclass(frozen=True, slots=True)
class Identity:
    """A topic that was deleted and made again has another id, and other offsets."""

    cluster_id: str
    topic_id: str
    partitions: int


def identities(client_config: Mapping[str, Any], topics: Iterable[str]) -> dict[str, Identity]:
    """Return the identity of each topic.

    Raises:
        TransientError: Kafka does not answer.
        PermanentError: a topic does not exist.
    """
    wanted = sorted(topics)
    try:
        admin = KafkaAdminClient(**client_config)
        try:
            cluster_id = str(admin.describe_cluster()["cluster_id"])
            existing = set(admin.list_topics())
            if missing := [name for name in wanted if name not in existing]:
                raise PermanentError(f"no such topic: {', '.join(missing)}; run `hub init`")
            rows = admin.describe_topics(wanted)
        finally:
            admin.close()
    except KafkaError as error:
        raise TransientError("Kafka does not answer; see `hub status`") from error
    return {
        row["name"]: Identity(cluster_id, str(row["topic_id"]), len(row["partitions"]))
        for row in rows
    }


def unread(client_config: Mapping[str, Any], positions: Mapping[Place, int]) -> set[Place]:
    """Return the partitions in which a committed record is left at or after its position.

    Not the same as "position below the end offset": markers of transactions and aborted records
    follow the last committed record. Reads at most one record of each partition.

    Args:
        client_config: where Kafka is, and who asks.
        positions: the offset to read next, by partition: ``live.progress.next``.
    """
    try:
        consumer = KafkaConsumer(
            **client_config,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_poll_records=1,
            fetch_max_wait_ms=100,
        )
        try:
            return _unread(consumer, positions)
        finally:
            consumer.close(autocommit=False)
    except KafkaError as error:
        raise TransientError("Kafka does not answer; see `hub status`") from error


def _unread(consumer: KafkaConsumer, positions: Mapping[Place, int]) -> set[Place]:
    left: set[Place] = set()
    open_ = {TopicPartition(*place): offset for place, offset in positions.items()}
    ends = consumer.end_offsets(list(open_)) if open_ else {}  # the last stable ones
    while open_ := {tp: offset for tp, offset in open_.items() if offset < ends[tp]}:
        consumer.assign(list(open_))
        for tp, offset in open_.items():
            consumer.seek(tp, offset)
        for tp, records in consumer.poll(timeout_ms=200).items():
            if records:
                left.add(Place(tp.topic, tp.partition))
                del open_[tp]
        open_ = {tp: consumer.position(tp) for tp in open_}
    return left
