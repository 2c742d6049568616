"""How far the feeds have come: what their checkpoint says. Pure.

One checkpoint holds every feed: it is written in the Kafka transaction of the records that it
stands for, and the last one committed is the truth. Feeds that stand at the same place share one
list of positions, so a checkpoint of a hundred agencies is a few kilobytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from schemas.errors import PermanentError
from streams.chunk import Place

Positions = Mapping[Place, int]  # by source partition: the offset to read next
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Feed:
    """One agency's feed."""

    next: int  # the number that its next record gets
    at: Positions
    is_ended: bool = False


@dataclass(frozen=True, slots=True)
class Resending:
    """The range that is being sent again."""

    id: str
    next: int  # the number that comes next
    withheld: int = 0  # so far


@dataclass(frozen=True, slots=True)
class State:
    """All feeds."""

    steps: int = 0  # transactions that were ever committed
    feeds: Mapping[str, Feed] = field(default_factory=dict)  # by agency
    resending: Resending | None = None

    def with_feeds(self, changed: Mapping[str, Feed]) -> State:
        return replace(self, feeds={**self.feeds, **changed})


def to_cursor(state: State) -> str:
    """Return the text of a checkpoint."""
    places = sorted({place for feed in state.feeds.values() for place in feed.at})
    vectors: dict[tuple[int, ...], int] = {}
    feeds = {}
    for agency, feed in sorted(state.feeds.items()):
        vector = tuple(feed.at.get(place, 0) for place in places)
        number = vectors.setdefault(vector, len(vectors))
        feeds[agency] = [feed.next, number, int(feed.is_ended)]
    resending = state.resending
    return orjson.dumps(
        {
            "version": _VERSION,
            "places": [list(place) for place in places],
            "vectors": list(vectors),
            "feeds": feeds,
            "resending": resending and [resending.id, resending.next, resending.withheld],
        }
    ).decode()


def from_cursor(cursor: str, steps: int) -> State:
    """Return what a checkpoint says.

    Raises:
        PermanentError: it was written by another version of the hub.
    """
    said: dict[str, Any] = orjson.loads(cursor)
    if said.get("version") != _VERSION:
        raise PermanentError("the checkpoint of the feeds is of another version of the hub")
    places = [Place(*place) for place in said["places"]]
    vectors = [dict(zip(places, vector, strict=True)) for vector in said["vectors"]]
    feeds = {
        agency: Feed(number, vectors[vector], bool(is_ended))
        for agency, (number, vector, is_ended) in said["feeds"].items()
    }
    resending = said["resending"]
    return State(steps, feeds, resending and Resending(*resending))
