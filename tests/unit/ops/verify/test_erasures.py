"""What verify makes of erasures: facts, records, what waits, and whom the hand did not know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.verify.check_needs import check_known
from ops.verify.check_operators import check_operators
from ops.verify.facts import facts_of
from ops.verify.pending import not_erased
from ops.verify.picture import fold
from ops.verify.seals import Keys
from ops.verify.values import Event, Known, NeedRow, Tables, Topics
from tests.unit.ops.verify.makers import (
    ALIAS,
    DISABLED,
    ELDER,
    EVENT_KEY,
    MOTHER,
    NOW,
    Maker,
)
from tests.unit.ops.verify.test_decode import avro, decoded


def erasure(subject: str, decision: str = "erase", sensitivity: str = "health") -> Event:
    content = {"sensitivity": sensitivity, "decision": decision, "basis": "a law", "until": None}
    key = f"erasure/{subject}/{sensitivity}/{decision}/1"
    said = Maker().say("hub", key, "hub.identity_linked", subject, content)
    return replace(said, type="hub.erasure_decided")


@pytest.mark.parametrize(
    ("decision", "kind"),
    [("erase", "erased"), ("restrict", "restricted"), ("refuse", "erasure_refused")],
)
def test_a_decision_is_one_fact_at_whom_it_is_about(decision: str, kind: str) -> None:
    (stated,) = facts_of(erasure(DISABLED, decision))

    assert (stated.person, stated.kind) == (DISABLED, kind)
    assert stated.value == b'{"basis":"a law","class":"health","until":null}'


def test_each_class_and_decision_is_a_record_of_its_own() -> None:
    event = erasure(DISABLED)
    topics = Topics(events=[event])

    assert check_operators(topics, Tables(decisions=1), EVENT_KEY) == []
    other = replace(event, content=event.content | {"sensitivity": "tax"})
    found = check_operators(Topics(events=[other]), Tables(decisions=1), EVENT_KEY)
    assert [one.kind for one in found] == ["record", "id"]


def test_a_decision_waits_for_the_key_store() -> None:
    topics = Topics(events=[erasure(DISABLED), erasure(ELDER, "refuse")])

    assert not_erased(topics, frozenset()) == ["1 erasures wait for the key store"]
    assert not_erased(topics, frozenset({(DISABLED, "tax")})) != []
    assert not_erased(topics, frozenset({(DISABLED, "health")})) == []


def test_a_decision_makes_nobody_a_person() -> None:
    assert fold([erasure(ALIAS, sensitivity="quarantine")], NOW) == {}


def test_a_block_that_was_left_out_has_no_digest_to_compare() -> None:
    late = decoded(avro(identity=None), Keys({}, {(MOTHER, "identity")}))
    never = decoded(avro(identity=None), Keys({}, set()))

    assert isinstance(late, Event)
    assert isinstance(never, Event)
    assert late.unopened == ("identity: erased",)
    assert never.unopened == ()


def row(person: str, household: str) -> NeedRow:
    return NeedRow(
        "n", 1, person, household, "k", "ended", None, (), "e", "2026-01-01", None, "low"
    )


def test_the_hand_did_not_know_of_an_erasure() -> None:
    known = [Known(who, who, (("k", None),)) for who in (DISABLED, ELDER, MOTHER)]
    tables = Tables(needs=[row(DISABLED, "h"), row(ELDER, "h"), row(MOTHER, "i")])

    everybody = check_known(known, tables)
    left = check_known(known, tables, {DISABLED})

    assert len(everybody) == 3
    assert [MOTHER in one.where for one in left] == [True]
