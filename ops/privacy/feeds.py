"""To which agencies' feeds something of a person went, as far as the feeds still hold it.

A feed's key is the agency's own pseudonym of the subject, so each feed is looked through for its
own. A feed keeps some days; what it held before is told by its leaves, which the export has too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import closing
from typing import Any, Final
from uuid import UUID

import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ops.settings import Settings
from schemas.errors import TransientError
from streams.feeds.names import feed_topic, resend_topic
from streams.feeds.pseudonyms import Pseudonyms
from streams.refold import Range, pieces

_AGENCIES: Final = "SELECT agency FROM kept.agencies ORDER BY agency"


def records_in_feeds(settings: Settings, ids: Collection[UUID]) -> list[dict[str, Any]]:
    """Return the place of every record about the person that a feed holds now.

    Raises:
        TransientError: Kafka or the database does not answer.
    """
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        agencies = [row[0] for row in connection.execute(_AGENCIES).fetchall()]
    found: list[dict[str, Any]] = []
    for agency in agencies:
        pseudonyms = Pseudonyms(settings.secrets.pseudonym_key, agency)
        keys = {bytes(pseudonyms.of(one.bytes)) for one in ids}
        for topic in (feed_topic(agency), resend_topic(agency)):
            for wanted in _ranges(settings, topic):
                offsets = asyncio.run(_about(wanted, keys))
                found += [{"agency": agency, "topic": topic, "offset": each} for each in offsets]
    return found


def _ranges(settings: Settings, topic: str) -> list[Range]:
    config = settings.kafka("reader")
    try:
        consumer = KafkaConsumer(
            **config, isolation_level="read_committed", enable_auto_commit=False
        )
        try:
            numbers = consumer.partitions_for_topic(topic) or ()
            places = [TopicPartition(topic, number) for number in numbers]
            starts = consumer.beginning_offsets(places) if places else {}
            ends = consumer.end_offsets(places) if places else {}
        finally:
            consumer.close(autocommit=False)
    except KafkaError as error:
        raise TransientError("Kafka does not answer; see `hub status`") from error
    return [
        Range(
            client_config=config,
            topic=topic,
            partition=place.partition,
            start=int(starts[place]),
            end=int(ends[place]),
        )
        for place in places
    ]


async def _about(wanted: Range, keys: Collection[bytes]) -> list[int]:
    return [
        record.offset
        async for records, _ in pieces(wanted)
        for record in records
        if record.key in keys
    ]
