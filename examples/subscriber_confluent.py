"""A subscriber with confluent-kafka and its Avro deserialiser.

pip install "confluent-kafka[avro,schemaregistry]"
python subscriber_confluent.py subscriber.ini
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from httpx import TransportError  # what the client of the schema registry speaks through
from subscriber_store import Feed, Line, SchemasError, Store, follow, main

REFUSALS = (
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,  # a certificate that the CA file does not vouch for
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
)


class RefusedError(Exception):
    """The broker does not let us in."""


class Reader:
    """Reads one partition. It commits nothing: the position is kept in the store, not in Kafka."""

    def __init__(self, feed: Feed, topic: str, offset: int) -> None:
        self.refusal: KafkaError | None = None
        settings = {
            "bootstrap.servers": feed.bootstrap,
            "security.protocol": "SASL_SSL" if feed.ca_file else "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": feed.user,
            "sasl.password": feed.password,
            "group.id": f"{feed.agency}.example",  # must be named; nothing is committed under it
            "enable.auto.commit": False,
            "isolation.level": "read_committed",  # leaves out what aborted transactions wrote
            "auto.offset.reset": "earliest",  # what is no longer kept shows as a gap in the numbers
            "enable.partition.eof": True,
            "error_cb": self._failed,
        }
        if feed.ca_file:
            settings["ssl.ca.location"] = feed.ca_file
        self._client = Consumer(settings, logger=logging.getLogger("confluent"))
        self._client.assign([TopicPartition(topic, 0, offset)])

    def _failed(self, error: KafkaError) -> None:
        if error.code() in REFUSALS:  # the library itself would go on trying for ever
            self.refusal = error

    def lines(self, *, to_the_end: bool) -> Iterator[Line]:
        """Yield records: up to the end that is there now, or for ever."""
        while True:
            record = self._client.poll(0.5)
            if self.refusal is not None:
                raise RefusedError(self.refusal.str())
            if record is None:
                continue
            error = record.error()
            if error is None:
                headers = dict(record.headers())
                number, kind = int(headers["feed_number"]), headers["ce_type"].decode()
                yield Line(number, kind, record.offset(), record.value())
            elif error.code() in REFUSALS:
                raise RefusedError(error.str())
            elif error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            elif to_the_end:
                return

    def close(self) -> None:
        self._client.close()


def resent(feed: Feed) -> Iterator[Line]:
    """Yield everything that was sent again."""
    reader = Reader(feed, feed.resend_topic, OFFSET_BEGINNING)
    try:
        yield from reader.lines(to_the_end=True)
    finally:
        reader.close()


def decoder(feed: Feed) -> Callable[[bytes], dict[str, Any]]:
    """Return what decodes values; each schema is asked for once."""
    registry = SchemaRegistryClient(
        {"url": feed.schemas_url, "basic.auth.user.info": f"{feed.user}:{feed.password}"}
    )
    deserialise = AvroDeserializer(registry)
    place = SerializationContext(feed.topic, MessageField.VALUE)

    def decode(value: bytes) -> dict[str, Any]:
        try:
            record: dict[str, Any] = deserialise(value, place)
        except (SchemaRegistryError, TransportError) as error:
            raise SchemasError(f"{feed.schemas_url}: {error}") from error
        return record

    return decode


def run(feed: Feed, store: Store) -> str | None:
    """Follow the feed from where the store says."""
    reader = Reader(feed, feed.topic, store.position()[1])
    try:
        return follow(reader.lines(to_the_end=False), lambda: resent(feed), decoder(feed), store)
    finally:
        reader.close()


if __name__ == "__main__":
    sys.exit(main(run, (RefusedError,)))
