"""Lifecycle and identity: versions, annulments, links; and that order never matters."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.identity import LONGEST_CHAIN, canonical, links
from streams.lifecycle import Fact, holding
from streams.rules.reason import as_json
from tests.unit.streams.rules.world import NOW, World, couple, ident


def state(world: World, version: int, latest: int, change: str = "CREATED") -> list[Fact]:
    world.state("r", ("1she", "death", {"died_on": "2020-01-01"}), version=version, change=change)
    world.facts[-1] = world.facts[-1]._replace(latest=latest)
    return holding(world.facts, NOW)


@pytest.mark.parametrize(
    ("version", "latest", "change", "holds"),
    [
        pytest.param(1, 1, "CREATED", True, id="the only version"),
        pytest.param(1, 2, "CREATED", False, id="corrected, or closed, by a higher one"),
        pytest.param(3, 3, "CORRECTED", True, id="the correction"),
        pytest.param(2, 2, "ANNULLED", False, id="void"),
        pytest.param(2, 2, "ENDED", True, id="ended: its end is in its dates"),
    ],
)
def test_the_highest_version_holds(version: int, latest: int, change: str, holds: bool) -> None:
    assert bool(state(World(), version, latest, change)) is holds


def test_links_form_chains() -> None:
    world = World().linked("a", "b").linked("b", "c")

    assert canonical(ident("a"), links(world.facts)) == ident("c")
    assert canonical(ident("c"), links(world.facts)) == ident("c")
    assert canonical(ident("stranger"), links(world.facts)) == ident("stranger")


def test_a_circle_of_links_is_one_person_for_everybody() -> None:
    link = links(World().linked("1a", "2b").linked("2b", "3c").linked("3c", "1a").facts)

    assert {canonical(ident(name), link) for name in ("1a", "2b", "3c")} == {ident("1a")}
    assert links(World().linked("1a", "1a").facts) == {}


def test_a_chain_has_a_longest_length() -> None:
    names = [f"link {number}" for number in range(LONGEST_CHAIN + 10)]
    world = World()
    for one, other in pairwise(names):
        world.linked(one, other)

    assert canonical(ident(names[0]), links(world.facts)) == ident(names[LONGEST_CHAIN])


def test_either_end_of_a_link_is_enough() -> None:
    facts = World().linked("a", "b").facts

    assert links([facts[0]]) == links([facts[1]]) == {ident("a"): ident("b")}


def test_of_two_links_of_one_alias_the_last_known_counts() -> None:
    world = World().linked("a", "b", record="one").linked("a", "c", record="two")
    world.facts[2:] = [
        fact._replace(known_from=fact.known_from.replace(year=2027)) for fact in world.facts[2:]
    ]

    assert links(world.facts) == links(reversed(world.facts)) == {ident("a"): ident("c")}


def crowd() -> World:
    world = couple(1_000_000, ("2010-01-01", "2024-01-01")).employed("1he").disabled("2she", 2)
    world.disabled("2she", 1, since="2023-01-01").linked("alias", "2she")
    world.earns("alias", 10_000).lives("1he", "home").lives("2she", "home")
    world.man("4old", "1950-01-01").lives("4old", "hut").woman("5guest").lives("5guest", "hut")
    world.born("1he", "1991-01-01").died("5guest", "2026-01-01").died("5guest", "2026-02-01")
    return world.guarded("c1", "4old").married("1he", "5guest", "2020-01-01")


def conclusions(world: World) -> list[object]:
    return sorted(
        (
            (
                found.household.id,
                found.outcome,
                found.next_change_on,
                sorted(
                    (j.kind, j.person, j.amount_minor, str(as_json(j.reason)))
                    for j in found.judgements.values()
                ),
            )
            for found in world.assess()
        ),
        key=str,
    )


@settings(max_examples=60, deadline=None)
@given(st.integers())
def test_the_order_of_facts_does_not_matter(seed: int) -> None:
    world = crowd()
    expected = conclusions(world)

    random.Random(seed).shuffle(world.facts)

    assert conclusions(world) == expected


def test_merging_and_taking_apart_equals_never_having_merged() -> None:
    before = couple(0).disabled("patient", 2)
    merged = couple(0).disabled("patient", 2).linked("patient", "2she")

    assert merged.needs() != before.needs()
    merged.state("link patient", ("patient", "annulled", {}), version=2, change="ANNULLED")
    merged.facts = [
        fact._replace(latest=2) if fact.record == ident("record link patient") else fact
        for fact in merged.facts
    ]
    assert merged.needs() == before.needs()
