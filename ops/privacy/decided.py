"""What operators ever decided to erase or to restrict, from ``hub.operator.events.v1`` itself.

The topic is kept for ever and is read whole: it holds an event for each decision of a person, a few
thousand a year. The tables say the same, but later, and not while they are rebuilt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ops.initialise import schema_ids
from ops.replay.topics import ends
from ops.settings import Settings
from projections.keystore import Erasure
from schemas import topics
from schemas.catalogue import EventType
from schemas.codec import Decoded, decode_chunk
from schemas.ids import from_days
from streams.erasures import DECIDED, ERASE, RESTRICT
from streams.refold import Range, pieces


@dataclass(slots=True)
class EverDecided:
    """Every decision that a key store has to know."""

    erasures: list[Erasure] = field(default_factory=list)
    # With each: by which law, and the last day.
    restrictions: list[tuple[Erasure, str, date | None]] = field(default_factory=list)


def ever_decided(settings: Settings) -> EverDecided:
    """Return every decision to erase or to restrict that was published.

    Raises:
        TransientError: Kafka or the schema registry does not answer.
    """
    types = schema_ids(settings).types(topics.OPERATOR)
    config = settings.kafka("reader")
    partitions = topics.partitions_of(topics.OPERATOR, settings.partitions)
    places = ends(config, [(topics.OPERATOR, number) for number in range(partitions)])
    found = EverDecided()
    for (topic, partition), end in places.items():
        wanted = Range(client_config=config, topic=topic, partition=partition, start=0, end=end)
        asyncio.run(_read(wanted, types, found))
    return found


async def _read(wanted: Range, types: Mapping[int, EventType], found: EverDecided) -> None:
    async for records, _ in pieces(wanted):
        for decoded in decode_chunk([record.value for record in records], types):
            # What is no event of ours was quarantined by the workers: it decides nothing.
            if isinstance(decoded, Decoded) and decoded.type.name == DECIDED:
                record = decoded.record
                meta, until = record["meta"], record["until"]
                one = Erasure(meta["id"], meta["subject"], record["sensitivity"])
                if record["decision"] == ERASE:
                    found.erasures.append(one)
                elif record["decision"] == RESTRICT:
                    last = None if until is None else from_days(until)
                    found.restrictions.append((one, record["basis"], last))
