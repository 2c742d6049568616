"""What is said of needs, and when nothing is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from connectors.needs.translate import translate
from connectors.source import SourceRecord
from projections.keystore import ERASED
from projections.needs_store import NeedRow, StoredNeed, Writes
from schemas.ids import Keys, text
from schemas.sealing import open_sealed
from streams.decision import Decider, need_id
from streams.lifecycle import holding
from streams.person import people
from streams.rules.uz import PACK
from streams.saying import Waiting, writes
from tests.unit.streams.rules.world import NOW, ON, World, couple, ident, single

KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
DECIDER = Decider(KEYS, PACK.by_kind(), PACK.name)
KEY = b"k" * 32


def say(
    world: World, stored: Iterable[NeedRow] = (), on: date = ON, key: bytes = KEY
) -> tuple[Writes, list[NeedRow]]:
    """Judge ``world`` after ``stored`` was said; return what is written, and all rows then."""
    last = {row.need: row for row in stored}
    persons = people(holding(world.facts, NOW), world.opened)
    assessments = world.assess(on)
    drafts = DECIDER.decide(
        assessments,
        {need: _stored(row) for need, row in last.items()},
        persons,
        {ident("1she"): b"cause" + bytes(11)},
        on,
    )
    found = writes(
        drafts,
        assessments,
        before=[],
        waiting=Waiting(1),
        keys=KEYS,
        keys_of=lambda names: dict.fromkeys(names, key),
    )
    return found, list({**last, **{row.need: row for row in found.needs}}.values())


def _stored(row: NeedRow) -> StoredNeed:
    return StoredNeed(*row[:11], row.reason_digest, row.evidence)


def statuses(found: Writes) -> dict[str, str]:
    return {row.kind: f"{row.status} {row.version}" for row, _ in found.said}


def test_a_need_is_detected_changed_ended_and_detected_again() -> None:
    first, rows = say(single().disabled("1she", 2))
    again, rows = say(single().disabled("1she", 2), rows)
    changed, rows = say(single().disabled("1she", 1), rows)
    ended, rows = say(single(), rows)
    silent, rows = say(single(), rows)
    back, _ = say(single().disabled("1she", 1), rows)

    assert statuses(first) == {"disability_support": "detected 1"}
    assert statuses(again) == {}
    assert again.needs == []
    assert statuses(changed) == {"disability_support": "changed 2"}
    assert statuses(ended) == {"disability_support": "ended 3"}
    assert statuses(silent) == {}
    assert statuses(back) == {"disability_support": "detected 4"}
    said = (first, changed, ended, back)
    changes = [json.loads(found.outbox[0])["change"] for found in said]
    assert changes == ["CREATED", "CORRECTED", "ENDED", "CORRECTED"]


def test_since_stays_until_the_need_ends() -> None:
    later, much_later = date(2026, 3, 20), date(2026, 4, 20)
    world = replace(couple(0), tax=date(2026, 12, 31))

    _, rows = say(world)
    richer = replace(couple(100_000), tax=world.tax)
    _, changed = say(richer, rows, later)
    ended, _ = say(replace(couple(9_000_000), tax=world.tax), changed, later)
    silent, _ = say(world, rows, much_later)

    assert {row.since for row in changed} == {ON}
    assert {row.since for row in ended.needs} == {later}
    assert not silent.said


def test_reviews_are_counted_from_the_beginning() -> None:
    _, rows = say(replace(couple(0), tax=date(2027, 12, 31)))
    reviews = {row.kind: row.review_on for row in rows}
    assert reviews["family_low_income"] == date(2026, 9, 10)

    moved, _ = say(replace(couple(0), tax=date(2027, 12, 31)), rows, date(2026, 9, 10))

    assert {row.review_on for row, _ in moved.said} == {date(2027, 3, 10)}
    pensioner, _ = say(single(born="1950-01-01", soum=0))
    assert {row.kind: row.review_on for row in pensioner.needs}["family_state_supported"] == date(
        2027, 3, 10
    )


def test_a_household_is_judged_again_when_a_review_is_due() -> None:
    world = replace(couple(0), tax=date(2026, 2, 28))
    foretold = world.assess()[0].next_change_on

    assert foretold == date(2026, 6, 1)  # the months become too old
    found, rows = say(world, on=date(2026, 5, 20))
    assert found.assessments[0].next_change_on == foretold
    later = replace(world, tax=date(2027, 12, 31))
    found, _ = say(later, rows, date(2026, 11, 5))
    assert found.assessments[0].next_change_on == date(2026, 11, 20)


def test_a_month_without_that_day_has_its_last() -> None:
    _, rows = say(couple(0), on=date(2026, 3, 31))

    assert {row.review_on for row in rows if row.kind == "family_low_income"} == {date(2026, 9, 30)}


def test_the_need_of_somebody_dead_ends_with_the_death_as_evidence() -> None:
    world = single().disabled("1she", 2)
    _, rows = say(world)

    ended, _ = say(world.died("1she", "2026-03-01"), rows)

    assert ended.needs[0].evidence == [ident("event death 1she 1")]
    assert ended.said[0][1] == b"cause" + bytes(11)


def test_a_message_becomes_the_event_it_says() -> None:
    found, _ = say(single().disabled("1she", 2))
    row = found.needs[0]
    need = need_id(ident("1she"), "disability_support")

    content = json.loads(found.outbox[0])
    draft = translate(SourceRecord(f"need/{text(need)}/1", found.outbox[0], content))

    assert draft.type == "hub.need_detected"
    assert (draft.subject, draft.version, draft.change) == (ident("1she"), 1, "CREATED")
    assert draft.fields["since"] == date(2024, 1, 1)
    assert draft.corrects is None
    assert row.event_id == KEYS.event_id("hub", draft.source_key)
    block = open_sealed(KEY, row.event_id, "needs", draft.presealed["needs"])
    plain = content["fields"] | {"needs": block}
    assert draft.content_digest == KEYS.content_digest(
        draft.type, draft.subject, draft.change, plain
    )


def test_a_later_version_corrects_the_one_before() -> None:
    _, rows = say(single().disabled("1she", 2))
    found, _ = say(single(), rows)
    need = text(need_id(ident("1she"), "disability_support"))

    record = SourceRecord(f"need/{need}/2", b"", json.loads(found.outbox[0]))

    assert translate(record).corrects == f"need/{need}/1"
    assert translate(record).change == "ENDED"


def test_for_the_erased_it_is_said_that_but_not_why() -> None:
    found, _ = say(single().disabled("1she", 2), key=ERASED)

    message = json.loads(found.outbox[0])
    assert found.needs[0].reason == b""
    assert message["sealed"] is None
    assert "group" not in found.outbox[0].decode()
    draft = translate(SourceRecord("need/x/1", b"", message))
    assert draft.presealed == {}
    # As if there were no block: a digest over the reason would tell whether a guess at it is right.
    assert draft.content_digest == KEYS.content_digest(
        draft.type, draft.subject, draft.change, message["fields"] | {"needs": None}
    )


def test_every_decision_has_one_leaf_over_what_leaves() -> None:
    found, _ = say(couple(0, ("2015-01-01",)))

    assert len(found.leaves) == len(found.outbox) == len(found.said) == 2
    assert {leaf["event"] for leaf in found.leaves} == {text(row.event_id) for row, _ in found.said}
