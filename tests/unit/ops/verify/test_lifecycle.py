"""Which events hold, and who is who, by docs/lifecycle.md."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from ops.verify.lifecycle import CIVIL_WINDOW, holding
from ops.verify.links import links_of
from ops.verify.values import Event
from tests.unit.ops.verify.makers import MOTHER, NOW, Maker, person

A, B = person(1), person(2)
ALIAS, OTHER = person(50), person(51)
HOUR = 3_600_000_000


def death(make: Maker, number: int, revision: int = 1, **options: Any) -> Event:
    return make.civil(
        *("death", number, "death_registered", A),
        revision=revision,
        died_on="2026-09-01",
        district="1",
        **options,
    )


def marriage(make: Maker, number: int, revision: int = 1, **options: Any) -> Event:
    return make.civil(
        *("marriage", number, "marriage_registered", A),
        revision=revision,
        spouse=B,
        married_on="2026-09-01",
        **options,
    )


def held(events: list[Event], now: int = NOW) -> set[str]:
    found = {frozenset(event.id for event in holding(order, now)) for order in _orders(events)}
    assert len(found) == 1  # whatever the order of arrival
    return set(found.pop())


def _orders(events: list[Event]) -> list[tuple[Event, ...]]:
    return list(permutations(events))


def test_an_annulled_marriage_holds_on_until_its_window_has_passed() -> None:
    make = Maker()
    first = marriage(make, 1)
    void = marriage(make, 1, 2, change="ANNULLED")

    settled = void.recorded_at + 72 * HOUR
    assert held(make.events, settled - 1) == {first.id}
    assert held(make.events, settled) == set()
    assert settled == void.recorded_at + CIVIL_WINDOW


def test_a_cancelled_death_counts_at_once() -> None:
    make = Maker()
    death(make, 1)
    void = death(make, 1, 2, change="ANNULLED")

    assert held(make.events, void.recorded_at) == set()


def test_a_replaced_record_is_gone_at_once_whichever_of_its_events_is_named() -> None:
    for named in (0, 1):
        make = Maker()
        marriage(make, 1)
        void = marriage(make, 1, 2, change="ANNULLED")
        new = marriage(make, 2)
        new.corrects = make.events[named].id

        assert held(make.events, void.recorded_at) == {new.id}


def test_only_version_1_of_another_record_replaces() -> None:
    make = Maker()
    first = marriage(make, 1)
    void = marriage(make, 1, 2, change="ANNULLED")
    void.corrects = first.id  # its own record
    other = marriage(make, 2, 2)
    other.corrects = first.id  # not version 1

    assert held(make.events, void.recorded_at) == {first.id, other.id}


def test_no_record_replaces_itself() -> None:
    make = Maker()
    first = marriage(make, 1)
    void = marriage(make, 1, 2, change="ANNULLED")
    first.corrects = void.id

    assert held(make.events, void.recorded_at) == {first.id}


def test_a_replacement_that_is_replaced_again_leaves_the_last() -> None:
    make = Maker()
    marriage(make, 1)
    marriage(make, 1, 2, change="ANNULLED")
    second = marriage(make, 2)
    second.corrects = make.events[0].id
    marriage(make, 2, 2, change="ANNULLED")
    third = marriage(make, 3)
    third.corrects = second.id

    assert held(make.events) == {third.id}


def test_of_two_annulments_in_a_row_the_first_that_counts_is_enough() -> None:
    make = Maker()
    marriage(make, 1)
    void = marriage(make, 1, 2, change="ANNULLED")
    deleted = marriage(make, 1, 3, change="ANNULLED")
    deleted.recorded_at = void.recorded_at + 50 * HOUR

    assert held(make.events, void.recorded_at + 71 * HOUR) == {make.events[0].id}
    assert held(make.events, void.recorded_at + 72 * HOUR) == set()


def test_a_record_that_is_valid_again_holds() -> None:
    make = Maker()
    marriage(make, 1)
    marriage(make, 1, 2, change="ANNULLED")
    again = marriage(make, 1, 3)

    assert held(make.events, NOW + 99 * HOUR) == {again.id}


def test_an_annulment_of_which_nothing_before_was_seen_leaves_nothing() -> None:
    make = Maker()
    void = marriage(make, 1, 2, change="ANNULLED")

    assert held(make.events, void.recorded_at) == set()


def test_health_and_tax_correct_within_the_record() -> None:
    make = Maker()
    make.health("Observation/1", "disability_assessed", A, assessed_on="2026-09-01", health=None)
    void = make.health(
        *("Observation/1", "disability_assessed", A, 2),
        assessed_on="2026-09-01",
        health=None,
        change="ANNULLED",
    )

    assert held(make.events, void.recorded_at) == set()


def linked(make: Maker, patient: str, alias: str, to: str | None, version: int = 1) -> Event:
    reason = "identifier" if to else "none"
    return make.health(
        f"Patient/{patient}", "patient_linked", alias, version, person=to, reason=reason,
        identity=None,
    )  # fmt: skip


def test_an_operator_goes_before_registries() -> None:
    make = Maker()
    linked(make, "p", ALIAS, A)
    assert links_of(make.events) == {ALIAS: A}

    make.decide("linked", 5, ALIAS, B)
    assert links_of(make.events) == {ALIAS: B}

    linked(make, "p", ALIAS, A, 2)  # said again, later
    assert links_of(holding(make.events, NOW)) == {ALIAS: B}


def test_unlinked_from_one_person_a_registry_may_still_name_another() -> None:
    make = Maker()
    linked(make, "p", ALIAS, A)
    make.decide("unlinked", 5, ALIAS, A)
    assert links_of(make.events) == {}

    linked(make, "q", ALIAS, B)
    assert links_of(make.events) == {ALIAS: B}


def test_the_last_decision_about_an_alias_holds() -> None:
    make = Maker()
    make.decide("linked", 5, ALIAS, A)
    make.decide("unlinked", 7, ALIAS, A)
    make.decide("linked", 6, ALIAS, B)  # arrives late

    assert links_of(holding(make.events, NOW)) == {}


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_of_several_registries_the_link_known_last_counts(order: tuple[str, str]) -> None:
    make = Maker()
    for number, to in enumerate(order):
        linked(make, f"p{number}", ALIAS, to)
    assert links_of(make.events) == {ALIAS: order[1]}

    for event in make.events:
        event.recorded_at = 5
    last = max(make.events, key=lambda event: event.id)
    assert links_of(make.events) == {ALIAS: last.content["person"]}


def test_a_number_given_later_links_the_birth() -> None:
    make = Maker()
    make.civil(
        *("person", 1, "person_identifier_assigned", MOTHER),
        born_on="2026-01-01",
        sex="F",
        district="1",
        provisional=OTHER,
        identity=None,
    )

    assert links_of(make.events) == {OTHER: MOTHER}
