"""What is not finished yet, told apart from what is wrong. Pure.

A record that is merely still on its way is no difference: verify says "not settled".
"""

from __future__ import annotations

from ops.verify.check_sources import published
from ops.verify.facts import ERASURE, SOURCE_COMPLETE
from ops.verify.ids import entry_id, event_id
from ops.verify.values import Source, Tables, Topics
from schemas.topics import CONSUMED, EVENTS


def unread(topics: Topics, tables: Tables) -> list[str]:
    """Return the partitions that hold records which no worker has taken."""
    next_offset = {(row.topic, row.partition): row.next_offset for row in tables.progress}
    waiting: dict[tuple[str, int], int] = {}
    places = [event.place for event in topics.events]
    places += [broken.place for broken in topics.broken if broken.place.topic in CONSUMED.values()]
    for topic, partition, offset in places:
        lane = topic, partition
        if offset >= next_offset.get(lane, 0):
            waiting[lane] = waiting.get(lane, 0) + 1
    return [
        f"{number} records of {topic}/{partition} wait for a worker"
        for (topic, partition), number in sorted(waiting.items())
    ]


def incomplete(topics: Topics) -> list[str]:
    """Return the registries whose connector has not yet said that it read everything once."""
    said = {event.content["registry"] for event in topics.events if event.type == SOURCE_COMPLETE}
    return [
        f"{registry}: the connector has not finished its first read"
        for registry in EVENTS
        if registry not in said
    ]


def not_erased(topics: Topics, erased: frozenset[tuple[str, str]]) -> list[str]:
    """Return whether keys are still there that an operator decided to destroy."""
    waiting = sum(
        event.type == ERASURE
        and event.content["decision"] == "erase"
        and (event.subject, event.content["sensitivity"]) not in erased
        for event in topics.events
    )
    return [f"{waiting} erasures wait for the key store"] if waiting else []


def behind(source: Source, topics: Topics, event_key: bytes) -> list[str]:
    """Return whether a connector has only the newest part of its source before it.

    A record that is missing although a later one is there is lost, not behind.
    """
    if not source.tail:
        return []
    events = published(topics, source.registry)
    entries = {entry.id for entry in topics.entries}
    missing, newest = [], ""
    for key, at in source.tail.items():
        there = (
            event_id(event_key, source.registry, key) in events
            or entry_id(event_key, source.registry, key) in entries
        )
        if there:
            newest = max(newest, at)
        else:
            missing.append(at)
    if missing and min(missing) >= newest:
        return [f"{source.registry}: {len(missing)} newest records wait for the connector"]
    return []
