"""A small world in which everything is equal, made of values; a test spoils one thing in it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from ops.verify.check_topics import _OCCURRED, _micros
from ops.verify.compare import World
from ops.verify.facts import closure_of, completeness_of, facts_of
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
from ops.verify.needs import expected_needs
from ops.verify.values import (
    Entry,
    Event,
    Expected,
    FactRow,
    Known,
    Ledger,
    NeedRow,
    Place,
    Planted,
    Progress,
    Source,
    Tables,
    Topics,
)
from schemas.topics import EVENTS, NEEDS, QUARANTINE

EVENT_KEY, DIGEST_KEY, PERSON_KEY = (bytes([number]) * 32 for number in (1, 2, 3))
ON = date(2026, 9, 30)
PARTITIONS = 4
MIDNIGHT = 20_700 * 86_400_000_000
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
        topic = EVENTS.get(registry, NEEDS)
        if partition is None:
            partition = partition_of(raw(subject), PARTITIONS)
        if version is None:
            stem, _, last = source_key.rpartition("/")
            version = int(last)
            record_key = record_key or stem
        lane = topic, partition
        self._sequences[registry] += 1
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
            recorded_at=MIDNIGHT + self._sequences[registry],
            change=change,
            corrects=None,
            sequence=self._sequences[registry],
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

    def quarantine(self, registry: str, source_key: str, rule: str) -> None:
        place = Place(QUARANTINE, 0, len(self.entries))
        id_ = entry_id(EVENT_KEY, registry, source_key)
        self.entries.append(Entry(place, id_, registry, source_key, rule, None))
        self.sources[registry].stated.add(source_key)

    def complete(self, registry: str) -> None:
        for partition in range(PARTITIONS):
            content = {"registry": registry, "through": "2026-08-31", "snapshot": True}
            key = f"source_complete/2026-08-31/first/{partition}"
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


def born(make: Maker, number: int, who: str, born_on: str, sex: str) -> None:
    name = {"pinfl": f"{number:014d}", "surname": "A", "given_name": "B"}
    make.civil(
        "person",
        number,
        "person_identifier_assigned",
        who,
        born_on=born_on,
        sex=sex,
        district="1703202",
        identity=name,
    )


def lives(make: Maker, number: int, who: str, dwelling: str, kind: str = "home") -> None:
    make.civil(
        "residence",
        number,
        "residence_registered",
        who,
        district="1703202",
        dwelling=dwelling,
        kind=kind,
        from_on="2020-01-01",
        until_on=None,
        contact={"address": "Navoiy 1"},
    )


def country() -> Maker:
    """A poor family of four, an old woman alone, a disabled man alone."""
    make = Maker()
    everybody = (
        (MOTHER, "1992-03-01", "F", 1),
        (FATHER, "1990-02-03", "M", 1),
        (INFANT, "2024-05-01", "F", 1),
        (CHILD, "2015-05-01", "M", 1),
        (ELDER, "1950-01-01", "F", 2),
        (DISABLED, "1985-01-01", "M", 3),
    )
    for number, (who, born_on, sex, house) in enumerate(everybody, 1):
        born(make, number, who, born_on, sex)
        lives(make, number, who, home(house))
    make.civil("marriage", 1, "marriage_registered", MOTHER, spouse=FATHER, married_on="2014-01-01")
    for number, (child, born_on, sex) in enumerate(
        ((INFANT, "2024-05-01", "F"), (CHILD, "2015-05-01", "M")), 1
    ):
        make.civil(
            "birth",
            number,
            "birth_registered",
            child,
            born_on=born_on,
            sex=sex,
            district="1703202",
            mother=MOTHER,
            father=FATHER,
            identity={"surname": "A"},
        )
    make.tax(
        "employment", 1, "employment_started", FATHER, employer=EMPLOYER, started_on="2020-02-01"
    )
    for row, month in enumerate(("2026-06-01", "2026-07-01", "2026-08-01"), 1):
        gross = {"employer": EMPLOYER, "month": month, "gross_minor": 50_000_000}
        make.tax("income", row, "income_reported", FATHER, **gross)
    make.health(
        "Patient/p-6", "patient_linked", ALIAS, person=DISABLED, reason="identifier", identity=None
    )
    make.health(
        "Observation/o-1",
        "disability_assessed",
        ALIAS,
        assessed_on="2024-01-01",
        health={"group": 2, "until": "2027-01-01"},
    )
    make.quarantine("civil", "death/9/1", "date")
    make.quarantine("tax", "income/7/4", "number")
    for registry in EVENTS:
        make.complete(registry)
    return make


def world(make: Maker | None = None) -> World:
    """Everything that follows from the events, all of it equal."""
    make = make or country()
    needs = expected_needs(make.events, ON)
    rows = []
    for need in sorted(needs):
        id_ = keyed(EVENT_KEY, "test", need.person, need.kind)
        evidence = (make.events[0].id, make.events[1].id)
        content = {
            "need": id_,
            "household": need.household,
            "kind": need.kind,
            "status": "detected",
            "since": "2026-09-30",
            "review_on": None,
            "urgency": "usual",
            "amount_minor": need.amount_minor,
            "rule": "rule",
            "needs": {"reason": need.kind},
        }
        event = make.say("hub", f"need/{id_}/1", "hub.need_detected", need.person, content)
        rows.append(
            NeedRow(
                id_,
                1,
                need.person,
                need.household,
                need.kind,
                "detected",
                need.amount_minor,
                evidence,
                event.id,
            )
        )
    topics = Topics(
        partitions=dict.fromkeys((*EVENTS.values(), NEEDS), PARTITIONS),
        events=make.events,
        needs=make.needs,
        entries=make.entries,
    )
    for item in (*make.events, *make.needs):
        lane = item.place.topic, item.place.partition
        topics.records[lane] = topics.records.get(lane, 0) + 1
    return World(
        event_key=EVENT_KEY,
        digest_key=DIGEST_KEY,
        on=ON,
        topics=topics,
        sources=list(make.sources.values()),
        tables=tables_of(topics, rows),
        ledger=ledger_of(make),
    )


def tables_of(topics: Topics, needs: list[NeedRow]) -> Tables:
    tables = Tables(needs=needs, history={event.id for event in topics.needs})
    lanes: dict[tuple[str, int], list[Event]] = {}
    for event in topics.events:
        lanes.setdefault((event.place.topic, event.place.partition), []).append(event)
        for fact in facts_of(event):
            tables.facts.append(
                FactRow(
                    event.id,
                    fact,
                    event.recorded_at,
                    event.record,
                    event.version,
                    event.change,
                    event.digest,
                    event.place,
                )
            )
        if (closure := closure_of(event)) is not None:
            tables.closures.append(closure)
        if (complete := completeness_of(event)) is not None:
            tables.completeness.append(complete)
    for (topic, partition), events in lanes.items():
        last = events[-1]
        tables.progress.append(
            Progress(
                topic,
                partition,
                last.place.offset + 2,  # a transaction marker follows
                last.partition_sequence,
                len(events),
                0,
                0,
            )
        )
    return tables


def ledger_of(make: Maker) -> Ledger:
    return Ledger(
        events=[
            Expected(
                event.id,
                event.source,
                make.keys[event.id],
                event.type,
                event.subject,
                event.change,
                event.digest,
            )
            for event in make.events
            if event.type != "hub.source_complete"
        ],
        planted=[
            Planted(entry.id, entry.source, entry.source_key, entry.rule) for entry in make.entries
        ],
        known=[
            Known(
                "disabled and alone",
                DISABLED,
                (
                    ("disability_support", None),
                    ("family_state_supported", None),
                    ("lonely_care", None),
                    ("material_assistance", 42_000_000),
                ),
            )
        ],
    )
