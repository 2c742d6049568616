"""Which event stands behind which number: the index by which a part of a feed is made again. Pure.

A row of the index holds the places of a run of numbers, in order: topic, partition and offsets,
these as steps from one to the next, deflated. That is a byte or less a number, and nothing else
about an event is kept: what was allowed then does not matter when it is sent again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from projections.feeds import IndexRow
from streams.chunk import Place


class Source(NamedTuple):
    """Where the event behind a number stands."""

    place: Place
    offset: int


class End(NamedTuple):
    """A number that the end of the feed has."""

    rule: str
    ended_at: int  # microseconds since 1970


Entry = Source | End


def pack(agency: str, first: int, entries: Sequence[Entry]) -> IndexRow:
    """Return the row of numbers from ``first`` on; one for each entry."""
    segments: list[list[Any]] = []
    last: Source | None = None
    for entry in entries:
        if isinstance(entry, End):
            segments.append([None, *entry])
            last = None
        elif last is not None and last.place == entry.place and entry.offset > last.offset:
            segments[-1][3].append(entry.offset - last.offset)
            last = entry
        else:
            segments.append([entry.place.topic, entry.place.partition, entry.offset, []])
            last = entry
    packed = zlib.compress(orjson.dumps(segments))
    return IndexRow(agency, first, first + len(entries) - 1, packed)


def unpack(row: IndexRow) -> Iterator[tuple[int, Entry]]:
    """Return every number of ``row`` with what stands behind it."""
    number = row.first
    for segment in orjson.loads(zlib.decompress(row.packed)):
        if segment[0] is None:
            yield number, End(*segment[1:])
            number += 1
            continue
        topic, partition, offset, steps = segment
        place = Place(topic, partition)
        for step in (0, *steps):
            offset += step
            yield number, Source(place, offset)
            number += 1


def merge(rows: Iterable[IndexRow]) -> IndexRow:
    """Return neighbouring rows of one agency as one."""
    listed = sorted(rows, key=lambda row: row.first)
    entries = [entry for row in listed for _, entry in unpack(row)]
    return pack(listed[0].agency, listed[0].first, entries)
