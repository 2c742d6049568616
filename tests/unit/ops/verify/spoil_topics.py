"""Ways to spoil sources, ledger and topics, one thing at a time."""

from __future__ import annotations

from dataclasses import replace

from ops.verify.compare import World
from ops.verify.ids import digest, keyed, raw
from ops.verify.values import (
    SUPERSEDED,
    Event,
)
from tests.unit.ops.verify.makers import (
    DIGEST_KEY,
    EVENT_KEY,
    headers,
    person,
)

NOBODY = person(99)


def event_of(whole: World, type_: str) -> Event:
    return next(event for event in whole.topics.events if event.type == type_)


def lose_an_event(whole: World) -> None:
    whole.topics.events.remove(event_of(whole, "civil.marriage_registered"))


def double_an_event(whole: World) -> None:
    whole.topics.events.append(event_of(whole, "civil.marriage_registered"))


def double_an_event_as_a_copy(whole: World) -> None:
    event = event_of(whole, "civil.marriage_registered")
    place = event.place._replace(offset=1000)
    whole.topics.events.append(replace(event, place=place))


def mistranslate_a_field(whole: World) -> None:
    """The connector wrote another amount, and its digest fits what it wrote."""
    event = event_of(whole, "tax.income_reported")
    event.content["gross_minor"] *= 100
    event.digest = digest(DIGEST_KEY, event.type, event.subject, event.change, event.content)


def mistranslate_without_digest(whole: World) -> None:
    event_of(whole, "tax.income_reported").content["gross_minor"] += 1


def name_another_subject(whole: World) -> None:
    event = event_of(whole, "health.disability_assessed")
    event.subject, event.key = NOBODY, raw(NOBODY)
    event.headers = headers(event)


def state_another_change(whole: World) -> None:
    event_of(whole, "civil.birth_registered").change = "CORRECTED"


def state_another_type(whole: World) -> None:
    event = event_of(whole, "civil.marriage_registered")
    event.type = "civil.divorce_registered"
    event.content["divorced_on"] = event.content.pop("married_on")


def leave_a_gap(whole: World) -> None:
    event = whole.topics.events[3]
    event.sequence += 1000


def leave_a_gap_in_a_partition(whole: World) -> None:
    event = whole.topics.events[3]
    event.partition_sequence += 1


def run_time_backwards(whole: World) -> None:
    whole.topics.events[3].recorded_at -= 1_000_000


def put_into_another_partition(whole: World) -> None:
    event = event_of(whole, "civil.marriage_registered")
    event.place = event.place._replace(partition=(event.place.partition + 1) % 4, offset=500)


def give_another_key(whole: World) -> None:
    event_of(whole, "civil.marriage_registered").key = raw(NOBODY)


def forget_a_header(whole: World) -> None:
    event = event_of(whole, "civil.marriage_registered")
    event.headers = {**event.headers, "ce_type": b"civil.divorce_registered"}


def date_it_otherwise(whole: World) -> None:
    event_of(whole, "civil.marriage_registered").occurred_at += 1


def seal_under_another_key(whole: World) -> None:
    event_of(whole, "civil.birth_registered").unopened = ("identity: the key differs",)


def lose_an_entry(whole: World) -> None:
    whole.topics.entries.pop()


def call_a_fault_otherwise(whole: World) -> None:
    whole.topics.entries[0] = replace(whole.topics.entries[0], rule="text")


def invent_an_entry(whole: World) -> None:
    entry = whole.topics.entries[1]
    whole.topics.entries.append(replace(entry, id=keyed(EVENT_KEY, "x"), source_key="income/7/9"))


def publish_a_repeat(whole: World) -> None:
    tax = next(source for source in whole.sources if source.registry == "tax")
    tax.stated.discard("income/7/1")
    tax.repeated.add("income/7/1")


def lose_a_source_record(whole: World) -> None:
    whole.sources[0].stated.discard("birth/1/1")


def skip_a_tax_file(whole: World) -> None:
    assert whole.ledger is not None
    whole.ledger.refused.add("income-2026-08-0009.csv")


def stop_half_way(whole: World) -> None:
    assert whole.ledger is not None
    civil = whole.ledger.events[0]
    whole.ledger.events[0] = civil._replace(fate=SUPERSEDED)


def raise_the_version(whole: World) -> None:
    event_of(whole, "civil.marriage_registered").version = 2


def call_the_record_otherwise(whole: World) -> None:
    event_of(whole, "tax.income_reported").record = NOBODY


def lose_a_decision(whole: World) -> None:
    whole.topics.events.remove(event_of(whole, "hub.identity_linked"))


def decide_about_another(whole: World) -> None:
    event_of(whole, "hub.identity_linked").content["alias"] = NOBODY


def decide_for_another(whole: World) -> None:
    event_of(whole, "hub.identity_linked").content["person"] = NOBODY
