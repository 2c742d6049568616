"""A judgement as lines that people can read: what is said, of whom, and by which events.

``name result value / threshold unit ~ of person <- events``; ``~``: it moves with the calendar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from streams.lifecycle import Fact
from streams.rules.reason import Condition
from tests.unit.streams.rules.world import ON, World, ident

NAMES = ("1he", "2she", "3child", "4child", "5other", "6other")


def told(world: World, need: str, on: date = ON) -> str:
    """Return the judgement of ``need``, a kind and a person, with its whole reason."""
    kind, who = need.split()
    people = {ident(name): name for name in NAMES}
    events: dict[bytes, str] = {}
    for fact in world.facts:
        events.setdefault(fact.event_id, _label(fact, people))
    judgement = world.judgements(on)[ident(who), kind]
    assert isinstance(judgement.parameters, str)
    extras = {
        "amount": judgement.amount_minor,
        "by": judgement.parameters or None,
        "since": judgement.since,
        "review on": judgement.review_on,
        "review months": judgement.review_months,
    }
    head = [f"{name} {value}" for name, value in extras.items() if value is not None]
    return "\n".join([*head, *_lines(judgement.reason, people, events)])


def family(soum: int, *born: str) -> World:
    """A married couple; he earns ``soum`` a month; 3child and so on by birth date."""
    world = World().man("1he").woman("2she").married("1he", "2she").earns("1he", soum)
    for name, day in zip(NAMES[2:], born, strict=False):
        world.born(name, day, mother="2she", father="1he")
    return world


def _label(fact: Fact, people: dict[bytes, str]) -> str:
    value = fact.value
    day = fact.valid_from or value.get("month") or value.get("started_on") or value.get("ended_on")
    return " ".join(str(part) for part in (fact.kind, people[fact.person], day) if part)


def _lines(node: Condition, people: dict[bytes, str], events: dict[bytes, str]) -> Iterator[str]:
    line = f"{node.name} {node.result}"
    if node.value is not None:
        line += f" {node.value}"
    if node.threshold is not None:
        line += f" / {node.threshold}"
    if node.unit is not None:
        line += f" {node.unit}"
    if node.volatile:
        line += " ~"
    if node.person is not None:
        line += f" of {people[node.person]}"
    yield line
    for event in node.events:
        yield f"  <- {events[event]}"
    for part in node.parts:
        for below in _lines(part, people, events):
            yield f"  {below}"
