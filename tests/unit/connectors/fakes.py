"""In-memory stand-ins for the relay's Protocols, with faults on demand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from connectors.compose import Composer
from connectors.messages import Composed, Message, Position
from connectors.source import Complete, Cursor, Draft, Page, SourceRecord
from schemas import topics
from schemas.catalogue import schemas_by_topic
from schemas.codec import Decoded, decode
from schemas.errors import InvalidRecord, TransientError
from schemas.ids import Keys, PersonId
from schemas.registry import SchemaIds

KEYS = Keys(person=b"p" * 32, event=b"e" * 32, digest=b"d" * 32)
TAX = topics.EVENTS["tax"]


def schema_ids() -> SchemaIds:
    """Number the schemas as a registry would: one id for one text."""
    numbers: dict[str, int] = {}
    ids = {}
    for topic, rows in schemas_by_topic().items():
        for row in rows:
            ids[topic, row.name] = numbers.setdefault(row.text, len(numbers) + 1)
    return SchemaIds(ids)


class MemoryKeyStore:
    """Makes a key of its own for every name."""

    def __init__(self, erased: Iterable[tuple[bytes, str]] = ()) -> None:
        self.made: set[tuple[bytes, str]] = set()
        self._erased = set(erased)

    def keys(self, wanted: Iterable[tuple[bytes, str]]) -> Mapping[tuple[bytes, str], bytes]:
        names = set(wanted)
        self.made |= names
        return {name: self.key(name) for name in names}

    def key(self, name: tuple[bytes, str]) -> bytes:
        return b"" if name in self._erased else (name[0] + name[1].encode()).ljust(32, b"k")[:32]


class Fault(Enum):
    """How one transaction ends. KEPT is the one people forget: it worked, and nobody heard."""

    NONE = "committed, and we heard so"
    LOST = "aborted"
    KEPT = "committed, but the answer was lost"


@dataclass
class MemoryOutlet:
    faults: Iterator[Fault] = field(default_factory=lambda: iter(()))
    messages: list[Message] = field(default_factory=list)
    committed: Position | None = None
    opened: int = 0

    def open(self) -> Position | None:
        self.opened += 1
        return self.committed

    def publish(self, composed: Composed) -> None:
        fault = next(self.faults, Fault.NONE)
        if fault is not Fault.LOST:
            self.messages += composed.messages
            self.committed = composed.position
        if fault is not Fault.NONE:
            raise TransientError("the answer was lost")

    def close(self) -> None: ...


@dataclass
class ListSource:
    """A registry whose feed is a list; the cursor is how many records were read."""

    records: Sequence[SourceRecord]
    page_size: int = 3
    complete: Complete | None = None
    let_go: list[int] = field(default_factory=list)

    def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
        start = json.loads(cursor) if cursor else 0
        part = self.records[start : start + self.page_size]
        if not part:
            return None
        end = start + len(part)
        complete = self.complete if end == len(self.records) else None
        return Page(part, Cursor(json.dumps(end)), complete)

    def committed(self, cursor: Cursor) -> None:
        self.let_go.append(json.loads(cursor))

    def close(self) -> None: ...


def income(number: int, person: int = 0) -> SourceRecord:
    content = {"number": number, "person": person}
    return SourceRecord(f"income/1/{number}", json.dumps(content).encode(), content)


def bad(number: int) -> SourceRecord:
    return SourceRecord(f"income/1/{number}", b"\xff not json", {"bad": True})


def translate(record: SourceRecord) -> Draft:
    if "bad" in record.content:
        raise InvalidRecord("number", "gross")
    person = PersonId(KEYS.pseudonym("uz.pinfl", str(record.content["person"])))
    return Draft(
        type="tax.income_reported",
        source_key=record.source_key,
        record_key=record.source_key,
        version=1,
        subject=person,
        change="CREATED",
        occurred_on=date(2026, 8, 1),
        fields={
            "employer": KEYS.pseudonym("uz.stir.org", "200000001"),
            "month": date(2026, 8, 1),
            "gross_minor": record.content["number"],
        },
        sealed={"identity": {"stir": "400000001", "name": "Oʻtkir"}},
    )


def composer(partitions: int = 3, key_store: MemoryKeyStore | None = None) -> Composer:
    return Composer(
        registry="tax",
        connector="tax",
        topic=TAX,
        partitions=partitions,
        ids=KEYS,
        schema_ids=schema_ids(),
        key_store=key_store or MemoryKeyStore(),
    )


def events(messages: Sequence[Message]) -> list[Decoded]:
    return [decode(m.value, schema_ids().types(TAX)) for m in messages if m.topic == TAX]


def entries(messages: Sequence[Message]) -> list[Decoded]:
    types = schema_ids().types(topics.QUARANTINE)
    return [decode(m.value, types) for m in messages if m.topic == topics.QUARANTINE]
