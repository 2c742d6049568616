"""From records of a topic to records of a feed."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from schemas.catalogue import EventType, catalogue
from schemas.codec import encode
from schemas.errors import TransientError
from schemas.sealing import seal
from streams.chunk import Place
from streams.feeds import shapes
from streams.feeds.compose import Block, Choice, Event, Numbered, Writer, blocks_of, choose
from streams.feeds.cutting import ERASED
from streams.feeds.entitlement import Cover
from streams.feeds.events import events_of, open_blocks
from streams.feeds.places import End, Source
from streams.feeds.pseudonyms import Pseudonyms
from tests.builders import DAY, NOW, person, record, some_id
from tests.unit.streams.feeds.granted import (
    KEY,
    LATER,
    NOON,
    PENSION,
    PLACES,
    entitlement,
)

# -- events


class Facts:
    def __init__(self, places: dict[bytes, tuple[str, int, int]]) -> None:
        self.places = places

    def applied(self, events: Any) -> Any:
        return {event: self.places[event] for event in events if event in self.places}

    def districts(self, persons: Any) -> Any:
        return dict.fromkeys(persons, "1726266")

    def told(self, later: Any, since: Any) -> Any:
        return {each.id: [(moment, "1718") for moment in since] for each in later}


class Raw:
    def __init__(self, offset: int, key: bytes, value: bytes) -> None:
        self.offset, self.key, self.value = offset, key, value


ROW = catalogue()["tax.income_reported"]


def raw(offset: int, event: dict[str, Any], key: bytes | None = None) -> Raw:
    return Raw(offset, key or event["meta"]["subject"], encode(ROW, 7, event))


def test_only_what_was_applied_and_where_it_was_applied() -> None:
    events = [record(meta={"id": some_id(n)}) for n in range(4)]
    events[3]["meta"]["change"] = "ENDED"
    records = [
        raw(0, events[0]),
        raw(1, events[1]),  # quarantined: nowhere applied
        raw(2, events[0]),  # a repeat
        raw(3, events[2], key=person("another")),
        Raw(4, person("x"), b"\0nonsense"),
        raw(5, events[3]),
    ]
    place = Place("tax", 0)
    applied = {events[n]["meta"]["id"]: ("tax", 0, at) for n, at in ((0, 0), (2, 3), (3, 5))}
    facts, types = Facts(applied), {"tax": {7: ROW}}
    wanted = {"tax.income_reported"}
    found = events_of({place: records}, types, wanted, facts, since={NOON})
    assert [event.source.offset for event in found] == [0, 5]
    assert {event.region for event in found} == {"1726266"}
    assert [list(event.told) for event in found] == [[], [(NOON, "1718")]]
    assert events_of({place: records}, types, set(), facts, since=()) == []


class Keys:
    def __init__(self, keys: dict[tuple[bytes, str], bytes]) -> None:
        self.keys = keys
        self.asked: list[str] = []

    def readable(self, wanted: Any, basis: str, on: date) -> Any:
        self.asked.append(basis)
        return {name: self.keys[name] for name in wanted if name in self.keys}


def birth(name: object, block: Any = None) -> Event:
    meta = {"id": some_id(name), "recorded_at": LATER}
    event = record("civil.birth_registered", person(name), meta, identity=None)
    if block is not None:
        event["identity"] = seal(KEY, event["meta"]["id"], "identity", block)
    return Event(Source(PLACES[0], 1), "civil.birth_registered", event, None)


def test_blocks_are_opened_once_and_an_erased_one_says_so() -> None:
    events = [birth("a", {"surname": "A"}), birth("b", {"surname": "B"}), birth("c")]
    chosen = choose(entitlement(PENSION), events)
    wanted = blocks_of("a", chosen)
    assert wanted == {
        Block("pension-law", e.record["meta"]["id"], e.record["meta"]["subject"], "identity")
        for e in events[:2]
    }
    keys = Keys({(person("a"), "identity"): KEY, (person("b"), "identity"): b""})
    opened = open_blocks(events, wanted, keys, NOON.date())
    assert opened["pension-law", some_id("a"), "identity"] == {"surname": "A"}
    assert opened["pension-law", some_id("b"), "identity"] is ERASED
    with pytest.raises(TransientError):
        open_blocks(events, wanted, Keys({}), NOON.date())


# -- records


def ids(topic: str, row: EventType) -> int:
    return 9


def decoded(row: EventType, value: bytes) -> Any:
    from io import BytesIO  # noqa: PLC0415

    import fastavro  # noqa: PLC0415

    return fastavro.schemaless_reader(BytesIO(value[5:]), row.parsed, None)


def test_a_record_holds_what_is_covered_and_nothing_else() -> None:
    name = "civil.birth_registered"
    fields = frozenset({f"{name}.sex", f"{name}.mother", f"{name}.identity"})
    event = birth("a", {"surname": "A"})
    corrected = event.record["meta"] | {"corrects": some_id("before")}
    event = event._replace(record=event.record | {"meta": corrected})
    cover = Cover(UUID(int=1), "law", fields, 0, NOON)
    names = Pseudonyms(KEY, "a")
    opened: dict[tuple[str, bytes, str], Any] = {
        ("law", some_id("a"), "identity"): {"surname": "A", "unheard_of": 1}
    }
    lines = Writer("a", names, ids).compose([Choice(event, cover)], opened, 5, NOW)
    row = shapes.shape("a", name, fields).row
    value = decoded(row, lines.lines[0].value)
    assert value == {
        "feed": {
            "number": 5,
            "event": names.event(some_id("a")),
            "basis": "law",
            "sent_at": NOW,
        },
        "person": names.of(person("a")),
        "change": "CREATED",
        "occurred_at": None,  # the day of birth is not covered
        "corrects": names.event(some_id("before")),
        "sex": "F",
        "mother": names.of(person("mother")),
        "identity": {"pinfl": None, "surname": "A", "given_name": None, "patronymic": None},
        "redacted": [],
    }
    assert lines.next == 6
    assert dict(lines.lines[0].headers)["ce_time"] == b"2025-06-15T15:06:40Z"
    assert str(DAY).encode() not in b"".join(v for _, v in lines.lines[0].headers)


def test_whose_a_patient_is_does_not_hide_which_patient_it_is() -> None:
    """Both are a ``person``: the record's own, and the event's field."""
    name = "health.patient_linked"
    said = {"person": person("b"), "reason": "identifier", "identity": b"sealed"}
    event = birth("a")
    event = event._replace(type=name, record={"meta": event.record["meta"]} | said)
    cover = Cover(UUID(int=1), "law", frozenset({f"{name}.person", f"{name}.reason"}), 0, NOON)
    names = Pseudonyms(KEY, "a")
    lines = Writer("a", names, ids).compose([Choice(event, cover)], {}, 1, NOW)
    value = decoded(shapes.shape("a", name, cover.fields).row, lines.lines[0].value)
    assert (value["person"], value["linked_to"]) == (names.of(person("a")), names.of(person("b")))
    assert value["reason"] == "identifier"
    assert "identity" not in value


def test_what_is_sent_again_keeps_its_numbers() -> None:
    event = birth("a")
    end = End("grant-expired", NOW)
    numbered = [
        Numbered(7, event.source, event),
        Numbered(8, end, None),
        Numbered(9, Source(PLACES[1], 4), None),
        Numbered(10, event.source, event._replace(type="civil.marriage_registered")),
    ]
    lines = Writer("a", Pseudonyms(KEY, "a"), ids).again(numbered, entitlement(PENSION), {}, NOW)
    assert [dict(line.headers)["feed_number"] for line in lines.lines] == [
        b"7",
        b"8",
        b"9",
        b"10",
    ]
    assert [decoded(shapes.withheld("a"), line.value)["rule"] for line in lines.lines[2:]] == [
        "event-gone",
        "event-type-not-in-basis",
    ]
    assert decoded(shapes.ended("a"), lines.lines[1].value)["ended_at"] == NOW
    assert lines.withheld == 2


@pytest.mark.parametrize("name", sorted(shapes.SENT))
def test_every_shape_is_plain_and_dated_by_a_field_it_has(name: str) -> None:
    row = catalogue()[name]
    full = shapes.shape("a", name, frozenset(f"{name}.{field}" for field in row.fields))
    assert set(full.fields) | set(full.blocks) == set(row.fields)
    assert full.is_dated
    dated = shapes.dated_by(name)
    assert dated is None or dated in row.fields
    told = [field["name"] for field in full.row.parsed["fields"]]
    assert len(told) == len(set(told))
    assert '"bytes"' not in full.row.text
    assert "hub.Uuid" not in full.row.text
