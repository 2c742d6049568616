"""Has every decision of an operator left, and is each what the contract says? Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ops.verify.facts import ERASURE, OPERATOR_TYPES
from ops.verify.ids import event_id, record_id
from ops.verify.values import Difference, Event, Tables, Topics
from schemas.topics import OPERATOR

CHECK = "operators"


def check_operators(topics: Topics, tables: Tables, event_key: bytes) -> list[Difference]:
    """Compare hub.operator.events.v1 with the outbox that it comes from."""
    events = [event for event in topics.events if event.place.topic == OPERATOR]
    found: list[Difference] = []
    if len(events) != tables.decisions:
        kind = "decision lost" if len(events) < tables.decisions else "decision from nowhere"
        detail = f"{len(events)} on the topic, {tables.decisions} in the outbox"
        found.append(Difference(CHECK, kind, OPERATOR, detail))
    for event in events:
        found += _one(event, event_key)
    return found


def _one(event: Event, event_key: bytes) -> Iterator[Difference]:
    if event.type not in OPERATOR_TYPES:
        return  # the check of the topics says so
    content = event.content
    if event.type == ERASURE:
        right_subject = event.subject
        record = f"erasure/{event.subject}/{content['sensitivity']}/{content['decision']}"
    else:
        right_subject = content["person"]
        record = f"identity/{content['alias']}"
    for name, is_, right in (
        ("subject", event.subject, right_subject),
        ("record", event.record, record_id(event_key, "hub", record)),
        ("id", event.id, event_id(event_key, "hub", f"{record}/{event.version}")),
    ):
        if is_ != right:
            detail = f"event {event.id} ({event.type}) has {is_}, the contract gives {right}"
            yield Difference(CHECK, name, str(event.place), detail)
