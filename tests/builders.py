"""Events for tests: only what matters is said, the rest is made up the same way every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kafka import KafkaProducer

from schemas.catalogue import catalogue
from schemas.codec import encode
from schemas.ids import ZERO, Id, PersonId, days, uuid8

DAY = days(date(2024, 3, 1))
NOW = 1_750_000_000_000_000  # microseconds

_SOURCES = {"hub.source_complete": "tax"}


def some_id(name: object) -> Id:
    """An id, the same for the same name."""
    return uuid8(hashlib.sha256(str(name).encode()).digest())


def person(name: object) -> PersonId:
    return PersonId(some_id(f"person {name}"))


_FIELDS: dict[str, dict[str, Any]] = {
    "civil.person_identifier_assigned": {
        "born_on": DAY,
        "sex": "F",
        "district": "1726",
        "provisional": None,
        "identity": b"sealed",
    },
    "civil.birth_registered": {
        "born_on": DAY,
        "sex": "F",
        "district": "1726",
        "mother": person("mother"),
        "father": person("father"),
        "identity": b"sealed",
    },
    "civil.death_registered": {"died_on": DAY, "district": "1726"},
    "civil.marriage_registered": {"spouse": person("spouse"), "married_on": DAY},
    "civil.divorce_registered": {"spouse": person("spouse"), "divorced_on": DAY},
    "civil.name_changed": {"changed_on": DAY, "identity": b"sealed"},
    "civil.residence_registered": {
        "district": "1726",
        "dwelling": some_id("dwelling"),
        "kind": "home",
        "from_on": DAY,
        "until_on": None,
        "contact": b"sealed",
    },
    "civil.guardianship_established": {
        "guardian": person("guardian"),
        "from_on": DAY,
        "until_on": DAY + 30,
    },
    "tax.employment_started": {
        "employer": some_id("employer"),
        "started_on": DAY,
        "identity": None,
    },
    "tax.employment_ended": {"employer": some_id("employer"), "ended_on": DAY, "identity": None},
    "tax.income_reported": {
        "employer": some_id("employer"),
        "month": DAY,
        "gross_minor": 500_000_00,
        "identity": None,
    },
    "tax.self_employment_registered": {
        "activity": "trade",
        "registered_on": DAY,
        "ended_on": None,
        "identity": None,
    },
    "tax.property_registered": {
        "property": some_id("property"),
        "kind": "house",
        "share_percent": 50,
        "registered_on": DAY,
        "identity": None,
    },
    "tax.benefit_paid": {
        "benefit": "child",
        "month": DAY,
        "amount_minor": 300_000_00,
        "identity": None,
    },
    "health.patient_linked": {
        "person": person("linked"),
        "reason": "identifier",
        "identity": b"sealed",
    },
    "health.disability_assessed": {"assessed_on": DAY, "health": b"sealed"},
    "health.condition_diagnosed": {"diagnosed_on": DAY, "health": b"sealed"},
    "health.pregnancy_registered": {"registered_on": DAY, "health": b"sealed"},
    "health.care_dependency_assessed": {"assessed_on": DAY, "health": b"sealed"},
    "health.psychological_support_referred": {"referred_on": DAY, "health": b"sealed"},
    "hub.identity_linked": {
        "alias": person("alias"),
        "person": person("subject"),
        "reason": "same passport",
    },
    "hub.identity_unlinked": {
        "alias": person("alias"),
        "person": person("subject"),
        "reason": "another man",
    },
    "hub.source_complete": {"registry": "tax", "through": DAY, "snapshot": True},
}
REGISTRY_TYPES = tuple(_FIELDS)


def record(
    event_type: str = "tax.income_reported",
    subject: bytes = person("subject"),
    meta: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """An event as the codec takes it; whatever is not said is in order."""
    said = dict(meta or {})
    if event_type == "hub.source_complete":
        subject = ZERO
    event_id = said.get("id", some_id((event_type, subject, said.get("sequence"))))
    return {
        "meta": {
            "id": event_id,
            "record": some_id((event_id, "record")),
            "version": 1,
            "source": _SOURCES.get(event_type, event_type.partition(".")[0]),
            "subject": subject,
            "type": event_type,
            "occurred_at": DAY * 86_400_000_000,
            "recorded_at": NOW,
            "change": "CREATED",
            "corrects": None,
            "sequence": 1,
            "partition_sequence": 1,
            "digest": some_id((event_id, "digest")),
            "correlation_id": event_id,
            "causation_id": None,
        }
        | said,
        **(_FIELDS[event_type] | fields),
    }


@dataclass(slots=True)
class TopicWriter:
    """Writes numbered events to one topic as a connector does: in transactions."""

    producer: KafkaProducer
    topic: str
    schema_ids: Mapping[str, int]  # by event type
    sequences: dict[int, int] = field(default_factory=dict)  # last number by partition

    def write(
        self, partition: int, records: Iterable[dict[str, Any]], *, abort: bool = False
    ) -> None:
        """Number ``records`` and write them in one transaction."""
        last = self.sequences.get(partition, 0)
        self.producer.begin_transaction()
        for each in records:
            last += 1
            meta = each["meta"] | {"partition_sequence": last, "sequence": last}
            self.send(partition, meta["subject"], self.encode(each | {"meta": meta}))
        if abort:
            self.producer.flush()
            self.producer.abort_transaction()
            return
        self.producer.commit_transaction()
        self.sequences[partition] = last

    def write_raw(
        self, partition: int, values: Iterable[tuple[bytes | None, bytes | None]]
    ) -> None:
        """Write (key, value) pairs as they are, in one transaction."""
        self.producer.begin_transaction()
        for key, value in values:
            self.send(partition, key, value)
        self.producer.commit_transaction()

    def encode(self, each: dict[str, Any]) -> bytes:
        row = catalogue()[each["meta"]["type"]]
        return encode(row, self.schema_ids[row.name], each)

    def send(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        self.producer.send(self.topic, value=value, key=key, partition=partition)


def transactional_producer(
    client_config: Mapping[str, Any], transactional_id: str
) -> KafkaProducer:
    producer = KafkaProducer(
        **client_config,
        transactional_id=transactional_id,
        linger_ms=5,
        batch_size=131_072,
    )
    producer.init_transactions()
    return producer
