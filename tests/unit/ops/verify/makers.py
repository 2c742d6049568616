"""Makes events as the contract wants them, and remembers what the sources hold."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from ops.verify.check_topics import _OCCURRED, _micros
from ops.verify.ids import (
    ZERO_ID,
    digest,
    entry_id,
    event_id,
    iso,
    keyed,
    partition_of,
    person_id,
    raw,
    record_id,
)
from ops.verify.values import (
    Entry,
    Event,
    Place,
    Source,
)
from schemas.topics import EVENTS, NEEDS, OPERATOR, QUARANTINE

EVENT_KEY, DIGEST_KEY, PERSON_KEY = (bytes([number]) * 32 for number in (1, 2, 3))
ON = date(2026, 9, 30)
PARTITIONS = 4
MIDNIGHT = 20_700 * 86_400_000_000
NOW = MIDNIGHT + 86_400_000_000  # a day later: nothing has settled
SETTLED = NOW + 3 * 86_400_000_000
BLOCKS = {"identity", "contact", "health", "needs"}
TAX_KINDS = {"income": 7, "employment": 8}


def person(number: int) -> str:
    return person_id(PERSON_KEY, f"{number:014d}")


MOTHER, FATHER, INFANT, CHILD, ELDER, DISABLED, ALIAS, STRANGER = (
    *(person(number) for number in range(1, 7)),
    keyed(PERSON_KEY, "fhir.patient", "p-6"),
    keyed(PERSON_KEY, "fhir.patient", "p-7"),
)
EMPLOYER = keyed(PERSON_KEY, "uz.stir.org", "200000001")


def home(number: int) -> str:
    return keyed(PERSON_KEY, "uz.address", f"house {number}")


class Maker:
    """Makes events as the contract wants them, and remembers what the sources hold."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.needs: list[Event] = []
        self.entries: list[Entry] = []
        self.sources = {name: Source(name) for name in EVENTS}
        self.keys: dict[str, str] = {}  # event id to source key
        self._offsets: Counter[tuple[str, int]] = Counter()
        self._sequences: Counter[str] = Counter()
        self._lanes: Counter[tuple[str, int]] = Counter()

    def say(  # noqa: PLR0917 - the parts of an event, in the order of the contract
        self,
        registry: str,
        source_key: str,
        type_: str,
        subject: str,
        content: dict[str, Any],
        change: str = "CREATED",
        record_key: str | None = None,
        version: int | None = None,
        partition: int | None = None,
    ) -> Event:
        topic = OPERATOR if type_.startswith("hub.identity") else EVENTS.get(registry, NEEDS)
        if partition is None:
            partition = partition_of(raw(subject), 1 if topic == OPERATOR else PARTITIONS)
        numbered = "operator" if topic == OPERATOR else registry
        if version is None:
            stem, _, last = source_key.rpartition("/")
            version = int(last)
            record_key = record_key or stem
        lane = topic, partition
        self._sequences[numbered] += 1
        self._lanes[lane] += 1
        self._offsets[lane] += 1
        id_ = event_id(EVENT_KEY, registry, source_key)
        field = _OCCURRED.get(type_)
        occurred_at = _micros(f"{content[field]}T00:00:00+00:00") if field else MIDNIGHT
        assert occurred_at is not None
        event = Event(
            place=Place(topic, partition, self._offsets[lane]),
            key=raw(subject),
            headers={},
            id=id_,
            record=record_id(EVENT_KEY, registry, record_key or source_key),
            version=version,
            source=registry,
            subject=subject,
            type=type_,
            occurred_at=occurred_at,
            recorded_at=MIDNIGHT + self._sequences[numbered],
            change=change,
            corrects=None,
            sequence=self._sequences[numbered],
            partition_sequence=self._lanes[lane],
            digest=digest(DIGEST_KEY, type_, subject, change, content),
            correlation_id=id_,
            causation_id=None,
            content=content,
            sealed={
                name: None if value is None else b"sealed " + repr(value).encode()
                for name, value in content.items()
                if name in BLOCKS
            },
        )
        event.headers = headers(event)
        (self.needs if topic == NEEDS else self.events).append(event)
        self.keys[id_] = source_key
        if registry in self.sources and type_ != "hub.source_complete":
            self.sources[registry].stated.add(source_key)
        return event

    def civil(
        self,
        table: str,
        number: int,
        type_: str,
        subject: str,
        *,
        revision: int = 1,
        **content: Any,
    ) -> Event:
        change = content.pop("change", "CREATED" if revision == 1 else "CORRECTED")
        key = f"{table}/{number}/{revision}"
        return self.say("civil", key, f"civil.{type_}", subject, content, change)

    def tax(self, kind: str, row: int, type_: str, subject: str, **content: Any) -> Event:
        manifest = TAX_KINDS[kind]
        day = content.get("month", content.get("started_on"))
        until = 7 if kind == "income" else 10
        record = f"{kind}/{subject}/{content['employer']}/{str(day)[:until]}"
        return self.say(
            "tax",
            f"{kind}/{manifest}/{row}",
            f"tax.{type_}",
            subject,
            content | {"identity": None},
            record_key=record,
            version=manifest * 1_000_000 + row,
        )

    def health(
        self, resource: str, type_: str, subject: str, version: int = 1, **content: Any
    ) -> Event:
        change = content.pop("change", "CREATED" if version == 1 else "CORRECTED")
        event = self.say(
            "health", f"{resource}/{version}", f"health.{type_}", subject, content, change
        )
        self.sources["health"].tail[f"{resource}/{version}"] = (
            f"2026-09-01T00:00:{event.sequence:02d}Z"
        )
        return event

    def decide(self, word: str, at: int, alias: str, person: str) -> Event:
        """Let an operator link or unlink."""
        content = {"alias": alias, "person": person, "reason": "same person"}
        key = f"identity/{alias}/{at}"
        return self.say("hub", key, f"hub.identity_{word}", person, content)

    def quarantine(self, registry: str, source_key: str, rule: str) -> None:
        place = Place(QUARANTINE, 0, len(self.entries))
        id_ = entry_id(EVENT_KEY, registry, source_key)
        self.entries.append(Entry(place, id_, registry, source_key, rule, None))
        self.sources[registry].stated.add(source_key)

    def complete(self, registry: str, through: str = "2026-08-31") -> None:
        for partition in range(PARTITIONS):
            content = {"registry": registry, "through": through, "snapshot": True}
            key = f"source_complete/{through}/first/{partition}"
            self.say(
                registry,
                key,
                "hub.source_complete",
                ZERO_ID,
                content,
                version=1,
                partition=partition,
            )


def headers(event: Event) -> dict[str, bytes]:
    time = iso(event.occurred_at // 86_400_000_000)
    return {
        "ce_specversion": b"1.0",
        "ce_id": event.id.encode(),
        "ce_type": event.type.encode(),
        "ce_source": f"/registries/{event.source}".encode(),
        "ce_subject": event.subject.encode(),
        "ce_time": f"{time}T00:00:00Z".encode(),
        "content-type": b"application/avro",
    }
