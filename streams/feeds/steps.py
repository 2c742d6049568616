"""What one step of the relay goes by. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from projections import merkle
from streams.chunk import Place
from streams.feeds.compose import Lines
from streams.feeds.reader import NO_END
from streams.feeds.state import Positions, State

Group = tuple[list[str], Positions]  # agencies, and where they stand


def groups_of(state: State, known: Collection[str]) -> list[Group]:
    """Return the feeds that run, by where they stand; those that are ahead first."""
    by_place: dict[tuple[tuple[Place, int], ...], list[str]] = {}
    for agency, feed in state.feeds.items():
        if not feed.is_ended and agency in known:
            by_place.setdefault(tuple(sorted(feed.at.items())), []).append(agency)
    ordered = sorted(by_place, key=lambda at: -sum(offset for _, offset in at))
    return [(sorted(by_place[at]), dict(at)) for at in ordered]


def lead_of(state: State) -> Positions:
    """Return where the feed stands that is furthest."""
    return max((f.at for f in state.feeds.values()), key=lambda at: sum(at.values()), default={})


def until_of(place: Place, applied: Mapping[tuple[str, int], int], said: Collection[str]) -> int:
    """Return the first offset that may not be read: what is not applied, nobody gets."""
    return NO_END if place.topic in said else applied.get((place.topic, place.partition), 0)


def micros(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return int(moment.timestamp() * 1_000_000)


def leaf_of(lines: Lines, step: int) -> dict[str, Any]:
    """Return what is put on record of one feed's records of one step."""
    return {
        "what": "sent",
        "who": "feeds",
        "agency": lines.agency,
        "step": step,
        "first": lines.first,
        "last": lines.next - 1,
        "grants": sorted(lines.grants),
        "root": merkle.root(line.value for line in lines.lines).hex(),
    }
