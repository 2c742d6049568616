"""When to start a component again. Pure: time and chance come in as arguments.

Never gives up: what is wrong may be mended from outside at any time. A component that
ran long enough has recovered, and its next failure counts as the first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
RECOVERED_SECONDS = 60.0  # a run at least this long ends a row of failures


@dataclass(frozen=True, slots=True)
class Watch:
    """What the supervisor remembers of one component; times are monotonic seconds."""

    started: float = 0.0
    next_start: float = 0.0
    failures: int = 0  # in a row
    restarts: int = 0  # since the supervisor began


def delay_seconds(failures: int, chance: float) -> float:
    """Return the wait before the next start: doubling, capped, shortened by up to half.

    Args:
        failures: in a row, at least 1.
        chance: from 0 to 1; spreads components that failed together.

    >>> [delay_seconds(n, chance=0.0) for n in (1, 2, 3, 100)]
    [0.5, 1.0, 2.0, 30.0]
    >>> delay_seconds(1, chance=1.0)
    0.25
    """
    doubled = FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 16)
    return min(doubled, LONGEST_DELAY_SECONDS) * (1.0 - chance / 2.0)


def after_start(watch: Watch, now: float) -> Watch:
    """Return ``watch`` after a start at ``now``."""
    again = watch.started > 0.0
    return replace(watch, started=now, restarts=watch.restarts + again)


def after_end(watch: Watch, now: float, chance: float) -> Watch:
    """Return ``watch`` after the component was found ended at ``now``."""
    recovered = now - watch.started >= RECOVERED_SECONDS
    failures = 1 if recovered else watch.failures + 1
    return replace(watch, failures=failures, next_start=now + delay_seconds(failures, chance))
