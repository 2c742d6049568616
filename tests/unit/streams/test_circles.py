"""Who belongs together is found whole, in any order, and never split over batches."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.circles import packed, split

numbers = st.integers(0, 30)
ties_of = st.lists(st.lists(st.none() | numbers, min_size=1, max_size=3), max_size=40)


def ident(number: int) -> bytes:
    return number.to_bytes(16, "big")


def circles(count: int, ties: list[list[int | None]]) -> set[frozenset[int]]:
    """By repeated joining, slowly."""
    found = [{number} for number in range(count)]
    for tie in ties:
        ends = {one for one in tie if one is not None and one < count}
        touched = [circle for circle in found if circle & ends]
        found = [circle for circle in found if not circle & ends]
        if touched:
            found.append(set().union(*touched))
    return {frozenset(circle) for circle in found}


@given(count=st.integers(0, 25), ties=ties_of, size=st.integers(1, 9))
def test_batches_hold_whole_circles(count: int, ties: list[list[int | None]], size: int) -> None:
    named = [[None if one is None else ident(one) for one in tie] for tie in ties]

    batches = [split(batch) for batch in packed(map(ident, range(count)), named, size)]

    everybody = [one for batch in batches for one in batch]
    assert sorted(everybody) == [ident(number) for number in range(count)]
    for circle in circles(count, ties):
        homes = {
            index
            for index, batch in enumerate(batches)
            for number in circle
            if ident(number) in batch
        }
        assert len(homes) == 1
    each = [
        sum(ident(min(circle)) in batch for circle in circles(count, ties)) for batch in batches
    ]
    assert all(count == size for count in each[:-1])


@given(count=st.integers(0, 25), ties=ties_of, size=st.integers(1, 9), chance=st.randoms())
def test_the_order_of_ties_does_not_matter(
    count: int,
    ties: list[list[int | None]],
    size: int,
    chance: Random,
) -> None:
    named = [[None if one is None else ident(one) for one in tie] for tie in ties]
    ids = [ident(number) for number in range(count)]
    shuffled = list(named)
    chance.shuffle(shuffled)

    assert packed(ids, shuffled, size) == packed(ids, named, size)
