"""Transactions to Kafka, with the checkpoint inside.

``open``: a producer with the connector's transactional id; ``init_transactions`` fences
predecessors and ends their open transaction; then the checkpoint partition is read at
``read_committed`` until the position reaches the *read_uncommitted* end offset. Only that end is
an end: the end offset of a read_committed consumer is the last stable one and may lie before a
committed checkpoint.

After any error in a transaction the producer is thrown away: whether the commit happened is not
known here, and the next ``open`` finds out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

from connectors.messages import Composed, Position
from connectors.source import Cursor
from schemas import topics
from schemas.codec import decode
from schemas.errors import PermanentError, TransientError
from schemas.registry import SchemaIds

_FENCED: Final = (ProducerFencedError, InvalidProducerEpochError)
_POLL_MILLISECONDS: Final = 500
_NEAR_THE_END: Final = 1000  # offsets; aborted checkpoints and markers are among them
_READ_ATTEMPTS: Final = 120  # of half a second each, before the checkpoint counts as unreadable


@dataclass(slots=True, kw_only=True)
class KafkaOutlet:
    """The outlet of one connector."""

    connector: str
    client_config: dict[str, Any] = field(repr=False)  # of Kafka; holds a password
    schema_ids: SchemaIds
    partitions: int
    transaction_timeout_seconds: int = 60
    _producer: Any = field(default=None)

    def open(self) -> Position | None:
        """See ``connectors.relay.Outlet``."""
        self._discard()
        try:
            self._producer = KafkaProducer(
                **self.client_config,
                client_id=f"hub-connector-{self.connector}",
                transactional_id=f"hub-connector-{self.connector}",
                transaction_timeout_ms=self.transaction_timeout_seconds * 1000,
                acks="all",
                compression_type="zstd" if _has_zstd() else "gzip",
                linger_ms=5,
                batch_size=262_144,
                max_request_size=4_000_000,
                max_block_ms=30_000,
            )
            self._producer.init_transactions()
            return self._read_checkpoint()
        except KafkaError as error:
            self._discard()
            raise TransientError(f"Kafka does not answer ({type(error).__name__})") from error

    def publish(self, composed: Composed) -> None:
        """See ``connectors.relay.Outlet``."""
        assert self._producer is not None, "open first"
        try:
            self._producer.begin_transaction()
            futures = [
                self._producer.send(
                    message.topic,
                    value=message.value,
                    key=message.key,
                    partition=message.partition,
                    headers=list(message.headers),
                )
                for message in composed.messages
            ]
            self._producer.flush()
            _raise_first_failure(futures)
            self._producer.commit_transaction()
        except KafkaError as error:
            self._discard()
            if _is_fenced(error):
                raise PermanentError(
                    f"another process runs connector {self.connector}: this one is fenced; "
                    "stop one of them (`hub status` shows both)"
                ) from error
            raise TransientError(
                f"a transaction of connector {self.connector} failed ({type(error).__name__})"
            ) from error

    def close(self) -> None:
        """See ``connectors.relay.Outlet``."""
        self._discard()

    def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError):  # its transaction is aborted by the next open
                producer.close(timeout=2)

    def _read_checkpoint(self) -> Position | None:
        found = read_checkpoint(self.client_config, self.connector, self.schema_ids)
        if found is not None and len(found.partition_sequences) != self.partitions:
            raise PermanentError(
                f"connector {self.connector} ran with {len(found.partition_sequences)} "
                f"partitions, not {self.partitions}; the partition count of a topic never changes"
            )
        return found


def read_checkpoint(
    client_config: dict[str, Any], connector: str, schema_ids: SchemaIds
) -> Position | None:
    """Return the committed position of ``connector``; None if it never committed one.

    Raises:
        TransientError: an open transaction hides what follows it.
        PermanentError: the partition holds another connector's checkpoint.
        KafkaError: Kafka does not answer.
    """
    place = TopicPartition(topics.CHECKPOINTS, topics.CHECKPOINT_PARTITION[connector])
    end = _end_offset(client_config, place)
    consumer = _consumer(client_config, "read_committed")
    try:
        consumer.assign([place])
        first = int(consumer.beginning_offsets([place])[place])
        # The last one is enough, and it stands near the end: what is not compacted yet is long.
        for start in sorted({max(first, end - _NEAR_THE_END), first}, reverse=True):
            found = _last_value(consumer, place, start, end)
            if found is not None:
                return position_of(found, connector, schema_ids)
    except _UnreadableError:
        raise TransientError(
            f"checkpoint of {connector} not readable up to offset {end}: an open transaction?"
        ) from None
    finally:
        consumer.close()
    return None


class _UnreadableError(Exception):
    """The end is not reached."""


def _last_value(consumer: Any, place: TopicPartition, start: int, end: int) -> bytes | None:
    """Return the last committed record from ``start`` on; None: there is none up to ``end``."""
    found: bytes | None = None
    consumer.seek(place, start)
    for _ in range(_READ_ATTEMPTS):
        if consumer.position(place) >= end:
            return found
        for records in consumer.poll(timeout_ms=_POLL_MILLISECONDS).values():
            found = records[-1].value
    raise _UnreadableError


def _end_offset(client_config: dict[str, Any], place: TopicPartition) -> int:
    consumer = _consumer(client_config, "read_uncommitted")
    try:
        return int(consumer.end_offsets([place])[place])
    finally:
        consumer.close()


def _consumer(client_config: dict[str, Any], isolation: str) -> Any:
    return KafkaConsumer(
        **client_config, isolation_level=isolation, enable_auto_commit=False, group_id=None
    )


def position_of(value: bytes, connector: str, schema_ids: SchemaIds) -> Position:
    """Return the position that a checkpoint record says."""
    record = decode(value, schema_ids.types(topics.CHECKPOINTS)).record
    if record["connector"] != connector:
        raise PermanentError(
            f"the checkpoint partition of {connector} holds one of {record['connector']}"
        )
    return Position(
        record["sequence"],
        tuple(record["partition_sequences"]),
        record["recorded_at"],
        Cursor(record["cursor"]),
    )


def _raise_first_failure(futures: Sequence[Any]) -> None:
    for future in futures:
        if future.failed():
            raise future.exception


def _is_fenced(error: KafkaError) -> bool:
    """Return whether that is why; a send after the sender has heard of it carries it inside."""
    return isinstance(error, _FENCED) or any(isinstance(each, _FENCED) for each in error.args)


def _has_zstd() -> bool:
    from kafka.codec import has_zstd  # noqa: PLC0415 - a question about the installation

    return bool(has_zstd())
