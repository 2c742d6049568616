"""Ids, digests and clean text, computed from docs/contract.md in words of our own. Pure.

The hub has its own implementation. The two share no code on purpose: where they
differ, one of them has misread the contract, and ``hub verify`` says so.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass, field

import orjson

ZERO_ID = "00000000-0000-0000-0000-000000000000"

_REMEMBERED = 400_000  # pseudonyms; more would fill the memory of a large country
_APOSTROPHES = str.maketrans(dict.fromkeys("'`\u2018\u2019\u02bc", "\u02bb"))


@dataclass(frozen=True, slots=True)
class Keys:
    """The three keys behind ids and digests, 32 bytes each."""

    person: bytes = field(repr=False)
    event: bytes = field(repr=False)
    digest: bytes = field(repr=False)


@dataclass(slots=True)
class Pseudonyms:
    """Person ids and the like; remembers what it has computed."""

    keys: Keys
    _known: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def of(self, scheme: str, value: str) -> str:
        """Return the id of ``value`` in ``scheme`` as text."""
        known = self._known.get((scheme, value))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[scheme, value] = derived_id(self.keys.person, scheme, value)
        return known

    def person(self, pinfl: str) -> str:
        """Return the id of the person with this national number."""
        return self.of("uz.pinfl", compact(pinfl))


def derived_id(key: bytes, *parts: str) -> str:
    """Return the UUID version 8 over ``parts``, as text."""
    raw = bytearray(hmac.digest(key, "\0".join(parts).encode(), "sha256")[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def event_id(keys: Keys, registry: str, source_key: str) -> str:
    """Return the id of the event stated at ``source_key``."""
    return derived_id(keys.event, registry, source_key)


def quarantine_id(keys: Keys, registry: str, source_key: str) -> str:
    """Return the id of the quarantine entry for the record at ``source_key``."""
    return derived_id(keys.event, "quarantine", registry, source_key)


def digest(keys: Keys, type_: str, subject: str, change: str, content: dict[str, object]) -> str:
    """Return the content digest as hex.

    Sorted keys, no spaces, no ASCII escaping: what ``orjson`` writes with sorted keys.
    """
    whole = {"type": type_, "subject": subject, "change": change, "content": content}
    canonical = orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(keys.digest, canonical, "sha256")[:16].hex()


def compact(number: str) -> str:
    """Return a national number without white space."""
    return "".join(number.split())


def clean_name(text: str) -> str:
    """Return a name as the contract wants it: NFC, single spaces, one apostrophe."""
    return " ".join(unicodedata.normalize("NFC", text).split()).translate(_APOSTROPHES)


def optional_name(text: str | None) -> str | None:
    """Return a name that may be absent; an empty one is absent."""
    return clean_name(text) or None if text else None
