"""Chance from a seed: the same numbers on every machine and Python version.

Only ``random.random`` is used; its sequence is fixed, while the helpers built on it
have changed between Python versions.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

_T = TypeVar("_T")


class Chance:
    """One stream of chance, named so that adding another does not shift it."""

    def __init__(self, seed: int | str, name: str) -> None:
        self.unit = random.Random(f"{seed}/{name}").random  # noqa: S311 - a simulation

    def happens(self, share: float) -> bool:
        return self.unit() < share

    def whole(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return least + int(self.unit() * (most - least + 1))

    def pick(self, items: Sequence[_T]) -> _T:
        return items[int(self.unit() * len(items))]

    def weighted(self, weights: Mapping[str, float]) -> str:
        """Return a key by weight; the weights need not add up to one."""
        left = self.unit() * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return next(iter(weights))

    def count(self, expected: float) -> int:
        """Return a whole number whose mean is ``expected``."""
        return int(expected + self.unit())

    def between(self, first: date, last: date) -> date:
        """Return a day, both ends included; ``first`` if the two are the wrong way round."""
        return first + timedelta(days=self.whole(0, max((last - first).days, 0)))
