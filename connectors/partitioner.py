"""Kafka's default partitioner (murmur2), known before the event is made. Pure.

The partition sequence is part of the event, hence the connector must know the partition first.
"""

from __future__ import annotations

from kafka.partitioner.default import murmur2


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of ``key``, the same as any Kafka client's default.

    >>> partition_of(b"21", 1000)
    506
    """
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
