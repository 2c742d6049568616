"""Whatever registries state of whatever type, in any order: which facts hold, and what follows."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.facts import STATED_TYPES, facts, replaces
from streams.household import households
from streams.lifecycle import holding
from streams.person import people
from streams.rules.uz import PACK
from tests.histories import EPOCH, NOW, ON, TYPES, Event, history, rows

SEEDS = st.integers(0, 10**6)
HOURS_72 = timedelta(hours=72)
Named = set[tuple[bytes, bytes, str]]


def naive(events: list[Event]) -> Named:
    """Read a record from its last version down, as docs/lifecycle.md says it."""
    replaced = {replaces(event) for event in events} - {None}
    found: Named = set()
    for record in {event["meta"]["record"] for event in events}:
        versions = [event for event in events if event["meta"]["record"] == record]
        versions.sort(key=lambda event: -event["meta"]["version"])
        for event in versions:
            meta = event["meta"]
            if meta["change"] != "ANNULLED":
                stated = facts(meta["type"], event)
                found |= {(meta["id"], fact.person, fact.kind) for fact in stated}
                break
            waits = meta["type"].startswith("civil.") and meta["type"] != "civil.death_registered"
            passed = EPOCH + timedelta(microseconds=meta["recorded_at"]) + HOURS_72 <= NOW
            if not waits or passed or replaced & {each["meta"]["id"] for each in versions}:
                break
    return found


def named(events: list[Event]) -> Named:
    return {(fact.event_id, fact.person, fact.kind) for fact in holding(rows(events), NOW)}


def test_every_type_is_tried() -> None:
    stated = {event["meta"]["type"] for event in history(1)}

    # An erasure is decided once and never taken back: test_erasures.py has it.
    assert set(TYPES) == STATED_TYPES - {"hub.erasure_decided"} == stated
    changes = {event["meta"]["change"] for seed in range(5) for event in history(seed)}
    assert changes == {"CREATED", "CORRECTED", "ANNULLED", "ENDED"}
    assert any(replaces(event) for seed in range(5) for event in history(seed))


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_what_holds_is_what_the_document_says(seed: int) -> None:
    events = history(seed)

    assert named(events) == naive(events)


@settings(max_examples=20, deadline=None)
@given(SEEDS, SEEDS)
def test_the_order_does_not_matter(seed: int, order: int) -> None:
    events = history(seed)
    shuffled = random.Random(order).sample(events, len(events))

    assert sorted(holding(rows(events), NOW)) == sorted(holding(rows(shuffled), NOW))
    assert _families(events) == _families(shuffled)


@settings(max_examples=20, deadline=None)
@given(SEEDS, SEEDS)
def test_corrected_and_annulled_long_ago_is_never_having_been(seed: int, other: int) -> None:
    events = history(seed)
    strange = history(-1 - other, records=len(TYPES))
    for event in strange:  # every record ends with an annulment whose window has passed
        event["meta"]["recorded_at"] -= 20 * 86_400_000_000
    last = {event["meta"]["record"]: event for event in strange}
    void = []
    for event in last.values():
        meta = event["meta"]
        void.append(
            {
                **event,
                "meta": meta
                | {"id": meta["id"][::-1], "version": meta["version"] + 1, "change": "ANNULLED"},
            }
        )

    assert named([*events, *strange, *void]) == named(events)


def _families(events: list[Event]) -> list[tuple[bytes, ...]]:
    found = people(holding(rows(events), NOW), {})
    groups = households(found, ON, PACK.family_law(ON))
    counted = [member.id for group in groups for member in group.members]
    assert len(counted) == len(set(counted)), "somebody is in two households"
    return sorted(tuple(member.id for member in group.members) for group in groups)
