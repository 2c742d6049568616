"""Which partitions a replay reads, and up to where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ops.replay.tasks import Wiring
from ops.settings import Settings
from projections.replay_session import Connection
from projections.replay_swap import Place
from schemas import topics
from schemas.errors import PermanentError, TransientError
from schemas.registry import SchemaIds
from streams.chunk import Source
from streams.topics import Identity, identities

_STORED: Final = "SELECT DISTINCT topic, cluster_id, topic_id FROM live.progress"


def wiring(settings: Settings, ids: SchemaIds, schema: str) -> Wiring:
    """Return what the processes need to know.

    Raises:
        TransientError: Kafka does not answer.
        PermanentError: a topic does not exist.
    """
    known = identities(settings.kafka("reader"), topics.CONSUMED.values())
    return Wiring(
        settings=settings,
        schema=schema,
        sources={
            topic: Source(
                registry=registry,
                cluster_id=known[topic].cluster_id,
                topic_id=known[topic].topic_id,
                types=ids.types(topic),
            )
            for registry, topic in topics.CONSUMED.items()
        },
        said=ids.types(topics.NEEDS),
    )


def check_identities(connection: Connection, sources: Mapping[str, Source]) -> None:
    """Refuse topics that are not those which ``live`` was made from.

    Raises:
        PermanentError: offsets mean something else there.
    """
    for topic, cluster_id, topic_id in connection.execute(_STORED).fetchall():
        known = sources.get(topic)
        found = None if known is None else Identity(known.cluster_id, known.topic_id, 0)
        if found is None or (found.cluster_id, found.topic_id) != (cluster_id, topic_id):
            raise PermanentError(
                f"live was made from another {topic} than this Kafka has; nothing can be compared"
            )


def ends(client_config: Mapping[str, Any], places: Iterable[Place]) -> dict[Place, int]:
    """Return the last stable offset of each partition.

    Raises:
        TransientError: Kafka does not answer.
    """
    try:
        consumer = KafkaConsumer(
            **client_config,
            isolation_level="read_committed",
            enable_auto_commit=False,
        )
        try:
            found = consumer.end_offsets([TopicPartition(*place) for place in places])
        finally:
            consumer.close(autocommit=False)
    except KafkaError as error:
        raise TransientError("Kafka does not answer; see `hub status`") from error
    return {(place.topic, place.partition): int(end) for place, end in found.items()}


def needs_places(settings: Settings) -> list[Place]:
    """Return the partitions of the needs' topic."""
    count = topics.partitions_of(topics.NEEDS, settings.partitions)
    return [(topics.NEEDS, number) for number in range(count)]
