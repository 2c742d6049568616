"""When requests are planned to arrive, and what latencies come to. Pure.

An open loop: the times are fixed before the first request leaves, and a latency counts from the
planned time, so a server that stalls is charged for everybody who would have come meanwhile
(a closed loop, or a clock that starts when the request is sent, leaves just those out).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

EVENLY, BY_CHANCE = "evenly", "by chance"
HOW: Final = (EVENLY, BY_CHANCE)


def planned(count: int, rate: float, how: str, seed: int = 1) -> list[float]:
    """Return when each of ``count`` requests is to arrive, in seconds from the start.

    Args:
        count: of requests.
        rate: requests a second.
        how: ``EVENLY``, one every ``1 / rate`` seconds; or ``BY_CHANCE``, as strangers come
            (exponential gaps), the same for the same seed.
        seed: of chance.
    """
    if how == EVENLY:
        return [number / rate for number in range(count)]
    chance, at, times = random.Random(seed), 0.0, []  # noqa: S311 - a load, no secret
    for _ in range(count):
        times.append(at)
        at += chance.expovariate(rate)
    return times


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that ``share`` of all values do not exceed (nearest rank).

    >>> percentile([4.0, 1.0, 3.0, 2.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
