"""Spoil one thing in a world where all is equal: verify must name it first, and exit with 1."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ops.verify.compare import CHECKS, World, compare
from ops.verify.ids import ZERO_ID, keyed
from ops.verify.needs import KINDS
from ops.verify.report import Report, report_on
from ops.verify.values import (
    RACING,
    Planted,
)
from tests.unit.ops.verify import spoil_tables, spoil_topics
from tests.unit.ops.verify.makers import EVENT_KEY, FATHER, MOTHER, home
from tests.unit.ops.verify.worlds import country, world


def judged(spoiled: World, only: str | None = None) -> Report:
    return report_on(spoiled, compare(spoiled, only), 0.0)


SPOILED: list[tuple[Callable[[World], None], str, str]] = [
    (spoil_topics.lose_an_event, "sources", "lost"),
    (spoil_topics.double_an_event, "topics", "gap in partition_sequence"),
    (spoil_topics.double_an_event_as_a_copy, "topics", "gap in partition_sequence"),
    (spoil_topics.mistranslate_a_field, "ledger", "digest"),
    (spoil_topics.mistranslate_without_digest, "topics", "digest"),
    (spoil_topics.name_another_subject, "ledger", "subject"),
    (spoil_topics.state_another_change, "ledger", "change"),
    (spoil_topics.state_another_type, "ledger", "type"),
    (spoil_topics.leave_a_gap, "topics", "gap in sequence"),
    (spoil_topics.leave_a_gap_in_a_partition, "topics", "gap in partition_sequence"),
    (spoil_topics.run_time_backwards, "topics", "recorded_at runs backwards"),
    (spoil_topics.put_into_another_partition, "topics", "gap in partition_sequence"),
    (spoil_topics.give_another_key, "topics", "key"),
    (spoil_topics.forget_a_header, "topics", "header"),
    (spoil_topics.date_it_otherwise, "topics", "header"),
    (spoil_topics.seal_under_another_key, "topics", "sealed block"),
    (spoil_topics.lose_an_entry, "sources", "lost"),
    (spoil_topics.call_a_fault_otherwise, "ledger", "quarantine rule"),
    (spoil_topics.invent_an_entry, "sources", "quarantined from nowhere"),
    (spoil_topics.publish_a_repeat, "sources", "repeat not suppressed"),
    (spoil_topics.lose_a_source_record, "sources", "published from nowhere"),
    (spoil_topics.skip_a_tax_file, "ledger", "refused files"),
    (spoil_topics.stop_half_way, "ledger", "event that cannot be"),
    (spoil_topics.raise_the_version, "sources", "version"),
    (spoil_topics.call_the_record_otherwise, "sources", "record"),
    (spoil_tables.change_a_fact, "facts", "value.employer"),
    (spoil_tables.change_a_seal, "facts", "sealed"),
    (spoil_tables.end_a_residence_early, "facts", "valid_to"),
    (spoil_tables.drop_a_fact, "facts", "fact missing"),
    (spoil_tables.double_a_fact, "facts", "fact too many"),
    (spoil_tables.invent_a_fact, "facts", "fact from nowhere"),
    (spoil_tables.know_a_fact_earlier, "facts", "known_from"),
    (spoil_tables.drop_a_closure, "facts", "closure missing"),
    (spoil_tables.drop_a_replacement, "facts", "replacement missing"),
    (spoil_tables.replace_another, "facts", "replacement replaced"),
    (spoil_topics.lose_a_decision, "operators", "decision lost"),
    (spoil_topics.decide_about_another, "operators", "record"),
    (spoil_topics.decide_for_another, "operators", "subject"),
    (spoil_tables.change_a_completeness, "facts", "completeness through"),
    (spoil_tables.suppress_too_much, "progress", "suppressed"),
    (spoil_tables.count_too_few, "progress", "events"),
    (spoil_tables.set_a_good_record_aside, "quarantine", "good record set aside"),
    (spoil_tables.overlook_a_broken_record, "quarantine", "broken record not set aside"),
    (spoil_tables.drop_a_need, "needs", "need missing"),
    (spoil_tables.pay_another_amount, "needs", "amount_minor"),
    (spoil_tables.name_another_household, "needs", "household"),
    (spoil_tables.find_it_earlier, "needs", "since"),
    (spoil_tables.review_it_later, "needs", "review_on"),
    (spoil_tables.call_it_less_urgent, "needs", "urgency"),
    (spoil_tables.end_a_need, "needs", "need missing"),
    (spoil_tables.cite_nothing, "evidence", "no evidence"),
    (spoil_tables.cite_what_does_not_exist, "evidence", "no such event"),
    (spoil_tables.invent_a_need, "needs", "need too many"),
    (spoil_tables.give_a_need_twice, "needs", "need twice"),
    (spoil_tables.lose_a_need_event, "needs topic", "row without event"),
    (spoil_tables.forget_the_history, "needs topic", "history"),
    (spoil_tables.say_another_status, "needs topic", "status"),
    (spoil_tables.expect_more_for_a_known_person, "known people", "need missing"),
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


def test_how_many_needs_of_each_kind_were_judged_again_is_told() -> None:
    report = judged(world())

    assert report.needs_compared == dict.fromkeys(KINDS, 0) | {
        "family_low_income": 1,
        "family_state_supported": 2,
        "child_benefit": 2,
        "material_assistance": 2,
        "disability_support": 1,
        "lonely_care": 2,
    }
    assert report.as_json()["needs_compared"] == report.needs_compared


def test_needs_that_no_event_gives_are_no_success() -> None:
    whole = world()
    whole.topics.events.clear()
    whole.tables.needs.clear()

    kinds = [one.kind for one in judged(whole, "needs").differences]

    assert kinds == ["nothing to compare"]


def test_a_partition_that_does_not_fit_the_key_is_named() -> None:
    whole = world()
    spoil_topics.put_into_another_partition(whole)

    kinds = {one.kind for one in judged(whole, "topics").differences}

    assert "partition" in kinds


def test_an_id_that_stands_twice_is_named() -> None:
    whole = world()
    spoil_topics.double_an_event_as_a_copy(whole)

    found = [one for one in judged(whole, "topics").differences if one.kind == "events: id twice"]

    assert len(found) == 1
    assert "@1000" in found[0].where


def test_a_repeat_on_the_topic_must_be_counted_as_suppressed() -> None:
    whole = world()
    spoil_topics.double_an_event_as_a_copy(whole)

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
