"""Spoil one thing in a world where all is equal: verify must name it first, and exit with 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ops.verify.compare import CHECKS, World, compare
from ops.verify.facts import canonical
from ops.verify.ids import ZERO_ID, digest, keyed, raw
from ops.verify.report import Report, report_on
from ops.verify.values import (
    RACING,
    SUPERSEDED,
    Broken,
    Complete,
    Event,
    Place,
    Planted,
    Quarantined,
)
from schemas.topics import EVENTS
from tests.unit.ops.verify.worlds import (
    CHILD,
    DIGEST_KEY,
    EVENT_KEY,
    FATHER,
    MOTHER,
    country,
    headers,
    home,
    person,
    world,
)

NOBODY = person(99)


def judged(spoiled: World, only: str | None = None) -> Report:
    return report_on(spoiled, compare(spoiled, only), 0.0)


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


def change_a_fact(whole: World) -> None:
    number, row = next(
        (n, row) for n, row in enumerate(whole.tables.facts) if row.fact.kind == "income"
    )
    value = canonical({"employer": NOBODY, "month": "2026-06-01", "gross_minor": 50_000_000})
    whole.tables.facts[number] = row._replace(fact=row.fact._replace(value=value))


def change_a_seal(whole: World) -> None:
    row = whole.tables.facts[0]
    whole.tables.facts[0] = row._replace(fact=row.fact._replace(sealed=b"other"))


def end_a_residence_early(whole: World) -> None:
    number, row = next(
        (n, row) for n, row in enumerate(whole.tables.facts) if row.fact.kind == "residence"
    )
    fact = row.fact._replace(valid_to="2026-01-01")
    whole.tables.facts[number] = row._replace(fact=fact)


def drop_a_fact(whole: World) -> None:
    whole.tables.facts.pop()


def double_a_fact(whole: World) -> None:
    whole.tables.facts.append(whole.tables.facts[-1])


def invent_a_fact(whole: World) -> None:
    whole.tables.facts.append(whole.tables.facts[-1]._replace(event_id=NOBODY))


def know_a_fact_earlier(whole: World) -> None:
    whole.tables.facts[0] = whole.tables.facts[0]._replace(known_from=1)


def drop_a_closure(whole: World) -> None:
    whole.tables.closures.pop()


def change_a_completeness(whole: World) -> None:
    row: Complete = whole.tables.completeness[0]
    whole.tables.completeness[0] = row._replace(through="2026-09-30")


def suppress_too_much(whole: World) -> None:
    whole.tables.progress[0] = whole.tables.progress[0]._replace(suppressed=1)


def count_too_few(whole: World) -> None:
    row = whole.tables.progress[0]
    whole.tables.progress[0] = row._replace(events=row.events - 1)


def set_a_good_record_aside(whole: World) -> None:
    place = whole.topics.events[0].place
    whole.tables.quarantined.append(Quarantined(place, NOBODY, "meta", None))


def overlook_a_broken_record(whole: World) -> None:
    place = Place(EVENTS["civil"], 0, 777)
    whole.topics.broken.append(Broken(place, "wire_format"))


def drop_a_need(whole: World) -> None:
    row = next(row for row in whole.tables.needs if row.kind == "lonely_care")
    whole.tables.needs.remove(row)


def change_a_need(whole: World, **fields: object) -> None:
    number, row = next((n, row) for n, row in enumerate(whole.tables.needs) if row.person == CHILD)
    whole.tables.needs[number] = row._replace(**fields)  # type: ignore[arg-type]


def pay_another_amount(whole: World) -> None:
    change_a_need(whole, amount_minor=36_000_000)


def name_another_household(whole: World) -> None:
    change_a_need(whole, household=NOBODY)


def end_a_need(whole: World) -> None:
    change_a_need(whole, status="ended")


def cite_nothing(whole: World) -> None:
    change_a_need(whole, evidence=())


def cite_what_does_not_exist(whole: World) -> None:
    change_a_need(whole, evidence=(NOBODY,))


def invent_a_need(whole: World) -> None:
    row = whole.tables.needs[0]
    whole.tables.needs.append(row._replace(need=NOBODY, person=MOTHER, kind="lonely_care"))


def give_a_need_twice(whole: World) -> None:
    whole.tables.needs.append(whole.tables.needs[0]._replace(need=NOBODY))


def lose_a_need_event(whole: World) -> None:
    event = whole.topics.needs.pop()  # the last of its partition: no sequence tells
    assert event.change == "CREATED"


def forget_the_history(whole: World) -> None:
    whole.tables.history.pop()


def say_another_status(whole: World) -> None:
    event = whole.topics.needs[0]
    event.content["status"] = "changed"
    event.digest = digest(DIGEST_KEY, event.type, event.subject, event.change, event.content)


def expect_more_for_a_known_person(whole: World) -> None:
    assert whole.ledger is not None
    known = whole.ledger.known[0]
    needs = (*known.needs, ("child_benefit", 1))
    whole.ledger.known[0] = known._replace(needs=needs)


SPOILED: list[tuple[Callable[[World], None], str, str]] = [
    (lose_an_event, "sources", "lost"),
    (double_an_event, "topics", "gap in partition_sequence"),
    (double_an_event_as_a_copy, "topics", "gap in partition_sequence"),
    (mistranslate_a_field, "ledger", "digest"),
    (mistranslate_without_digest, "topics", "digest"),
    (name_another_subject, "ledger", "subject"),
    (state_another_change, "ledger", "change"),
    (state_another_type, "ledger", "type"),
    (leave_a_gap, "topics", "gap in sequence"),
    (leave_a_gap_in_a_partition, "topics", "gap in partition_sequence"),
    (run_time_backwards, "topics", "recorded_at runs backwards"),
    (put_into_another_partition, "topics", "gap in partition_sequence"),
    (give_another_key, "topics", "key"),
    (forget_a_header, "topics", "header"),
    (date_it_otherwise, "topics", "header"),
    (seal_under_another_key, "topics", "sealed block"),
    (lose_an_entry, "sources", "lost"),
    (call_a_fault_otherwise, "ledger", "quarantine rule"),
    (invent_an_entry, "sources", "quarantined from nowhere"),
    (publish_a_repeat, "sources", "repeat not suppressed"),
    (lose_a_source_record, "sources", "published from nowhere"),
    (skip_a_tax_file, "ledger", "refused files"),
    (stop_half_way, "ledger", "event that cannot be"),
    (raise_the_version, "sources", "version"),
    (call_the_record_otherwise, "sources", "record"),
    (change_a_fact, "facts", "value.employer"),
    (change_a_seal, "facts", "sealed"),
    (end_a_residence_early, "facts", "valid_to"),
    (drop_a_fact, "facts", "fact missing"),
    (double_a_fact, "facts", "fact too many"),
    (invent_a_fact, "facts", "fact from nowhere"),
    (know_a_fact_earlier, "facts", "known_from"),
    (drop_a_closure, "facts", "closure missing"),
    (change_a_completeness, "facts", "completeness through"),
    (suppress_too_much, "progress", "suppressed"),
    (count_too_few, "progress", "events"),
    (set_a_good_record_aside, "quarantine", "good record set aside"),
    (overlook_a_broken_record, "quarantine", "broken record not set aside"),
    (drop_a_need, "needs", "need missing"),
    (pay_another_amount, "needs", "amount_minor"),
    (name_another_household, "needs", "household"),
    (end_a_need, "needs", "need missing"),
    (cite_nothing, "evidence", "no evidence"),
    (cite_what_does_not_exist, "evidence", "no such event"),
    (invent_a_need, "needs", "need too many"),
    (give_a_need_twice, "needs", "need twice"),
    (lose_a_need_event, "needs topic", "row without event"),
    (forget_the_history, "needs topic", "history"),
    (say_another_status, "needs topic", "status"),
    (expect_more_for_a_known_person, "known people", "need missing"),
]


def test_a_world_left_alone_is_equal() -> None:
    report = judged(world())

    assert (report.outcome, report.exit_code, report.first) == ("equal", 0, None)
    assert [check.name for check in report.checks] == [check.name for check in CHECKS]
    assert all(check.compared for check in report.checks)


@pytest.mark.parametrize(
    ("spoil", "check", "kind"), SPOILED, ids=[spoil.__name__ for spoil, _, _ in SPOILED]
)
def test_what_is_spoiled_is_named_first(
    spoil: Callable[[World], None], check: str, kind: str
) -> None:
    whole = world()
    spoil(whole)

    report = judged(whole)

    assert report.first is not None
    assert (report.first.check, report.first.kind) == (check, kind)
    assert (report.outcome, report.exit_code) == ("different", 1)
    shown = str(report.differences)
    assert not any(personal in shown for personal in ("1992-03-01", "Navoiy", f"{1:014d}"))


def test_a_partition_that_does_not_fit_the_key_is_named() -> None:
    whole = world()
    put_into_another_partition(whole)

    kinds = {one.kind for one in judged(whole, "topics").differences}

    assert "partition" in kinds


def test_an_id_that_stands_twice_is_named() -> None:
    whole = world()
    double_an_event_as_a_copy(whole)

    found = [one for one in judged(whole, "topics").differences if one.kind == "events: id twice"]

    assert len(found) == 1
    assert "@1000" in found[0].where


def test_a_repeat_on_the_topic_must_be_counted_as_suppressed() -> None:
    whole = world()
    double_an_event_as_a_copy(whole)

    kinds = [one.kind for one in judged(whole, "progress").differences]

    assert kinds[0] == "suppressed"


@pytest.mark.parametrize("what", ["events", "needs"])
def test_nothing_at_all_is_no_success(what: str) -> None:
    whole = world()
    if what == "events":
        whole.topics.events.clear()
    else:
        whole.tables.needs.clear()

    report = judged(whole)

    assert report.first is not None
    assert report.first.where == what
    assert report.exit_code == 1


def test_how_many_more_of_the_kind_are_told() -> None:
    whole = world()
    whole.tables.needs = [row for row in whole.tables.needs if row.kind != "child_benefit"]

    report = judged(whole, "needs")

    assert report.first is not None
    assert report.first.kind == "need missing"
    assert report.more_of_the_kind == 1


def test_without_a_ledger_the_rest_is_compared() -> None:
    whole = world()
    whole.ledger = None

    report = judged(whole)

    assert report.outcome == "equal"
    assert {"ledger", "known-people"}.isdisjoint(check.name for check in report.checks)


def test_a_civil_revision_replaced_in_a_race_may_be_missing_only_if_a_later_one_came() -> None:
    make = country()
    old = make.civil("death", 5, "death_registered", FATHER, died_on="2090-01-01", district="1")
    new = make.civil(
        "death", 5, "death_registered", FATHER, revision=2, died_on="2091-01-01", district="1"
    )
    whole = world(make)
    assert whole.ledger is not None
    civil = whole.sources[0]
    civil.stated.discard("death/5/1")
    civil.superseded.add("death/5/1")
    whole.ledger.events = [
        row._replace(fate=RACING) if row.id == old.id else row for row in whole.ledger.events
    ]
    assert not judged(whole, "ledger").differences

    whole.topics.events.remove(old)
    assert not judged(whole, "ledger").differences

    whole.topics.events.remove(new)
    assert [one.where for one in judged(whole, "ledger").differences] == [
        "civil death/5/1",
        "civil death/5/2",
    ]


def test_a_deleted_civil_row_leaves_an_annulment_behind() -> None:
    make = country()
    made = make.civil("death", 5, "death_registered", MOTHER, died_on="2090-01-01", district="1")
    void = make.civil(
        "death",
        5,
        "death_registered",
        MOTHER,
        revision=2,
        died_on="2090-01-01",
        district="1",
        change="ANNULLED",
    )
    make.sources["civil"].stated -= {"death/5/1", "death/5/2"}
    whole = world(make)
    assert judged(whole).outcome == "equal"

    whole.topics.events.remove(void)

    first = judged(whole, "sources").first
    assert first is not None
    assert (first.kind, made.id in first.detail) == ("published from nowhere", True)


def test_a_planted_fault_that_nobody_caught_is_named_by_its_source_key() -> None:
    whole = world()
    assert whole.ledger is not None
    whole.ledger.planted.append(
        Planted(keyed(EVENT_KEY, "quarantine", "tax", "income/7/1"), "tax", "income/7/1", "stir")
    )

    first = judged(whole, "ledger").first

    assert first is not None
    assert (first.kind, first.where) == ("quarantine entry missing", "tax income/7/1")


def test_zero_subjects_have_facts_but_are_nobody() -> None:
    make = country()
    make.health(
        "Condition/c-1",
        "condition_diagnosed",
        ZERO_ID,
        2,
        diagnosed_on="2026-09-01",
        health=None,
        change="ANNULLED",
    )

    assert judged(world(make)).outcome == "equal"
    assert home(1) != home(2)
