"""A subscriber with kafka-python.

pip install "kafka-python>=3.0.11" crc32c fastavro
python subscriber_kafka_python.py subscriber.ini
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import AuthorizationError, KafkaTimeoutError, SaslAuthenticationFailedError
from subscriber_avro import decoder
from subscriber_store import Feed, Line, Store, follow, main


class RefusedError(Exception):
    """No connection came about."""


def consumer(feed: Feed) -> KafkaConsumer:
    """Return a consumer that has no group: the position is kept in the store, not in Kafka."""
    try:
        return KafkaConsumer(
            bootstrap_servers=feed.bootstrap,
            bootstrap_timeout_ms=10_000,
            security_protocol="SASL_SSL" if feed.ca_file else "SASL_PLAINTEXT",
            ssl_cafile=feed.ca_file,
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=feed.user,
            sasl_plain_password=feed.password,
            isolation_level="read_committed",  # leaves out what aborted transactions wrote
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # what is no longer kept shows as a gap in the numbers
        )
    except KafkaTimeoutError as error:  # all it says of a wrong password or certificate
        raise RefusedError(
            f"authentication failed, or nobody answers at {feed.bootstrap}: look at user, password"
            " file, certificate and address"
        ) from error


def read(client: KafkaConsumer, place: TopicPartition, end: int | None = None) -> Iterator[Line]:
    """Yield what the partition holds, up to offset ``end`` or for ever."""
    while end is None or client.position(place) < end:
        for records in client.poll(timeout_ms=500).values():
            for record in records:
                headers = dict(record.headers)
                number, kind = int(headers["feed_number"]), headers["ce_type"].decode()
                yield Line(number, kind, record.offset, record.value)


def resent(feed: Feed) -> Iterator[Line]:
    """Yield everything that was sent again."""
    client, place = consumer(feed), TopicPartition(feed.resend_topic, 0)
    try:
        client.assign([place])
        client.seek_to_beginning(place)
        yield from read(client, place, client.end_offsets([place])[place])
    finally:
        client.close()


def run(feed: Feed, store: Store) -> str | None:
    """Follow the feed from where the store says."""
    client, place = consumer(feed), TopicPartition(feed.topic, 0)
    try:
        client.assign([place])
        client.seek(place, store.position()[1])
        return follow(read(client, place), lambda: resent(feed), decoder(feed), store)
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main(run, (SaslAuthenticationFailedError, AuthorizationError, RefusedError)))
