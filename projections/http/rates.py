"""How often a client may ask. In memory: each process of the API counts by itself.

A sliding window of two counters, the present one and the one before, weighed by how much of it the
window still covers. Counted here and not by a storage of ``limits``: that one starts a thread every
hundredth of a second to forget, which took a tenth of what an answer costs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from limits import RateLimitItem, parse

# What a busy office needs several times over. To read a country of 37 million at it takes a week,
# and each read is on record.
CLIENT: Final = "60/second"
# Tokens that do not count: more from one place is no office with a wrong clock.
SOURCE: Final = "20/second"
_MOST_KEPT: Final = 10_000  # of those who asked; then who is silent is forgotten
_OTHERS: Final = "\0"  # all who come while that many are not silent: one window for all of them


@dataclass(slots=True)
class _Window:
    number: int  # since 1970
    count: int = 0
    before: int = 0  # in the window before it


@dataclass(slots=True)
class Rate:
    """One limit, counted by whatever it is counted by. Belongs to one thread."""

    limit: str  # such as "60/second"
    now: Callable[[], float] = time.time
    _item: RateLimitItem = field(init=False)
    _windows: dict[str, _Window] = field(init=False, default_factory=dict)
    _forgot: int = field(init=False, default=-1)  # the window in which that was done last

    def __post_init__(self) -> None:
        self._item = parse(self.limit)

    def allows(self, who: str) -> bool:
        """Count one more; False: too many."""
        window, used, _ = self._state(who)
        if used >= self._item.amount:
            return False
        window.count += 1
        return True

    def headers(self, who: str) -> dict[str, str]:
        """Return what is left, as draft-ietf-httpapi-ratelimit-headers has it."""
        _, used, left = self._state(who)
        rest = max(0, self._item.amount - math.ceil(used))
        return {
            "RateLimit-Policy": f'"client";q={self._item.amount};w={self._item.get_expiry()}',
            "RateLimit": f'"client";r={rest};t={math.ceil(left)}',
        }

    def retry_after(self, who: str) -> int:
        """Return whole seconds to wait."""
        return max(1, math.ceil(self._state(who)[2]))

    def _state(self, who: str) -> tuple[_Window, float, float]:
        """Return the present window, how much of the limit is used, and seconds until it ends."""
        length = self._item.get_expiry()
        number, elapsed = divmod(self.now(), length)
        window = self._windows.get(who)
        if window is None:
            self._forget(int(number))
            if len(self._windows) >= _MOST_KEPT:
                who = _OTHERS
            window = self._windows.setdefault(who, _Window(int(number)))
        if window.number != number:
            before = window.count if window.number == number - 1 else 0
            window.number, window.count, window.before = int(number), 0, before
        used = window.count + window.before * (1 - elapsed / length)
        return window, used, length - elapsed

    def _forget(self, number: int) -> None:
        if len(self._windows) >= _MOST_KEPT and self._forgot != number:
            self._forgot = number  # once a window: in a flood there is nothing more to find
            silent = [who for who, one in self._windows.items() if one.number < number - 1]
            for who in silent:
                del self._windows[who]
