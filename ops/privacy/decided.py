"""What operators ever decided to erase, from ``hub.operator.events.v1`` itself.

The topic is kept for ever and is read whole: it holds an event for each decision of a person, a few
thousand a year. The tables say the same, but later, and not while they are rebuilt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ops.initialise import schema_ids
from ops.replay.topics import ends
from ops.settings import Settings
from projections.keystore import Erasure
from schemas import topics
from schemas.catalogue import EventType
from schemas.codec import Decoded, decode_chunk
from streams.erasures import DECIDED, ERASE
from streams.refold import Range, pieces


def decided_erasures(settings: Settings) -> list[Erasure]:
    """Return every decision to erase that was published.

    Raises:
        TransientError: Kafka or the schema registry does not answer.
    """
    types = schema_ids(settings).types(topics.OPERATOR)
    config = settings.kafka("reader")
    partitions = topics.partitions_of(topics.OPERATOR, settings.partitions)
    places = ends(config, [(topics.OPERATOR, number) for number in range(partitions)])
    return [
        erasure
        for (topic, partition), end in places.items()
        for erasure in asyncio.run(
            _read(
                Range(client_config=config, topic=topic, partition=partition, start=0, end=end),
                types,
            )
        )
    ]


async def _read(wanted: Range, types: Mapping[int, EventType]) -> list[Erasure]:
    found = []
    async for records, _ in pieces(wanted):
        for decoded in decode_chunk([record.value for record in records], types):
            # What is no event of ours was quarantined by the workers: it decides nothing.
            if isinstance(decoded, Decoded) and decoded.type.name == DECIDED:
                record = decoded.record
                if record["decision"] == ERASE:
                    meta = record["meta"]
                    found.append(Erasure(meta["id"], meta["subject"], record["sensitivity"]))
    return found
