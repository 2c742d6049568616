"""No hidden count can be computed, or bounded narrowly, from everything that is shown."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from projections.suppression import (
    ALL,
    Cell,
    K,
    Parents,
    fill,
    hide_split,
    hide_totals,
    publish,
    totals,
)
from tests.unit.projections.attacker import Attacker, Sum

DISTRICTS: Parents = {"A": ALL, "A1": "A", "A2": "A", "B": ALL, "B1": "B", "B2": "B", "B3": "B"}
REGIONS: Parents = {"A": ALL, "B": ALL, "C": ALL, "?": ALL}
MIXED: Parents = {"A": ALL, "A1": "A", "A2": "A", "?": ALL}
DEEP: Parents = {"A": ALL, "A1": "A", "A1x": "A1", "A1y": "A1", "A2": "A", "B": ALL}
ONLY: Parents = {"A": ALL, "A1": "A"}
NOWHERE: Parents = {}
TREES = [DISTRICTS, REGIONS, MIXED, DEEP, ONLY, NOWHERE]
AGES = ("0-17", "18-59", "60+")
PAID = ("paid", "unpaid")

sizes = st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 60))


def leaves(parents: Parents) -> list[str]:
    return [place for place in parents if place not in parents.values()] or [ALL]


def lies_in(parents: Parents, place: str, whole: str) -> bool:
    while place != whole and place in parents:
        place = parents[place]
    return place == whole


def assert_hidden(attacker: Attacker, what: Sum, count: int, k: int) -> None:
    least, most = attacker.bounds(what)
    assert least <= count
    assert most is None or (count <= most and most - least >= k)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Parents, tuple[str, ...], dict[Cell, int]]:
    parents = draw(st.sampled_from(TREES))
    values = draw(st.sampled_from([("only",), PAID, AGES]))
    counts = {cell: draw(sizes) for cell in product(leaves(parents), values)}
    return parents, values, counts


@settings(max_examples=150, deadline=None)
@given(tables())
@example((REGIONS, PAID, {("A", "paid"): 3, ("B", "paid"): 40, ("C", "paid"): 50}))
def test_one_table(table: tuple[Parents, tuple[str, ...], dict[Cell, int]]) -> None:
    parents, values, counts = table
    base = {cell: number for number, cell in enumerate(product(leaves(parents), values))}

    shown = publish(parents, counts, values)

    filled = fill(parents, counts, values)
    sums: dict[Cell, Sum] = {
        (place, value): {
            number: 1
            for (leaf, each), number in base.items()
            if lies_in(parents, leaf, place) and value in (each, ALL)
        }
        for place, value in filled
    }
    attacker = Attacker(len(base), [(sums[c], n) for c, n in shown.items() if n is not None])
    for cell, count in shown.items():
        if count is None:
            assert_hidden(attacker, sums[cell], filled[cell], K)
        else:
            assert count == filled[cell] >= K


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_two_tables_of_the_same_people(data: st.DataObject) -> None:
    """By age and by paid or not: both add up to the same totals, and are taken together."""
    parents = data.draw(st.sampled_from([DISTRICTS, REGIONS, MIXED]))
    base = list(product(leaves(parents), AGES, PAID))
    people = {cell: data.draw(sizes) for cell in base}
    by_age: dict[Cell, int] = {}
    by_paid: dict[Cell, int] = {}
    for (place, age, paid), count in people.items():
        by_age[place, age] = by_age.get((place, age), 0) + count
        by_paid[place, paid] = by_paid.get((place, paid), 0) + count

    filled = [fill(parents, by_age, AGES), fill(parents, by_paid, PAID)]
    hidden_places = hide_totals(parents, totals(parents, filled[0]))
    known: list[tuple[Sum, int]] = []
    hidden: list[tuple[Sum, int]] = []
    for table in filled:
        gone = hide_split(parents, table, hidden_places)
        for (place, value), count in table.items():
            terms = {
                number: 1
                for number, (leaf, *each) in enumerate(base)
                if lies_in(parents, leaf, place) and value in (*each, ALL)
            }
            is_hidden = (place, value) in gone or (value == ALL and place in hidden_places)
            (hidden if is_hidden else known).append((terms, count))

    attacker = Attacker(len(base), known)
    for what, secret in hidden:
        assert_hidden(attacker, what, secret, K)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_two_months_with_their_changes(data: st.DataObject) -> None:
    """Neither a hidden count of either month, nor how many came, left or stayed anywhere."""
    parents = data.draw(st.sampled_from([REGIONS, MIXED]))
    moves = ("left", "stayed", "came")
    base = list(product(leaves(parents), PAID, moves))
    people = {cell: data.draw(sizes) for cell in base}
    known: list[tuple[Sum, int]] = []
    hidden: list[tuple[Sum, int]] = []
    published = []
    for month in (("left", "stayed"), ("stayed", "came")):
        counts: dict[Cell, int] = {}
        for (place, value, move), count in people.items():
            if move in month:
                counts[place, value] = counts.get((place, value), 0) + count
        shown, filled = publish(parents, counts, PAID), fill(parents, counts, PAID)
        published.append(shown)
        for cell, seen in shown.items():
            terms = unknowns_of(parents, base, cell, month)
            (hidden if seen is None else known).append((terms, filled[cell]))
    for cell, before in published[0].items():
        after = published[1][cell]
        if before is not None and after is not None:
            came, left = (unknowns_of(parents, base, cell, (move,)) for move in ("came", "left"))
            stayed = unknowns_of(parents, base, cell, ("stayed",))
            known.append((came | dict.fromkeys(left, -1), after - before))
            hidden += [(t, sum(people[base[n]] for n in t)) for t in (came, left, stayed)]

    attacker = Attacker(len(base), known)
    for what, secret in hidden:
        assert_hidden(attacker, what, secret, K)


def unknowns_of(
    parents: Parents, base: list[tuple[str, str, str]], cell: Cell, moves: tuple[str, ...]
) -> dict[int, int]:
    return {
        number: 1
        for number, (leaf, value, move) in enumerate(base)
        if lies_in(parents, leaf, cell[0]) and cell[1] in (value, ALL) and move in moves
    }


def test_whole_people_only() -> None:
    """The same by trying every table of whole numbers: people are not divisible."""
    parents: Parents = {"A": ALL, "B": ALL}
    k = 2
    for counts in product(range(3), repeat=4):
        cells = dict(zip(product("AB", PAID), counts, strict=True))
        shown, filled = publish(parents, cells, PAID, k=k), fill(parents, cells, PAID)
        possible: dict[Cell, set[int]] = {cell: set() for cell in filled}
        for others in product(range(6), repeat=4):
            other = fill(parents, dict(zip(product("AB", PAID), others, strict=True)), PAID)
            if all(count is None or other[cell] == count for cell, count in shown.items()):
                for cell, would_be in other.items():
                    possible[cell].add(would_be)
        for cell, count in shown.items():
            if count is None:
                assert max(possible[cell]) - min(possible[cell]) >= k, (counts, cell)


def test_the_attacker_finds_what_is_hidden_badly() -> None:
    """Proof that the tests above can fail: without secondary suppression he has the number."""
    everything = {0: 1, 1: 1, 2: 1}

    attacker = Attacker(3, [(everything, 93), ({1: 1}, 40), ({2: 1}, 50)])

    least, most = attacker.bounds({0: 1})

    assert least == 3
    assert most == 3


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        pytest.param({"A": 50, "B": 40, "C": 30, "?": 20}, "", id="all large"),
        pytest.param({"A": 50, "B": 40, "C": 30, "?": 3}, "?C", id="the smallest goes along"),
        pytest.param({"A": 50, "B": 40, "C": 8, "?": 3}, "?C", id="two that hold ten"),
        pytest.param({"A": 50, "B": 40, "C": 3, "?": 3}, "?BC", id="two that hold too few"),
        pytest.param({"A": 50, "B": 40, "C": 0, "?": 0}, "?BC", id="zeros are small"),
        pytest.param({"A": 9, "B": 0, "C": 0, "?": 0}, "?ABCall", id="too few at all"),
        pytest.param({"A": 10, "B": 0, "C": 0, "?": 0}, "?ABC", id="just enough at all"),
    ],
)
def test_totals(counts: dict[str, int], hidden: str) -> None:
    filled = fill(REGIONS, {(place, "only"): count for place, count in counts.items()}, ["only"])

    assert "".join(sorted(hide_totals(REGIONS, totals(REGIONS, filled)))) == hidden


def test_little_is_hidden_of_a_large_table() -> None:
    counts = {(place, age): 100 for place in leaves(DISTRICTS) for age in AGES}
    counts["A1", "60+"] = 2

    hidden = [cell for cell, count in publish(DISTRICTS, counts, AGES).items() if count is None]

    assert len(hidden) == 4  # itself, one beside it, and the same two in another district
    assert all(place in {"A1", "A2"} for place, _ in hidden)
