"""Judge every record of a chunk: applied, or bad with a rule. Pure.

A bad record never stops its neighbours. What does stop the worker is a hole in
``partition_sequence``: events are missing from the topic, and no later one may be applied over it.

The numbers must run on by one. Two things bend that, neither hides a loss of more events than
there are bad records in its place:

- a record whose number cannot be read may have had one: each widens the next step by one, and
  their count is stored with the progress, since the next number may come in a later chunk;
- a number at or below the last is accepted only from an event that was applied before: the chunk
  store checks that the table holds it (``must_repeat``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from projections.chunk_rows import HEADER, TRAILER, EventColumns, row
from projections.chunk_store import Completion, Replacement
from schemas.catalogue import EventType
from schemas.codec import Decoded, Record, decode_chunk
from schemas.errors import InvalidRecord, PermanentError
from schemas.ids import MICROSECONDS_A_DAY
from streams.chunk import KafkaRecord, Place
from streams.facts import SOURCE_COMPLETE, check_date, closes, facts, replaces

# meta.recorded_at: 2000-01-01 to 2200-01-01.
_EARLIEST_MICROSECOND: Final = 10_957 * MICROSECONDS_A_DAY
_LATEST_MICROSECOND: Final = 84_006 * MICROSECONDS_A_DAY


class Numbering(NamedTuple):
    """How far the partition sequence was followed."""

    last: int  # the last number read
    unnumbered: int = 0  # records since then whose number could not be read


class Bad(NamedTuple):
    """A record that breaks a rule."""

    offset: int
    rule: str
    field: str | None
    event_id: bytes | None


@dataclass(slots=True)
class Judged:
    """What a chunk comes to."""

    numbering: Numbering
    rows: bytes = b""  # of the facts, in COPY's binary format
    events: int = 0  # that state facts
    further_facts: int = 0  # beyond the first of each event
    closures: int = 0
    completions: list[Completion] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    must_repeat: list[int] = field(default_factory=list)  # offsets


def judge(
    place: Place,
    registry: str,
    records: Sequence[KafkaRecord],
    types: Mapping[int, EventType],
    numbering: Numbering,
) -> Judged:
    """Return what ``records`` come to.

    Args:
        place: the partition.
        registry: whose topic it is.
        records: of one partition, by offset.
        types: the event types of the topic by schema id.
        numbering: after the record before the first.

    Raises:
        PermanentError: a hole in the partition sequence.
    """
    judged = Judged(numbering)
    parts = [HEADER]
    decoded = decode_chunk([record.value for record in records], types)
    for record, result in zip(records, decoded, strict=True):
        offset = record.offset
        if isinstance(result, InvalidRecord):
            judged.bad.append(Bad(offset, result.rule, result.field, None))
            judged.numbering = _skip(judged.numbering)
            continue
        meta = result.record["meta"]
        try:
            _check(result, record.key, registry)
            if result.type.name == SOURCE_COMPLETE:
                judged.completions.append(_completion(result.record, registry, offset))
            else:
                parts += _rows(result, offset, judged)
        except InvalidRecord as error:
            judged.bad.append(Bad(offset, error.rule, error.field, meta["id"]))
            judged.numbering = _after_bad(judged.numbering, meta["partition_sequence"])
        else:
            judged.numbering = _after(judged, place, offset, meta["partition_sequence"])
    parts.append(TRAILER)
    judged.rows = b"".join(parts)
    return judged


def after_offset(records: Sequence[KafkaRecord], next_offset: int) -> Sequence[KafkaRecord]:
    """Return the records at ``next_offset`` or later."""
    if records and records[0].offset >= next_offset:
        return records
    return [record for record in records if record.offset >= next_offset]


def _check(result: Decoded, key: bytes | None, registry: str) -> None:
    meta: Record = result.record["meta"]
    if key != meta["subject"]:
        raise InvalidRecord("key_mismatch")
    if meta["type"] != result.type.name:
        raise InvalidRecord("meta", "type")
    if meta["source"] != registry:
        raise InvalidRecord("meta", "source")
    if not _EARLIEST_MICROSECOND <= meta["recorded_at"] < _LATEST_MICROSECOND:
        raise InvalidRecord("meta", "recorded_at")
    if meta["version"] < 0:
        raise InvalidRecord("meta", "version")
    if meta["partition_sequence"] < 1:
        raise InvalidRecord("meta", "partition_sequence")


def _completion(record: Record, registry: str, offset: int) -> Completion:
    check_date(record, "through")
    if record["registry"] != registry:
        raise InvalidRecord("meta", "registry")
    meta = record["meta"]
    return Completion(
        event_id=meta["id"],
        registry=registry,
        through=record["through"],
        snapshot=record["snapshot"],
        known_from=meta["recorded_at"],
        digest=meta["digest"],
        offset=offset,
    )


def _rows(result: Decoded, offset: int, judged: Judged) -> Iterable[bytes]:
    record = result.record
    stated = facts(result.type.name, record)
    meta = record["meta"]
    closing = closes(record)
    event = EventColumns(
        meta["id"],
        meta["recorded_at"],
        meta["record"],
        meta["version"],
        meta["digest"],
        offset,
        closing,
        meta["change"],
    )
    judged.events += 1
    judged.further_facts += len(stated) - 1
    judged.closures += closing
    if (replaced := replaces(record)) is not None:
        judged.replacements.append(Replacement(meta["id"], replaced, meta["recorded_at"], offset))
    if len(stated) == 1:  # nearly all
        return (row(event, 0, stated[0]),)
    return [row(event, ordinal, fact) for ordinal, fact in enumerate(stated)]


def _after(judged: Judged, place: Place, offset: int, number: int) -> Numbering:
    last, unnumbered = judged.numbering
    if number == last + 1:
        return Numbering(number)
    if number <= last:
        judged.must_repeat.append(offset)
        return judged.numbering
    if number <= last + 1 + unnumbered:
        return Numbering(number)
    raise PermanentError(
        f"{place.topic}/{place.partition}/{offset}: partition_sequence {number} follows {last}: "
        "events are missing from the topic; find out who wrote it before going on"
    )


def _after_bad(numbering: Numbering, number: int) -> Numbering:
    """Trust a bad record's number only where it fits."""
    last, unnumbered = numbering
    if last < number <= last + 1 + unnumbered:
        return Numbering(number)
    return numbering if number <= last else _skip(numbering)


def _skip(numbering: Numbering) -> Numbering:
    return Numbering(numbering.last, numbering.unnumbered + 1)
