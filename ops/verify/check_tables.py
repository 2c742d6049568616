"""Are the tables the fold of the topics? Pure.

Values of facts are never shown, only the name of the field that differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from ops.verify.facts import closure_of, completeness_of, facts_of, replacement_of
from ops.verify.ids import raw
from ops.verify.values import Difference, Event, Fact, FactRow, Place, Tables, Topics
from schemas.topics import CONSUMED, EVENTS

FACTS, PROGRESS, QUARANTINE = "facts", "progress", "quarantine"
_TOPICS = frozenset(CONSUMED.values())
Lane = tuple[str, int]


@dataclass(slots=True)
class Verdicts:
    """What a reader of the registry topics must do with each record."""

    applied: dict[str, Event] = field(default_factory=dict)  # by event id
    suppressed: Counter[Lane] = field(default_factory=Counter)
    quarantined: dict[Place, str] = field(default_factory=dict)  # and the rule it breaks


def verdicts(topics: Topics) -> Verdicts:
    """Return which records are applied, which are repeats, and which break the contract."""
    found = Verdicts()
    for broken in topics.broken:
        if broken.place.topic in _TOPICS:
            found.quarantined[broken.place] = broken.rule
    for event in topics.events:
        before = found.applied.get(event.id)
        if event.key != raw(event.subject):
            found.quarantined[event.place] = "key_mismatch"
        elif before is None:
            found.applied[event.id] = event
        elif before.digest == event.digest:
            found.suppressed[event.place.topic, event.place.partition] += 1
        else:
            found.quarantined[event.place] = "conflict"
    return found


def check_facts(topics: Topics, tables: Tables) -> list[Difference]:
    """Compare facts, closures, replacements and completeness with the fold of the topics."""
    applied = verdicts(topics).applied
    rows: dict[str, list[FactRow]] = {}
    for row in tables.facts:
        rows.setdefault(row.event_id, []).append(row)
    found: list[Difference] = []
    for id_, event in applied.items():
        found += _event_facts(event, facts_of(event), rows.pop(id_, []))
    for id_, left in rows.items():
        where = f"event {id_} person {left[0].fact.person}"
        detail = f"{len(left)} rows of an event that is not in the topics"
        found.append(Difference(FACTS, "fact from nowhere", where, detail))
    found += _same_rows(
        "closure",
        {one.event_id: one for event in applied.values() if (one := closure_of(event))},
        tables.closures,
    )
    found += _same_rows(
        "completeness",
        {it.event_id: it for event in applied.values() if (it := completeness_of(event))},
        tables.completeness,
    )
    found += _same_rows(
        "replacement",
        {new.event_id: new for event in applied.values() if (new := replacement_of(event))},
        tables.replacements,
    )
    return found


def check_progress(topics: Topics, tables: Tables) -> list[Difference]:
    """Compare the counters per partition: records = applied + suppressed + quarantined."""
    stated = verdicts(topics)
    applied = Counter((e.place.topic, e.place.partition) for e in stated.applied.values())
    quarantined = Counter((place.topic, place.partition) for place in stated.quarantined)
    last: dict[Lane, tuple[int, int]] = {}
    for event in topics.events:
        last[event.place.topic, event.place.partition] = (
            event.place.offset,
            event.partition_sequence,
        )
    rows = {(row.topic, row.partition): row for row in tables.progress}
    found: list[Difference] = []
    lanes = {lane for lane in topics.records if lane[0] in _TOPICS}
    for lane in sorted(lanes | {lane for lane in rows if lane[0] in _TOPICS}):
        where, row = f"{lane[0]}/{lane[1]}", rows.get(lane)
        if row is None:
            found.append(Difference(PROGRESS, "no progress", where, "the partition has records"))
            continue
        offset, sequence = last.get(lane, (-1, 0))
        for name, is_, right in (
            ("events", row.events, applied[lane]),
            ("suppressed", row.suppressed, stated.suppressed[lane]),
            ("quarantined", row.quarantined, quarantined[lane]),
            ("partition_sequence", row.partition_sequence, sequence),
        ):
            if is_ != right:
                found.append(Difference(PROGRESS, name, where, f"{is_}, the topic gives {right}"))
        if row.next_offset <= offset:
            detail = f"next is {row.next_offset}, a record stands at {offset}"
            found.append(Difference(PROGRESS, "next", where, detail))
    return found


def check_quarantine(topics: Topics, tables: Tables) -> list[Difference]:
    """Compare what the streams set aside with what is broken, and with the entries that left."""
    broken = verdicts(topics).quarantined
    rows = {row.place: row for row in tables.quarantined if row.place.topic in _TOPICS}
    found = [
        Difference(QUARANTINE, "broken record not set aside", str(place), f"rule {rule}")
        for place, rule in broken.items()
        if place not in rows
    ]
    entries = {entry.id: entry for entry in topics.entries if entry.source not in EVENTS}
    for place, row in rows.items():
        if place not in broken:
            detail = f"as {row.rule}, but the record keeps the contract"
            found.append(Difference(QUARANTINE, "good record set aside", str(place), detail))
        entry = entries.pop(row.entry, None)
        if entry is None:
            detail = f"entry {row.entry} did not leave"
            found.append(Difference(QUARANTINE, "entry missing", str(place), detail))
        elif entry.rule != row.rule:
            detail = f"entry {row.entry} says {entry.rule}, the table {row.rule}"
            found.append(Difference(QUARANTINE, "entry rule", str(place), detail))
    for entry in entries.values():
        detail = f"entry {entry.id} has no row in live.quarantined"
        found.append(Difference(QUARANTINE, "entry from nowhere", str(entry.place), detail))
    for other in topics.broken:
        if other.place.topic not in _TOPICS:
            detail = f"the hub's own record breaks {other.rule}"
            found.append(Difference(QUARANTINE, "broken record", str(other.place), detail))
    return found


def _event_facts(event: Event, right: list[Fact], rows: list[FactRow]) -> Iterator[Difference]:
    where = f"event {event.id} ({event.type}) at {event.place}"
    if len(rows) != len(right):
        kind = "fact missing" if len(rows) < len(right) else "fact too many"
        detail = f"{len(rows)} rows of {len(right)}; person {event.subject}"
        yield Difference(FACTS, kind, where, detail)
        return
    if not rows:
        return
    expected, stated = sorted(right, key=_order), sorted((row.fact for row in rows), key=_order)
    if expected != stated:
        one, other = next(
            (one, other) for one, other in zip(stated, expected, strict=True) if one != other
        )
        name = _field(one, other)
        yield Difference(FACTS, name, where, f"person {other.person}, fact {other.kind}")
    for row in rows:
        for name, is_, is_right in (
            ("known_from", row.known_from, event.recorded_at),
            ("record", row.record, event.record),
            ("version", row.version, event.version),
            ("change", row.change, event.change),
            ("digest", row.digest, event.digest),
            ("place", row.place, event.place),
        ):
            if is_ != is_right:
                detail = f"person {row.fact.person}, fact {row.fact.kind}: {is_}, not {is_right}"
                yield Difference(FACTS, name, where, detail)


def _order(fact: Fact) -> tuple[Any, ...]:
    days = fact.valid_from or "", fact.valid_to or ""
    return fact.kind, fact.person, fact.value, fact.sealed or b"", days


def _field(one: Fact, other: Fact) -> str:
    """Return which part of two facts differs; of a value, the names in it, never what they say."""
    name = next(name for name in Fact._fields if getattr(one, name) != getattr(other, name))
    if name != "value":
        return name
    first, second = orjson.loads(one.value), orjson.loads(other.value)
    parts = [part for part in sorted({*first, *second}) if first.get(part) != second.get(part)]
    return f"value.{parts[0]}" if parts else "value"


def _same_rows(what: str, right: dict[str, Any], rows: Iterable[Any]) -> Iterator[Difference]:
    """Compare rows that stand for one event each, by event id."""
    stated: dict[str, Any] = {row.event_id: row for row in rows}
    for id_, row in right.items():
        is_ = stated.pop(id_, None)
        if is_ is None:
            yield Difference(FACTS, f"{what} missing", f"event {id_}", "the topic states it")
        elif is_ != row:
            name = next(n for n in row._fields if getattr(is_, n) != getattr(row, n))
            detail = f"{getattr(is_, name)}, the topic gives {getattr(row, name)}"
            yield Difference(FACTS, f"{what} {name}", f"event {id_}", detail)
    for id_ in stated:
        detail = "the topic states none"
        yield Difference(FACTS, f"{what} from nowhere", f"event {id_}", detail)
