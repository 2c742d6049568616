"""What the law kept of somebody who was forgotten is due on the day after, and not before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from ops.privacy.erase import over_now, planned
from projections.deadlines import due, kept
from projections.erasures import Category, Decided, carry_out, decide
from projections.keystore import ERASED, PostgresKeyStore
from tests.integration.assessment.country import KEYS, Country, person
from tests.integration.privacy.coming import ON, RULES, Coming
from tests.integration.privacy.test_erasures import ALI, LATER, ali, coming, leaves_of

__all__ = ["ali", "coming"]

# By docs/privacy.md and the table of this build: needs three years, tax five, from the decision.
NEEDS_LAST, TAX_LAST = date(2029, 3, 10), date(2031, 3, 10)
NEEDS_OVER, TAX_OVER = date(2029, 3, 11), date(2031, 3, 11)
IDS = {UUID(bytes=ALI), UUID(bytes=person("8patient"))}


def asked_on(coming: Coming, on: date) -> list[Decided]:
    """Decide as `hub person erase` does on a day."""
    found = coming.linked("1ali")
    plan = planned(found, [], RULES, kept(coming.connection, found.ids), on)
    return decided(coming, plan, on)


def decided(coming: Coming, plan: Sequence[Category], on: date) -> list[Decided]:
    return decide(coming.connection, KEYS, plan, "asked for it", "tester", on)


def due_on(coming: Coming, on: date) -> set[tuple[UUID, str]]:
    return {(one.person, one.sensitivity) for one in due(kept(coming.connection), on)}


@pytest.fixture
def forgotten(ali: Country, coming: Coming, store: PostgresKeyStore) -> Coming:
    store.keys([(ALI, "needs"), (ALI, "tax")])
    assert all(one.is_new for one in asked_on(coming, ON))
    coming.come_through()
    carry_out(coming.connection, store, RULES, LATER)
    return coming


def test_each_class_on_its_day(forgotten: Coming) -> None:
    assert due_on(forgotten, NEEDS_LAST) == set()
    assert due_on(forgotten, NEEDS_OVER) == {(one, "needs") for one in IDS}
    assert due_on(forgotten, TAX_LAST) == {(one, "needs") for one in IDS}
    both = {(one, name) for one in IDS for name in ("needs", "tax")}
    assert due_on(forgotten, TAX_OVER) == both


def test_asking_again_does_not_make_it_longer(forgotten: Coming) -> None:
    again = asked_on(forgotten, date(2027, 6, 1))

    assert [one.is_new for one in again] == [False] * len(again)
    assert due_on(forgotten, NEEDS_OVER) == {(one, "needs") for one in IDS}


@pytest.mark.parametrize("command", ["due", "erase"])
def test_what_is_over_is_erased_once(
    forgotten: Coming, store: PostgresKeyStore, command: str
) -> None:
    def decide_it() -> list[Decided]:
        if command == "erase":
            return asked_on(forgotten, NEEDS_OVER)
        found = due(kept(forgotten.connection), NEEDS_OVER)
        plan = [over_now(one.person, RULES[one.sensitivity]) for one in found]
        return decided(forgotten, plan, NEEDS_OVER)

    fresh = [one for one in decide_it() if one.is_new]
    assert {(one.category.subject, one.category.rule.sensitivity) for one in fresh} == {
        (one, "needs") for one in IDS
    }
    assert not any(one.is_new for one in decide_it()), "decided, and not yet come through"
    forgotten.come_through()
    assert carry_out(forgotten.connection, store, RULES, LATER) == 2

    assert store.existing([(ALI, "needs")]) == {(ALI, "needs"): ERASED}
    assert store.existing([(ALI, "tax")])[ALI, "tax"] != ERASED
    assert due_on(forgotten, NEEDS_OVER) == set()
    assert not any(one.is_new for one in decide_it())
    told = [leaf for leaf in leaves_of(forgotten.connection, "key") if leaf["class"] == "needs"]
    assert [leaf["what"] for leaf in told].count("key_erased") == 2
    assert leaves_of(forgotten.connection, "operator")[-1]["decisions"] == {"needs": "erase"}


def test_a_court_keeps_it_longer(forgotten: Coming, store: PostgresKeyStore) -> None:
    rule = replace(RULES["needs"], law="Court order")
    plan = [Category(one, rule, NEEDS_OVER) for one in IDS]
    assert all(one.is_new for one in decided(forgotten, plan, ON))
    forgotten.come_through()
    carry_out(forgotten.connection, store, RULES, LATER)

    assert due_on(forgotten, NEEDS_OVER) == set()
    assert due_on(forgotten, date(2029, 3, 12)) == {(one, "needs") for one in IDS}


def test_a_restriction_alone_just_ends(
    ali: Country, coming: Coming, store: PostgresKeyStore
) -> None:
    """Nobody asked to be forgotten: nothing is due, and whoever may look may look again."""
    bek = person("2bek")
    key = store.keys([(bek, "health")])
    rule = replace(RULES["needs"], sensitivity="health", law="Court order")
    decided(coming, [Category(UUID(bytes=bek), rule, NEEDS_LAST)], ON)
    coming.come_through()
    carry_out(coming.connection, store, RULES, LATER)

    assert due_on(coming, TAX_OVER) == set()
    assert store.readable(key, "welfare", NEEDS_LAST) == {(bek, "health"): ERASED}
    assert store.readable(key, "welfare", NEEDS_OVER) == key
