"""Un-merge in memory: linked and unlinked, everybody is as if it had never been said."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import text
from streams.identity import OPERATOR
from streams.lifecycle import Fact, holding
from streams.person import people
from streams.rules.pack import Judgement
from streams.rules.reason import as_json
from tests.unit.streams.rules.world import NOW, World, ident

PEOPLE = [f"{number}p" for number in range(6)]
PATIENTS = ["7q", "8q", "9q"]

populations = st.lists(
    st.tuples(
        st.sampled_from(["man", "woman", "marry", "child", "live", "earn", "disable", "link"]),
        st.sampled_from(PEOPLE),
        st.sampled_from(PEOPLE),
        st.sampled_from(PATIENTS),
        st.integers(0, 9),
    ),
    min_size=3,
    max_size=25,
)
decisions = st.lists(
    st.tuples(st.sampled_from(PATIENTS), st.sampled_from([*PEOPLE, *PATIENTS])), max_size=4
)


def world(acts: list[tuple[str, str, str, str, int]]) -> World:
    made = World()
    for number, (what, one, other, patient, size) in enumerate(acts):
        year = f"{1945 + 7 * size}-02-03"
        if what == "man":
            made.man(one, year)
        elif what == "woman":
            made.woman(one, year)
        elif what == "marry" and one != other:
            made.married(one, other)
        elif what == "child" and one != other:
            made.born(f"{size}c{number}", f"{2010 + size}-02-03", "F", one, other)
        elif what == "live":
            made.lives(one, f"d{size % 3}", f"{2000 + number}-01-01")
        elif what == "earn":
            made.earns(one, 300_000 * size)
        elif what == "disable":
            made.disabled(patient, 1 + size % 3, f"{2020 + number % 6}-01-01")
        elif what == "link":
            made.linked(patient, one, f"registry link {number}")
    return made


def decided(made: World, verb: str, alias: str, person: str, version: int) -> None:
    """What an operator says, as a version of the alias's one record."""
    by = {"by": OPERATOR} if verb == "linked" else {}
    made.state(
        f"identity {alias}",
        (alias, f"{verb}_to", {"person": person, "reason": "r", **by}),
        (person, f"{verb}_from", {"alias": alias, "reason": "r", **by}),
        version=version,
        change="CREATED" if version == 1 else "CORRECTED",
    )


def told(judgement: Judgement) -> tuple[Any, ...]:
    """A judgement, its reason with every event."""
    reason = as_json(judgement.reason)
    return reason, judgement.amount_minor, judgement.since, judgement.review_on


def concluded(made: World) -> dict[Any, Any]:
    """Everybody, and what is judged of them, in substance."""
    latest: dict[bytes, int] = {}
    for fact in made.facts:
        latest[fact.record] = max(latest.get(fact.record, 0), fact.version)
    made.facts = [fact._replace(latest=latest[fact.record]) for fact in made.facts]
    found = people(holding(made.facts, NOW), made.opened)
    judged = [
        (assessment.household.id, assessment.outcome, assessment.next_change_on, judgements)
        for assessment in made.assess()
        for judgements in [{key: told(each) for key, each in assessment.judgements.items()}]
    ]
    return {"people": found, "judged": sorted(judged, key=lambda one: one[0])}


@settings(max_examples=60, deadline=None)
@given(populations, decisions)
def test_linking_and_unlinking_equals_never(
    acts: list[tuple[str, str, str, str, int]], pairs: list[tuple[str, str]]
) -> None:
    made = world(acts)
    stated = {
        (fact.person, fact.value.get("person")) for fact in made.facts if fact.kind == "linked_to"
    }
    pairs = [
        (alias, person)
        for alias, person in dict(pairs).items()
        if alias != person and (ident(alias), text(ident(person))) not in stated
    ]
    never = concluded(made)

    for alias, person in pairs:
        decided(made, "linked", alias, person, 1)
    for alias, person in pairs:
        decided(made, "unlinked", alias, person, 2)

    assert concluded(made) == never


@settings(max_examples=60, deadline=None)
@given(populations, decisions, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same(
    acts: list[tuple[str, str, str, str, int]],
    pairs: list[tuple[str, str]],
    chance: random.Random,
) -> None:
    made = world(acts)
    for version, (alias, person) in enumerate(pairs, 1):
        if alias != person:
            decided(made, chance.choice(["linked", "unlinked"]), alias, person, version)
    before = concluded(made)
    mixed: list[Fact] = made.facts[:]
    chance.shuffle(mixed)
    again = World(mixed, made.opened)

    first, second = before["judged"], concluded(again)["judged"]

    assert [one[:3] for one in first] == [one[:3] for one in second]
