"""Sealed values in an answer: carried closed while the answer is cut, opened as the last thing.

What is cut away is never opened. Nothing that was opened is stored, and an erased block reads as a
redaction, never as an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from projections.keystore import ERASED, REDACTED, open_block
from projections.sealing_keys import KeyReader


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that is still closed."""

    owner: UUID
    event_id: UUID
    sensitivity: str  # its class
    block: bytes
    part: str = ""  # of what is in it; empty: all


def open_all(answer: Mapping[str, Any], keystore: KeyReader) -> None:
    """Open every sealed value in the rows of ``answer``, in place.

    Raises:
        TransientError: the key store does not answer.
    """
    places = list(_places(answer))
    names = {(sealed.owner.bytes, sealed.sensitivity) for _, _, sealed in places}
    keys = keystore.existing(names) if names else {}
    for holder, name, sealed in places:
        holder[name] = _opened(sealed, keys.get((sealed.owner.bytes, sealed.sensitivity), ERASED))


def _opened(sealed: Sealed, key: bytes) -> object:
    value = open_block(key, sealed.event_id.bytes, sealed.sensitivity, sealed.block)
    if sealed.part and isinstance(value, dict):
        return value.get(sealed.part, REDACTED)
    return value


def _places(answer: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, Sealed]]:
    """Return where sealed values are: in rows, or in an object of a row."""
    for rows in answer.values():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                holders = (row, *(each for each in row.values() if isinstance(each, dict)))
                for holder in holders:
                    for name, value in holder.items():
                        if isinstance(value, Sealed):
                            yield holder, name, value
