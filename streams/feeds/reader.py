"""Read the source topics: committed records only, from positions that the caller names.

Nothing here remembers how far anybody is: the positions come with every call, and consumer groups
are not used. A partition of which no more may be read yet is paused, not asked and thrown away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from schemas.errors import PermanentError, TransientError
from streams.chunk import KafkaRecord, Place

NO_END: Final = 2**62
_FETCH_WAIT_MILLISECONDS: Final = 100


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one read returned."""

    records: dict[Place, list[KafkaRecord]]
    at: dict[Place, int]  # by partition: the offset to read next

    @property
    def count(self) -> int:
        return sum(map(len, self.records.values()))


class SourceReader:
    """One reader of all source partitions.

    Args:
        client_config: for a client of kafka-python.
        topics: the source topics; each must exist.
    """

    def __init__(self, client_config: Mapping[str, Any], topics: Collection[str]) -> None:
        self._config = dict(client_config)
        self._topics = topics
        self._consumer: Any = None
        self.places: tuple[Place, ...] = ()

    def open(self) -> None:
        """Connect; idempotent.

        Raises:
            TransientError: Kafka does not answer.
            PermanentError: a topic does not exist.
        """
        if self._consumer is not None:
            return
        try:
            consumer = KafkaConsumer(
                **self._config,
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="none",
                group_id=None,
                fetch_max_wait_ms=_FETCH_WAIT_MILLISECONDS,
            )
            self._consumer = consumer
            places = []
            for topic in self._topics:
                partitions = consumer.partitions_for_topic(topic)
                if not partitions:
                    self.close()
                    raise PermanentError(f"no such topic: {topic}; run `hub init`")
                places += [Place(topic, number) for number in sorted(partitions)]
            self.places = tuple(places)
            parts = [TopicPartition(*place) for place in places]
            consumer.assign(parts)
            for part in parts:
                consumer.seek(part, 0)  # a place to stand; nothing is read before the next seek
        except KafkaError as error:
            self.close()
            raise _silent(error) from error
        self._at: dict[Place, int | None] = dict.fromkeys(self.places)

    def read(
        self, start: Mapping[Place, int], until: Mapping[Place, int], limit: int, wait_ms: int
    ) -> Fetched:
        """Return about ``limit`` records at most, and where they end.

        Args:
            start: by partition: the offset to read first.
            until: by partition: the first offset that may not be read; it is not stepped over.
            limit: records in all.
            wait_ms: how long to wait for the first of them.

        Raises:
            TransientError: Kafka does not answer; nothing was read.
            PermanentError: Kafka no longer has an offset: the topic is another.
        """
        self.open()
        at = dict(start)
        wanted = [place for place in self.places if at[place] < until[place]]
        if not wanted:
            return Fetched({}, at)
        try:
            self._aim(wanted, at)
            polled = self._consumer.poll(timeout_ms=wait_ms, max_records=limit)
            records = {}
            for tp, found in polled.items():
                place = Place(tp.topic, tp.partition)
                kept = [record for record in found if record.offset < until[place]]
                if len(kept) < len(found):
                    self._consumer.seek(tp, until[place])
                if kept:
                    records[place] = kept
            for place in wanted:
                position = self._consumer.position(TopicPartition(*place))
                at[place] = self._at[place] = max(at[place], min(position, until[place]))
                if position > until[place]:  # markers of transactions lie beyond
                    self._at[place] = None
        except OffsetOutOfRangeError as error:
            raise PermanentError(
                "Kafka no longer has an offset that the feeds must read: a source topic was "
                "truncated or made anew; it is meant to be kept for ever"
            ) from error
        except KafkaError as error:
            self.close()
            raise _silent(error) from error
        return Fetched(records, at)

    def at_time(self, moment: datetime) -> dict[Place, int]:
        """Return by partition the first offset that was written at ``moment`` or later.

        Raises:
            TransientError: Kafka does not answer.
        """
        self.open()
        parts = [TopicPartition(*place) for place in self.places]
        milliseconds = max(0, int(moment.timestamp() * 1000))
        try:
            found = self._consumer.offsets_for_times(dict.fromkeys(parts, milliseconds))
            ends = self._consumer.end_offsets(parts)
        except KafkaError as error:
            self.close()
            raise _silent(error) from error
        return {Place(*tp): ends[tp] if found.get(tp) is None else found[tp].offset for tp in parts}

    def close(self) -> None:
        """Let go of the connection; the next call opens it again."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False)

    def _aim(self, wanted: Collection[Place], at: Mapping[Place, int]) -> None:
        """Have the next poll return what lies at ``at`` of the wanted partitions, only."""
        paused = {TopicPartition(*place) for place in self.places if place not in wanted}
        self._consumer.pause(*paused)
        self._consumer.resume(*(TopicPartition(*place) for place in wanted))
        for place in wanted:
            if self._at[place] != at[place]:
                self._consumer.seek(TopicPartition(*place), at[place])
                self._at[place] = at[place]


def _silent(error: KafkaError) -> TransientError:
    return TransientError(f"Kafka does not answer ({type(error).__name__}); see `hub status`")
