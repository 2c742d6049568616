"""What was said of needs, read back from ``citizen.needs.v1`` and from the outbox.

The reason travels sealed. It is opened here to find the events it rests on and the day it was
concluded for, which the table shows in clear; where its key is gone, they are gone with it.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from projections.keystore import open_block
from projections.replay_history import Unsent, copy_said
from projections.replay_session import Into
from projections.sealing_keys import KeyReader
from schemas.catalogue import EventType
from schemas.codec import Decoded, decode_chunk
from schemas.errors import PermanentError
from schemas.ids import Keys, from_days, parse
from streams.refold import Range, Tick, pieces

CLASS: Final = "needs"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """One statement about a need."""

    event_id: bytes
    person: bytes
    content: Mapping[str, Any]  # ids as UUID, dates as date
    version: int
    reason: bytes  # sealed
    causation: bytes | None
    known_from: datetime


def read_topic(
    wanted: Range,
    types: Mapping[int, EventType],
    keystore: KeyReader,
    into: Into,
    tick: Tick,
) -> int:
    """Stage a whole partition of the needs' topic; return how many statements.

    Raises:
        PermanentError: a record that is none of ours.
    """
    return asyncio.run(_read(wanted, types, keystore, into, tick))


async def _read(
    wanted: Range,
    types: Mapping[int, EventType],
    keystore: KeyReader,
    into: Into,
    tick: Tick,
) -> int:
    count = 0
    with into.connection.transaction():
        async for records, _ in pieces(wanted):
            decoded = decode_chunk([record.value for record in records], types)
            said = []
            for record, result in zip(records, decoded, strict=True):
                if not isinstance(result, Decoded):
                    raise PermanentError(
                        f"{wanted.topic}/{wanted.partition}/{record.offset} cannot be read: "
                        f"{result.rule}; only our own connector writes there"
                    )
                said.append(_of_record(result.record))
            copy_said(into, rows(said, keystore))
            count += len(said)
            tick(len(said))
    return count


def _of_record(record: Mapping[str, Any]) -> Said:
    meta = record["meta"]
    content = {
        "need": UUID(bytes=record["need"]),
        "household": UUID(bytes=record["household"]),
        "kind": record["kind"],
        "status": record["status"],
        "since": from_days(record["since"]),
        "review_on": None if record["review_on"] is None else from_days(record["review_on"]),
        "urgency": record["urgency"],
        "amount_minor": record["amount_minor"],
        "rule": record["rule"],
    }
    recorded = _EPOCH + timedelta(microseconds=meta["recorded_at"])
    block, cause = record[CLASS] or b"", meta["causation_id"]
    return Said(meta["id"], meta["subject"], content, meta["version"], block, cause, recorded)


def of_outbox(row: Unsent, keys: Keys) -> Said:
    """Return the statement that a row of the outbox stands for."""
    body = orjson.loads(row.body)
    fields, version = body["fields"], body["version"]
    content = {
        **fields,
        "need": UUID(fields["need"]),
        "household": UUID(fields["household"]),
        "since": date.fromisoformat(fields["since"]),
        "review_on": fields["review_on"] and date.fromisoformat(fields["review_on"]),
    }
    event_id = keys.event_id("hub", f"need/{fields['need']}/{version}")
    sealed = b64decode(body["sealed"]) if body["sealed"] else b""
    causation = parse(body["causation_id"]) if body["causation_id"] else None
    return Said(event_id, parse(body["subject"]), content, version, sealed, causation, row.at)


def rows(said: Iterable[Said], keystore: KeyReader) -> Iterator[list[object]]:
    """Return rows for ``replay_history.copy_said``."""
    said = list(said)
    keys = keystore.existing({(each.person, CLASS) for each in said}) if said else {}
    for each in said:
        reason = _open(each, keys)
        content = each.content
        events = sorted({event for node in walk(reason) for event in node.get("events", ())})
        yield [
            UUID(bytes=each.event_id),
            content["need"],
            each.version,
            UUID(bytes=each.person),
            content["household"],
            content["kind"],
            content["status"],
            content["since"],
            content["review_on"],
            content["urgency"],
            content["amount_minor"],
            content["rule"],
            "{" + ",".join(events) + "}",
            each.reason,
            None if each.causation is None else UUID(bytes=each.causation),
            each.known_from,
            reason.get("on"),
        ]


def walk(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return a reason's conditions."""
    yield node
    for part in node.get("parts", ()):
        yield from walk(part)


def _open(said: Said, keys: Mapping[tuple[bytes, str], bytes]) -> Mapping[str, Any]:
    return opened(keys.get((said.person, CLASS)), said.event_id, said.reason)


def opened(key: bytes | None, event_id: bytes, block: bytes) -> Mapping[str, Any]:
    """Return a sealed reason in clear; empty if it cannot be opened any more."""
    if not key or not block:
        return {}
    found = open_block(key, event_id, CLASS, block)
    reason = found.get("reason") if isinstance(found, dict) else None
    return reason if isinstance(reason, dict) else {}
