"""The connector's place in the civil registry's log, as JSON. Pure.

Within a transaction the place is an index, never a row's LSN: the rows of one transaction may have
lower LSNs than those of a transaction committed before it, so skipping by them loses rows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import orjson

from connectors.source import Cursor
from schemas.errors import PermanentError

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """How far the stream has been read."""

    lsn: int  # end of the last transaction that was read whole; all that may be confirmed
    commit_lsn: int | None = None  # of the transaction that was read in part
    index: int = 0  # how many of its records were read


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the initial snapshot has come."""

    table: str  # the one being read; those before it are done
    after: str | None  # the last key read in it; None: none yet


@dataclass(frozen=True, slots=True)
class CivilCursor:
    """Where the connector stands, and in which server's history."""

    system: str  # the server's system identifier
    timeline: int
    slot: str
    consistent_lsn: int  # where the slot's history begins
    place: Place
    snapshot: Progress | None  # None: done, only streaming
    latest: str | None = None  # the latest day (UTC) of any registered_at seen

    def dump(self) -> Cursor:
        """Return the cursor as the relay keeps it."""
        return Cursor(orjson.dumps({"format": _FORMAT} | asdict(self)).decode())


def load(cursor: Cursor) -> CivilCursor:
    """Return what ``dump`` was given.

    Raises:
        PermanentError: the text is not one of ours.
    """
    try:
        fields = orjson.loads(cursor)
        if fields.pop("format") != _FORMAT:
            raise ValueError("format")
        place, snapshot = Place(**fields.pop("place")), fields.pop("snapshot")
        return CivilCursor(
            place=place, snapshot=Progress(**snapshot) if snapshot else None, **fields
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PermanentError(
            "the checkpoint of the civil connector is none of its own; was it written by another "
            "connector or by another version?"
        ) from error


def lsn_text(lsn: int) -> str:
    """Return an LSN as PostgreSQL writes it.

    >>> lsn_text(0x16B3748)
    '0/16B3748'
    """
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def parse_lsn(text: str) -> int:
    """Return the LSN that ``text`` states.

    >>> hex(parse_lsn("1/16B3748"))
    '0x1016b3748'
    """
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)
