"""An agency's own names of people, things and events: no two agencies share one. Pure.

A pseudonym is a UUID version 8 of HMAC-SHA-256 under the pseudonym key, over ``feed``, the agency
and the hub's id; of an event, over ``feed event`` instead. Whoever has the feeds of two agencies
cannot join them by their ids, and nobody gets from one back to the hub's.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final
from uuid import UUID

from schemas.ids import Id, text, uuid8

_REMEMBERED: Final = 200_000  # ids of one agency; 40 MB


class Pseudonyms:
    """The pseudonyms of one agency.

    Args:
        key: the pseudonym key, 32 bytes.
        agency: whose.
    """

    def __init__(self, key: bytes, agency: str) -> None:
        # Begun once: what is the same for every id is not hashed again.
        self._person = hmac.new(key, b"feed\0" + agency.encode() + b"\0", hashlib.sha256)
        self._event = hmac.new(key, b"feed event\0" + agency.encode() + b"\0", hashlib.sha256)
        self._known: dict[bytes, Id] = {}

    def __repr__(self) -> str:
        return "Pseudonyms(***)"

    def of(self, identifier: bytes) -> Id:
        """Return the agency's name of a person, household, employer, dwelling, property or need."""
        known = self._known.get(identifier)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[identifier] = _derive(self._person, identifier)
        return known

    def event(self, identifier: bytes) -> Id:
        """Return the agency's name of an event."""
        return _derive(self._event, identifier)

    def within(self, value: Any, key: str = "") -> Any:
        """Return JSON ``value`` with every id in it replaced; those under ``events`` are events'.

        Reasons name the people and the events that they rest on by the hub's own ids.
        """
        match value:
            case dict():
                return {name: self.within(inner, name) for name, inner in value.items()}
            case list():
                return [self.within(inner, key) for inner in value]
            case str() if _is_id(value):
                rename = self.event if key == "events" else self.of
                return text(rename(UUID(value).bytes))
            case _:
                return value


def _derive(begun: hmac.HMAC, identifier: bytes) -> Id:
    whole = begun.copy()
    whole.update(identifier)
    return uuid8(whole.digest())


_ID_LENGTH: Final = 36


def _is_id(value: str) -> bool:
    if len(value) != _ID_LENGTH:
        return False
    try:
        UUID(value)
    except ValueError:
        return False
    return True
