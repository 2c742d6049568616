"""How much may wait in memory."""

from __future__ import annotations

from streams.chunk import PARTITION_BYTES, TOTAL_BYTES, Claim, Place, readable


def claim(partition: int, fetched: int, released: int = 0) -> Claim:
    made = Claim(Place("t", partition), 1, 0)
    made.fetched, made.released = fetched, released
    return made


def test_a_full_partition_is_not_read_and_its_neighbour_is() -> None:
    claims = [claim(0, PARTITION_BYTES), claim(1, PARTITION_BYTES - 1)]

    assert readable(claims) == {Place("t", 1)}


def test_what_was_stored_makes_room() -> None:
    assert readable([claim(0, 5 * PARTITION_BYTES, 5 * PARTITION_BYTES)]) == {Place("t", 0)}


def test_many_partitions_together_are_bounded_too() -> None:
    share = PARTITION_BYTES // 2
    claims = [claim(n, share) for n in range(TOTAL_BYTES // share)]

    assert readable(claims) == set()
    assert readable(claims[:-1])


def test_nothing_claimed_is_nothing_read() -> None:
    assert readable([]) == set()
