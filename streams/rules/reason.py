"""Why: a tree of conditions, each with its value, its threshold and the events behind it. Pure.

A condition is met, missed, or *unknown*: what was not reported is never read as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from schemas.ids import text

MET: Final = "met"
MISSED: Final = "missed"
UNKNOWN: Final = "unknown"
NEAR_PERCENT: Final = 10  # a miss by no more than this is a near miss


@dataclass(slots=True)
class Condition:
    """One node of a reason."""

    name: str
    result: str
    value: object = None  # numbers, text or a date
    threshold: object = None
    unit: str | None = None
    person: bytes | None = None  # whom it is about, if not the household
    events: tuple[bytes, ...] = ()
    parts: tuple[Condition, ...] = ()
    volatile: bool = False  # the value moves with the calendar: no change of substance

    @property
    def distance(self) -> int | None:
        """By how much the value lies above the threshold; below is negative."""
        if isinstance(self.value, int) and isinstance(self.threshold, int):
            return self.value - self.threshold
        return None

    @property
    def is_near(self) -> bool:
        """A miss by a tenth of the threshold or less."""
        gap = self.distance
        if gap is None or self.result != MISSED or not isinstance(self.threshold, int):
            return False
        if self.volatile:  # an age comes near by waiting; an answer must not change unseen
            return False
        return abs(gap) * 100 <= self.threshold * NEAR_PERCENT


def both(name: str, *parts: Condition) -> Condition:
    """Return the condition that every part is met; a sure miss outweighs what is unknown."""
    results = {part.result for part in parts}
    result = MISSED if MISSED in results else UNKNOWN if UNKNOWN in results else MET
    return Condition(name, result, parts=parts)


def either(name: str, *parts: Condition) -> Condition:
    """Return the condition that one part at least is met."""
    results = {part.result for part in parts}
    result = MET if MET in results else UNKNOWN if UNKNOWN in results else MISSED
    return Condition(name, result, parts=parts)


def test(name: str, *, holds: bool | None, **details: Any) -> Condition:
    """Return a condition that holds, does not, or (None) cannot be said."""
    return Condition(name, UNKNOWN if holds is None else MET if holds else MISSED, **details)


def walk(condition: Condition) -> Iterator[Condition]:
    """Return the condition and all below it."""
    yield condition
    for part in condition.parts:
        yield from walk(part)


def missing(condition: Condition) -> Iterator[Condition]:
    """Return the conditions for which a need is none; below one that is met, nothing matters."""
    if condition.result == MET:
        return
    yield condition
    for part in condition.parts:
        yield from missing(part)


def evidence(condition: Condition) -> list[bytes]:
    """Return the events that the tree rests on, sorted, each once."""
    return sorted({event for node in walk(condition) for event in node.events})


def as_json(condition: Condition) -> dict[str, Any]:
    """Return the tree as JSON values; what is absent is left out."""
    node = _content(condition, as_json)
    if (gap := condition.distance) is not None:
        node["distance"] = gap
    if condition.is_near:
        node["near_miss"] = True
    if condition.events:
        node["events"] = [text(event) for event in sorted(condition.events)]
    return node


def substance(condition: Condition) -> dict[str, Any]:
    """Return what differs if a reason is another: no events, nothing that only time moves."""
    node = _content(condition, substance)
    if condition.volatile:
        node.pop("value", None)
    return node


def _content(condition: Condition, below: Callable[[Condition], dict[str, Any]]) -> dict[str, Any]:
    node: dict[str, Any] = {"condition": condition.name, "result": condition.result}
    if condition.value is not None:
        value = condition.value
        node["value"] = value.isoformat() if isinstance(value, date) else value
    if condition.threshold is not None:
        limit = condition.threshold
        node["threshold"] = limit.isoformat() if isinstance(limit, date) else limit
    if condition.unit is not None:
        node["unit"] = condition.unit
    if condition.person is not None:
        node["person"] = text(condition.person)
    if condition.parts:
        node["parts"] = [below(part) for part in condition.parts]
    return node
