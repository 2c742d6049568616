"""What travels through Faust: a chunk, and the claim under which it was read. Pure.

A *claim* is this worker's right to one partition: the epoch that PostgreSQL gave it and the
position from which to read. A *chunk* is all records that one fetch returned for one partition,
with the reader's position before and after it. Positions, unlike offsets, have no gaps: markers of
transactions and aborted records lie between a chunk's records, never between two chunks. So
chunks of one claim join without a gap, and a lost or repeated one shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from schemas.catalogue import EventType

# Per partition: what may wait in memory between Kafka and a commit. A fetch is let through while
# less than this waits, so at most this and one fetch more.
PARTITION_BYTES: Final = 2_000_000
TOTAL_BYTES: Final = 24_000_000
MAX_RECORDS: Final = 4000  # in one transaction; more is no faster a record
RECORD_OVERHEAD_BYTES: Final = 600  # of the Python objects of one record, measured


class Place(NamedTuple):
    """One partition."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a topic before it is read."""

    registry: str
    cluster_id: str
    topic_id: str
    types: Mapping[int, EventType]  # by schema id


class KafkaRecord(Protocol):
    """What we read of a record."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Claim:
    """The right to one partition, until its epoch is lost or Kafka assigns anew."""

    __slots__ = ("epoch", "fetched", "next", "place", "released")

    def __init__(self, place: Place, epoch: int, next_position: int) -> None:
        self.place = place
        self.epoch = epoch
        self.next = next_position  # where the reader stands; only the reader's thread writes it
        self.fetched = 0  # bytes; only the reader's thread writes it
        self.released = 0  # bytes; only the loop of the lanes writes it

    @property
    def waiting(self) -> int:
        """Bytes between Kafka and a commit."""
        return self.fetched - self.released


class Chunk:
    """All records that one fetch returned for one partition."""

    __slots__ = ("claim", "next", "records", "size", "start")

    def __init__(
        self, claim: Claim, records: Sequence[KafkaRecord], start: int, next_: int, size: int
    ) -> None:
        self.claim = claim
        self.records = records
        self.start = start  # the reader's position before
        self.next = next_  # and after: beyond markers that follow the last record
        self.size = size  # bytes in memory, about


def size_of(records: Sequence[KafkaRecord]) -> int:
    """Return about how many bytes the records take in memory."""
    return sum(
        RECORD_OVERHEAD_BYTES + len(record.value or b"") + len(record.key or b"")
        for record in records
    )


def join(first: Chunk, second: Chunk) -> Chunk:
    """Return two neighbouring chunks of one claim as one."""
    assert (first.claim, first.next) == (second.claim, second.start)
    records = [*first.records, *second.records]
    return Chunk(first.claim, records, first.start, second.next, first.size + second.size)


def readable(claims: Sequence[Claim]) -> set[Place]:
    """Return the partitions from which more may be fetched now.

    One fetch more is let through for each, so memory is bounded by
    ``TOTAL_BYTES`` and one fetch for each partition that stands below its own bound.
    """
    total = sum(claim.waiting for claim in claims)
    if total >= TOTAL_BYTES:
        return set()
    return {claim.place for claim in claims if claim.waiting < PARTITION_BYTES}
