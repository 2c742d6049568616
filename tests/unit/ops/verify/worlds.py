"""A small world in which everything is equal; a test spoils one thing in it."""

from __future__ import annotations

from typing import Any

from ops.verify.compare import World
from ops.verify.facts import closure_of, completeness_of, facts_of, replacement_of
from ops.verify.ids import (
    keyed,
)
from ops.verify.needs import expected_needs, urgency_of
from ops.verify.values import (
    Event,
    Expected,
    FactRow,
    Known,
    Ledger,
    NeedRow,
    Planted,
    Progress,
    Tables,
    Topics,
)
from schemas.topics import EVENTS, NEEDS, OPERATOR
from tests.unit.ops.verify.makers import (
    ALIAS,
    CHILD,
    DIGEST_KEY,
    DISABLED,
    ELDER,
    EMPLOYER,
    EVENT_KEY,
    FATHER,
    INFANT,
    MOTHER,
    NOW,
    ON,
    PARTITIONS,
    PERSON_KEY,
    Maker,
    home,
)


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
    name: dict[str, Any] = {"changed_on": "2026-09-01", "identity": None}
    wrong = make.civil("name_change", 1, "name_changed", ELDER, **name)
    make.civil("name_change", 1, "name_changed", ELDER, revision=2, change="ANNULLED", **name)
    make.civil("name_change", 2, "name_changed", ELDER, **name).corrects = wrong.id
    make.decide("linked", 1, keyed(PERSON_KEY, "fhir.patient", "p-8"), DISABLED)
    make.quarantine("civil", "death/9/1", "date")
    make.quarantine("tax", "income/7/4", "number")
    for registry in EVENTS:
        make.complete(registry)
    return make


def world(make: Maker | None = None) -> World:
    """Everything that follows from the events, all of it equal."""
    make = make or country()
    needs = expected_needs(make.events, ON, NOW)
    rows = []
    for need in sorted(needs, key=lambda need: need[:2]):
        id_ = keyed(EVENT_KEY, "test", need.person, need.kind)
        evidence = (make.events[0].id, make.events[1].id)
        content = {
            "need": id_,
            "household": need.household,
            "kind": need.kind,
            "status": "detected",
            "since": need.since or "2026-09-30",
            "review_on": need.review_on,
            "urgency": urgency_of(need.kind),
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
                need.since or "2026-09-30",
                need.review_on,
                urgency_of(need.kind),
            )
        )
    topics = Topics(
        partitions=dict.fromkeys((*EVENTS.values(), NEEDS), PARTITIONS) | {OPERATOR: 1},
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
        now=NOW,
        topics=topics,
        sources=list(make.sources.values()),
        tables=tables_of(topics, rows),
        ledger=ledger_of(make),
    )


def tables_of(topics: Topics, needs: list[NeedRow]) -> Tables:
    tables = Tables(needs=needs, history={event.id for event in topics.needs})
    tables.decisions = sum(event.place.topic == OPERATOR for event in topics.events)
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
        if (replacement := replacement_of(event)) is not None:
            tables.replacements.append(replacement)
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
            if event.type != "hub.source_complete" and event.place.topic != OPERATOR
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
