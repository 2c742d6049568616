"""How often a client may ask. In memory: each process of the API counts by itself."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Final

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

# What a busy office needs several times over. To read a country of 37 million at it takes a week,
# and each read is on record.
CLIENT: Final = "60/second"
# Tokens that do not count: more from one place is no office with a wrong clock.
SOURCE: Final = "20/second"


@dataclass(slots=True)
class Rate:
    """One limit, counted by whatever it is counted by."""

    limit: str  # such as "60/second"
    _item: RateLimitItem = field(init=False)
    _limiter: SlidingWindowCounterRateLimiter = field(init=False)

    def __post_init__(self) -> None:
        self._item = parse(self.limit)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def allows(self, who: str) -> bool:
        """Count one more; False: too many."""
        return self._limiter.hit(self._item, who)

    def headers(self, who: str) -> dict[str, str]:
        """Return what is left, as draft-ietf-httpapi-ratelimit-headers has it."""
        stats = self._limiter.get_window_stats(self._item, who)
        wait = max(0, math.ceil(stats.reset_time - time.time()))
        window = self._item.get_expiry()
        return {
            "RateLimit-Policy": f'"client";q={self._item.amount};w={window}',
            "RateLimit": f'"client";r={max(0, stats.remaining)};t={wait}',
        }

    def retry_after(self, who: str) -> int:
        """Return whole seconds to wait."""
        stats = self._limiter.get_window_stats(self._item, who)
        return max(1, math.ceil(stats.reset_time - time.time()))
