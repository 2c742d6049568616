"""Cut an event down to what an agency may see, and write it as that agency's record. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from schemas.catalogue import EventType
from schemas.codec import Record, encode
from schemas.ids import days, text
from streams.feeds.names import SOURCE
from streams.feeds.pseudonyms import Pseudonyms
from streams.feeds.shapes import BLOCKS, SENT_AS, Shape

ERASED: Final[object] = object()  # instead of an opened block

ENDED_TYPE: Final = "feed.ended"
WITHHELD_TYPE: Final = "feed.withheld"
_NONE: Final[dict[str, str]] = {}
_SPECVERSION: Final = ("ce_specversion", b"1.0")

Headers = tuple[tuple[str, bytes], ...]


class Line(NamedTuple):
    """One Kafka record of a feed."""

    key: bytes | None
    value: bytes
    headers: Headers


class Head(NamedTuple):
    """What every record of a feed begins with."""

    number: int
    event: bytes  # the agency's name of the event
    basis: str
    sent_at: int  # microseconds since 1970

    def record(self) -> Record:
        return {
            "number": self.number,
            "event": self.event,
            "basis": self.basis,
            "sent_at": self.sent_at,
        }


def cut(  # noqa: PLR0917 - called for every record of every feed
    shape: Shape,
    schema_id: int,
    names: Pseudonyms,
    event: Record,
    opened: Mapping[str, Any],
    head: Head,
) -> Line:
    """Return an event as one agency gets it.

    Args:
        shape: what the agency may see of this type.
        schema_id: under which its schema is registered.
        names: the agency's pseudonyms.
        event: as decoded; sealed blocks as they came.
        opened: by class: the object that was sealed, or ``ERASED``; none for an absent block.
        head: number, event id, basis and time.
    """
    meta = event["meta"]
    person = names.of(meta["subject"])
    corrects = meta["corrects"]
    out: Record = {
        "feed": head.record(),
        "person": person,
        "change": meta["change"],
        "occurred_at": meta["occurred_at"] if shape.is_dated else None,
        "corrects": None if corrects is None else names.event(corrects),
    }
    sent_as = SENT_AS.get(shape.event_type, _NONE)
    for field in shape.fields:
        value = event.get(field)
        sent = names.of(value) if field in shape.ids and value is not None else value
        out[sent_as.get(field, field)] = sent
    redacted = []
    for field in shape.blocks:
        block = opened.get(field)
        if block is ERASED:
            redacted.append(field)
        out[field] = _block(shape.event_type, field, block, names)
    out["redacted"] = redacted
    return Line(person, encode(shape.row, schema_id, out), headers(head, shape.event_type))


def control(row: EventType, schema_id: int, head: Head, kind: str, **said: Any) -> Line:
    """Return a record about the feed itself: its end, or one that is withheld."""
    value = encode(row, schema_id, {"feed": head.record(), **said})
    return Line(None, value, headers(head, kind))


def headers(head: Head, kind: str) -> Headers:
    """Return CloudEvents headers; the time is when it was sent: a date of birth is no header."""
    return (
        ("feed_number", b"%d" % head.number),
        _SPECVERSION,
        ("ce_id", text(head.event).encode()),
        *_of_many(kind, head.sent_at // 1_000_000),
    )


@lru_cache(maxsize=1000)
def _of_many(kind: str, second: int) -> Headers:
    """Return the headers that all records of a type have which are sent in one second."""
    moment = datetime.fromtimestamp(second, UTC)
    return (
        ("ce_type", kind.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_time", moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()),
        ("content-type", b"application/avro"),
    )


def _block(event_type: str, field: str, block: Any, names: Pseudonyms) -> Record | None:
    """Return an opened block as Avro takes it; keys that the schema lacks are left out."""
    if block is None or block is ERASED:
        return None
    return {
        key: _value(kind, block.get(key), names) for key, kind in BLOCKS[event_type, field].items()
    }


def _value(kind: Any, value: Any, names: Pseudonyms) -> Any:
    if isinstance(value, dict | list):  # a reason: told as JSON, ids and all replaced
        return orjson.dumps(names.within(value)).decode()
    if value is not None and isinstance(kind, dict):
        return days(date.fromisoformat(value))
    return value


def event_name(names: Pseudonyms, agency_number: int) -> bytes:
    """Return the id of a record about the feed itself."""
    return names.event(UUID(int=agency_number).bytes)
