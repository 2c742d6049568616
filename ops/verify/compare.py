"""All checks in their order, each a row of a table. Pure: values in, differences out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from ops.verify.check_ledger import check_ledger
from ops.verify.check_needs import (
    check_evidence,
    check_known,
    check_needs,
    check_needs_topic,
    standing,
)
from ops.verify.check_operators import check_operators
from ops.verify.check_sources import check_sources
from ops.verify.check_tables import check_facts, check_progress, check_quarantine, verdicts
from ops.verify.check_topics import check_topics
from ops.verify.facts import ERASURE
from ops.verify.needs import KINDS, expected_needs
from ops.verify.values import Difference, Ledger, Source, Tables, Topics


@dataclass(slots=True)
class World:
    """Everything there is to compare. What a check does not need may be empty."""

    event_key: bytes = field(repr=False)
    digest_key: bytes = field(repr=False)
    on: date  # the day for which needs are judged
    now: int  # the moment, in microseconds: annulments settle
    topics: Topics
    sources: list[Source] = field(default_factory=list)
    tables: Tables = field(default_factory=Tables)
    ledger: Ledger | None = None
    erased: frozenset[tuple[str, str]] = frozenset()  # owner and class: the key is gone


class Check(NamedTuple):
    """One row: what a check is called, what it must have read, and what it does."""

    name: str
    reads: frozenset[str]  # of sources, tables, ledger; the topics are always read
    # how many things were compared, or how many of each kind
    run: Callable[[World], tuple[int | Counter[str], list[Difference]]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found."""

    name: str
    compared: int
    differences: list[Difference]
    by_kind: dict[str, int] = field(default_factory=dict)


def compare(world: World, only: str | None = None) -> list[Checked]:
    """Run every check, or one; those that need a ledger are left out when there is none."""
    found = []
    for check in CHECKS:
        if only is not None and check.name != only:
            continue
        if "ledger" in check.reads and world.ledger is None:
            continue
        counted, differences = check.run(world)
        if isinstance(counted, Counter):
            row = Checked(check.name, counted.total(), differences, dict(counted))
        else:
            row = Checked(check.name, counted, differences)
        found.append(row)
    return found


def _something(world: World) -> tuple[int, list[Difference]]:
    events, needs = len(world.topics.events), len(standing(world.tables))
    found = [
        Difference("something", "nothing there", what, f"there are no {what} at all")
        for what, number in (("events", events), ("needs", needs))
        if not number
    ]
    return events + needs, found


def _sources(world: World) -> tuple[int, list[Difference]]:
    stated = sum(len(source.stated) + source.suppressed for source in world.sources)
    return stated, check_sources(world.sources, world.topics, world.event_key)


def _operators(world: World) -> tuple[int, list[Difference]]:
    return world.tables.decisions, check_operators(world.topics, world.tables, world.event_key)


def _ledger(world: World) -> tuple[int, list[Difference]]:
    assert world.ledger is not None
    compared = len(world.ledger.events) + len(world.ledger.planted)
    return compared, check_ledger(world.ledger, world.sources, world.topics)


def _topics(world: World) -> tuple[int, list[Difference]]:
    topics = world.topics
    compared = len(topics.events) + len(topics.needs)
    return compared, check_topics(topics, world.event_key, world.digest_key)


def _quarantine(world: World) -> tuple[int, list[Difference]]:
    return len(world.topics.entries), check_quarantine(world.topics, world.tables)


def _facts(world: World) -> tuple[int, list[Difference]]:
    tables = world.tables
    compared = len(tables.facts) + len(tables.closures) + len(tables.completeness)
    compared += len(tables.replacements)
    return compared, check_facts(world.topics, tables)


def _progress(world: World) -> tuple[int, list[Difference]]:
    return len(world.tables.progress), check_progress(world.topics, world.tables)


def _needs(world: World) -> tuple[Counter[str], list[Difference]]:
    right = expected_needs(verdicts(world.topics).applied.values(), world.on, world.now)
    by_kind = Counter(dict.fromkeys(KINDS, 0))  # that none was compared is shown too
    by_kind.update(need.kind for need in right)
    found = check_needs(right, world.tables)
    if not right:
        found.append(Difference("needs", "nothing to compare", "all", "the events give no need"))
    return by_kind, found


def _needs_topic(world: World) -> tuple[int, list[Difference]]:
    compared = len(world.topics.needs)
    return compared, check_needs_topic(world.topics, world.tables, world.event_key)


def _evidence(world: World) -> tuple[int, list[Difference]]:
    compared = sum(len(row.evidence) for row in standing(world.tables))
    return compared, check_evidence(world.topics, world.tables)


def _known(world: World) -> tuple[int, list[Difference]]:
    assert world.ledger is not None
    forgotten = {
        event.subject
        for event in world.topics.events
        if event.type == ERASURE and event.content["decision"] == "erase"
    }
    return len(world.ledger.known), check_known(world.ledger.known, world.tables, forgotten)


# In the order of the flow, so that the first difference is nearest to its cause.
CHECKS = (
    Check("something", frozenset({"tables"}), _something),
    Check("sources", frozenset({"sources"}), _sources),
    Check("operators", frozenset({"tables"}), _operators),
    Check("ledger", frozenset({"sources", "ledger"}), _ledger),
    Check("topics", frozenset(), _topics),
    Check("quarantine", frozenset({"tables"}), _quarantine),
    Check("facts", frozenset({"tables"}), _facts),
    Check("progress", frozenset({"tables"}), _progress),
    Check("needs", frozenset({"tables"}), _needs),
    Check("needs-topic", frozenset({"tables"}), _needs_topic),
    Check("evidence", frozenset({"tables"}), _evidence),
    Check("known-people", frozenset({"tables", "ledger"}), _known),
)
