"""Random small countries: few people, many facts, all close to the days on which law changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from streams.rules.calendar import birthday, months_later
from tests.unit.streams.rules.world import ON, World

NAMES = ("1a", "2b", "3c", "4d", "5e", "6f")
OLD = ("1a", "2b", "3c")
MONTHS = [f"2025-{month:02}-01" for month in range(7, 13)]
MONTHS += [f"2026-{month:02}-01" for month in range(1, 8)]

near = st.integers(-40, 40).map(lambda days: ON + timedelta(days=days))
past = st.one_of(
    near,
    near.map(lambda day: months_later(day, -6)),
    near.map(lambda day: months_later(day, -12)),
    near.map(lambda day: day - timedelta(days=280)),
    st.just(date(2015, 6, 1)),
)
until = st.one_of(st.none(), near)
who = st.sampled_from(NAMES)


def _born(name: str) -> st.SearchStrategy[tuple[Any, ...]]:
    ages = (18, 30, 55, 60, 65) if name in OLD else (0, 1, 2, 3, 10, 17, 18)
    parents = st.sampled_from((None, *OLD)) if name not in OLD else st.none()
    day = st.tuples(near, st.sampled_from(ages)).map(lambda pair: birthday(pair[0], -pair[1]))
    return st.tuples(st.just("born"), st.just(name), day, st.sampled_from("MF"), parents, parents)


def moves() -> st.SearchStrategy[tuple[Any, ...]]:
    def move(name: str, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
        return st.tuples(st.just(name), *parts)

    months = st.lists(st.sampled_from(MONTHS), max_size=6, unique=True)
    soum = st.sampled_from((0, 1, 400_000, 700_000, 1_400_000, 1_900_000, 2_500_000))
    employer = st.sampled_from("ef")
    return st.one_of(
        move("married", who, who, past),
        move("divorced", who, who, past),
        move("died", who, past),
        move(
            "lives",
            who,
            st.sampled_from("xy"),
            past,
            until,
            st.sampled_from(["home"] * 3 + ["institution"]),
        ),
        move("guarded", who, who, past, until),
        move("earns", who, soum, months),
        move("employed", who, past, until, employer),
        move("self_employed", who, past, until),
        move("disabled", who, st.integers(1, 3), past, until),
        move("pregnant", who, past, until, st.booleans()),
        move("referred", who, past),
    )


@st.composite
def countries(draw: st.DrawFn) -> World:
    """A world; everything in it may be wrong as registers are."""
    tax = draw(
        st.sampled_from(
            (None, date(2025, 11, 30), date(2025, 12, 31), date(2026, 2, 28), date(2026, 4, 30))
        )
    )
    world = replace(World(), tax=tax)
    for name in NAMES:
        known = draw(st.sampled_from(("near a birthday", "far from one", "far from one", "no")))
        if known == "near a birthday":
            apply(world, draw(_born(name)))
        elif known == "far from one":
            parent = None if name in OLD else draw(st.sampled_from((None, *OLD)))
            world.born(name, "1990-10-01" if name in OLD else "2015-10-01", mother=parent)
    for move in draw(st.lists(moves(), max_size=8, unique_by=lambda one: one[:3])):
        apply(world, move)
    return world


def apply(world: World, move: tuple[Any, ...]) -> None:
    name, *values = move
    if values[0] == values[1]:
        return
    if name == "employed" and values[2] is not None and values[2] < values[1]:
        return
    told = [one.isoformat() if isinstance(one, date) else one for one in values]
    getattr(world, name)(*told)


class Memory:
    """A world's facts, asked for as the assessor asks."""

    def __init__(self, world: World, households: Collection[Collection[bytes]] = ()) -> None:
        self._facts = world.facts
        self._households = households

    def facts(
        self, persons: Collection[bytes], kinds: Sequence[str], since: date
    ) -> list[tuple[Any, ...]]:
        return [
            fact
            for fact in self._facts
            if fact.person in persons
            and fact.kind in kinds
            and (fact.kind != "income" or (fact.valid_from or since) >= since)
        ]

    def households_of(self, persons: Collection[bytes]) -> Mapping[bytes, Collection[bytes]]:
        return {
            min(household): household
            for household in self._households
            if not set(persons).isdisjoint(household)
        }

    def registered_at(self, dwellings: Collection[str]) -> set[bytes]:
        return {
            fact.person
            for fact in self._facts
            if fact.kind == "residence" and fact.value["dwelling"] in dwellings
        }
