"""Ids, digests and partitions, computed from docs/contract.md once more. Pure."""

from __future__ import annotations

import hmac
from datetime import date, timedelta
from functools import lru_cache

import orjson

ZERO_ID = "00000000-0000-0000-0000-000000000000"
EPOCH = date(1970, 1, 1)
MICROS_A_DAY = 86_400_000_000

_MASK = 0xFFFFFFFF
_MURMUR = 0x5BD1E995
_SEED = 0x9747B28C


def text(raw: bytes) -> str:
    """Return 16 bytes as an id is written.

    >>> text(bytes(16)) == ZERO_ID
    True
    """
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def raw(id_: str) -> bytes:
    """Return the 16 bytes of an id."""
    return bytes.fromhex(id_.replace("-", ""))


def as_version_8(sixteen: bytes) -> str:
    """Return 16 bytes as a UUID of version 8 (RFC 9562, 5.8)."""
    octets = bytearray(sixteen)
    octets[6] = 0x80 | (octets[6] & 0x0F)
    octets[8] = 0x80 | (octets[8] & 0x3F)
    return text(bytes(octets))


def keyed(key: bytes, *parts: str) -> str:
    """Return the id over ``parts``, which stand one zero byte apart."""
    return as_version_8(hmac.digest(key, "\0".join(parts).encode(), "sha256")[:16])


def event_id(event_key: bytes, registry: str, source_key: str) -> str:
    """Return the id of the event stated at ``source_key``."""
    return keyed(event_key, registry, source_key)


def record_id(event_key: bytes, registry: str, record_key: str) -> str:
    """Return the id of a registry's record."""
    return keyed(event_key, "record", registry, record_key)


def entry_id(event_key: bytes, registry: str, source_key: str) -> str:
    """Return the id of the quarantine entry for the record at ``source_key``."""
    return keyed(event_key, "quarantine", registry, source_key)


def person_id(person_key: bytes, pinfl: str) -> str:
    """Return the id of the person with this national number."""
    return keyed(person_key, "uz.pinfl", "".join(pinfl.split()))


def digest(digest_key: bytes, type_: str, subject: str, change: str, content: object) -> str:
    """Return the keyed digest of an event's opened content, as hex."""
    stated = {"type": type_, "subject": subject, "change": change, "content": content}
    canonical = orjson.dumps(stated, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(digest_key, canonical, "sha256")[:16].hex()


@lru_cache(maxsize=1 << 16)
def iso(days: int) -> str:
    """Return an Avro date, days since 1970, as ISO text."""
    return (EPOCH + timedelta(days=days)).isoformat()


@lru_cache(maxsize=1 << 18)
def partition_of(key: bytes, partitions: int) -> int:
    """Return where Kafka's default partitioner puts ``key``."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the 32-bit MurmurHash2 with Kafka's seed.

    Source:
        Apache Kafka, org.apache.kafka.common.utils.Utils.murmur2.
    """
    whole = len(data) & ~3
    state = _SEED ^ len(data)
    for at in range(0, whole, 4):
        block = (int.from_bytes(data[at : at + 4], "little") * _MURMUR) & _MASK
        block = ((block ^ (block >> 24)) * _MURMUR) & _MASK
        state = ((state * _MURMUR) & _MASK) ^ block
    tail = data[whole:]
    if tail:
        state = ((state ^ int.from_bytes(tail, "little")) * _MURMUR) & _MASK
    state = ((state ^ (state >> 13)) * _MURMUR) & _MASK
    return state ^ (state >> 15)
