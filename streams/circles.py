"""Who belongs together, for everybody at once: union-find over ids and ties. Pure.

Ids are numbers meanwhile, so that a million people take some hundred megabytes; what is left are
the batches, 16 bytes an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_ID: Final = 16  # bytes


def packed(ids: Iterable[bytes], ties: Iterable[Sequence[bytes | None]], size: int) -> list[bytes]:
    """Return batches of ``size`` whole circles, the ids of each joined into one run of bytes.

    Args:
        ids: everybody, sorted; the order of circles is that of their lowest id.
        ties: who belongs together; whoever is not among ``ids`` is left out.
        size: circles in a batch.
    """
    known = list(ids)
    numbers = {identifier: number for number, identifier in enumerate(known)}
    parents = list(range(len(known)))
    for tie in ties:
        joined = [numbers[one] for one in tie if one is not None and one in numbers]
        for other in joined[1:]:
            _join(parents, joined[0], other)
    del numbers
    found: list[bytes] = []
    batch, circles, last = bytearray(), 0, -1
    for number in sorted(range(len(known)), key=lambda number: (_root(parents, number), number)):
        if parents[number] != last:
            last = parents[number]
            if circles == size:
                found.append(bytes(batch))
                batch, circles = bytearray(), 0
            circles += 1
        batch += known[number]
    if batch:
        found.append(bytes(batch))
    return found


def split(batch: bytes) -> list[bytes]:
    """Return the ids of a batch."""
    return [batch[at : at + _ID] for at in range(0, len(batch), _ID)]


def _root(parents: list[int], number: int) -> int:
    """Return the lowest of those joined with ``number``; from now on it is one step away."""
    top = number
    while parents[top] != top:
        top = parents[top]
    while parents[number] != top:
        parents[number], number = top, parents[number]
    return top


def _join(parents: list[int], one: int, other: int) -> None:
    low, high = sorted((_root(parents, one), _root(parents, other)))
    parents[high] = low
