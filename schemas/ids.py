"""Ids and digests: derived, keyed, so that a repeat collides and nobody can search them. Pure.

``docs/contract.md`` is the specification; a second implementation is made from it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NewType
from uuid import UUID

import orjson

Id = NewType("Id", bytes)  # 16 bytes, a UUID version 8
PersonId = NewType("PersonId", bytes)  # an Id

ZERO: Final = PersonId(bytes(16))  # the subject of an event about no person


def uuid8(digest: bytes) -> Id:
    """Return the first 16 bytes of ``digest`` as a UUID version 8 (RFC 9562, 5.8)."""
    raw = bytearray(digest[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return Id(bytes(raw))


def text(identifier: bytes) -> str:
    """Return the text form of an id.

    >>> text(ZERO)
    '00000000-0000-0000-0000-000000000000'
    """
    digits = identifier.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def parse(identifier: str) -> Id:
    """Return the id whose text form this is.

    Raises:
        ValueError: not a UUID.
    """
    return Id(UUID(identifier).bytes)


def canonical_json(value: object) -> bytes:
    """Return the one JSON text of ``value``: sorted keys, no spaces, UTF-8 unescaped."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets that ids are derived under; 32 bytes each, never logged."""

    person: bytes
    event: bytes
    digest: bytes

    def __repr__(self) -> str:
        return "Keys(***)"

    def pseudonym(self, scheme: str, value: str) -> PersonId:
        """Return the id of ``value`` in ``scheme``; schemes are listed in docs/contract.md."""
        return PersonId(_derive(self.person, scheme, value))

    def event_id(self, registry: str, source_key: str) -> Id:
        return _derive(self.event, registry, source_key)

    def record_id(self, registry: str, record_key: str) -> Id:
        return _derive(self.event, "record", registry, record_key)

    def quarantine_id(self, registry: str, source_key: str) -> Id:
        return _derive(self.event, "quarantine", registry, source_key)

    def content_digest(
        self, event_type: str, subject: bytes, change: str, content: Mapping[str, object]
    ) -> bytes:
        """Return the 16-byte keyed digest by which repeats are compared.

        Args:
            event_type: the event's type.
            subject: the person id.
            change: the kind of change.
            content: every field but ``meta``, as JSON values; sealed blocks in clear.
        """
        body = canonical_json(
            {"type": event_type, "subject": text(subject), "change": change, "content": content}
        )
        return hmac.digest(self.digest, body, hashlib.sha256)[:16]


def _derive(key: bytes, *parts: str) -> Id:
    return uuid8(hmac.digest(key, "\0".join(parts).encode(), hashlib.sha256))


EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
MICROSECONDS_A_DAY: Final = 86_400_000_000


def days(on: date) -> int:
    """Return days since 1970-01-01, Avro's ``date``."""
    return on.toordinal() - EPOCH_ORDINAL


def from_days(number: int) -> date:
    """Return the date that is ``number`` days after 1970-01-01."""
    return date.fromordinal(number + EPOCH_ORDINAL)
