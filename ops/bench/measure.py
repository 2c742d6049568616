"""The order of a whole benchmark: find each one's best batch size, three rounds, the limits.

In a round every contestant runs once, so a machine that grows slower or faster does so for all.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ops.bench import limits, rows
from ops.bench.contestants import OURS, Contestant
from ops.bench.race import Arena, RaceError, Run, Tick, empty_tables, run

TRIAL_SHARE: Final = 0.25  # of the topic, for each batch size tried

Begin = Callable[[str, int], Tick]  # told what begins and how many facts it takes
Say = Callable[[str], None]


@dataclass(slots=True)
class Results:
    """What was measured."""

    tried: dict[str, dict[int, float]] = field(default_factory=dict)  # events a second by batch
    runs: dict[str, list[Run]] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    digest: str = ""  # of the rows with which everyone ended

    def best_batch(self, name: str) -> int:
        """Return the batch size that was fastest when tried."""
        tried = self.tried[name]
        return max(tried, key=tried.__getitem__)

    def median(self, name: str) -> float:
        """Return the median of the contestant's rounds, in events a second."""
        return statistics.median(run.rate for run in self.runs[name])


def measure(
    arena: Arena, contestants: Sequence[Contestant], rounds: int, begin: Begin, say: Say
) -> Results:
    """Return what all contestants and the limits come to.

    Raises:
        RaceError: one did not end with the rows of the others.
    """
    results = Results()
    for contestant in contestants:
        results.tried[contestant.name] = _tune(arena, contestant, begin, say)
    for number in range(1, rounds + 1):
        for contestant in contestants:
            with empty_tables(arena.settings, f"bench_{contestant.name}_{number}") as database:
                tick = begin(f"{contestant.title}, round {number}", arena.distinct)
                batch = results.best_batch(contestant.name)
                done = run(arena, contestant, batch=batch, database=database, tick=tick)
                found = rows.digest(arena.settings, database)
                say(
                    f"{contestant.title}, round {number}: {done.rate:,.0f} events/s "
                    f"({done.seconds:.1f} s, rows {found[:12]})"
                )
                _compare(results, found, f"{contestant.title} in round {number}")
                results.runs.setdefault(contestant.name, []).append(done)
                if contestant is contestants[-1] and number == rounds:
                    results.limits |= limits.copying(arena, database)
    results.limits |= limits.decoding(arena)
    return results


def _tune(arena: Arena, contestant: Contestant, begin: Begin, say: Say) -> dict[int, float]:
    rates = {}
    facts = int(arena.distinct * TRIAL_SHARE)
    for batch in contestant.batches:
        with empty_tables(arena.settings, f"bench_{contestant.name}_try_{batch}") as database:
            tick = begin(f"{contestant.title}, batches of {batch:,}", facts)
            done = run(
                arena, contestant, batch=batch, database=database, tick=tick, share=TRIAL_SHARE
            )
            rates[batch] = done.rate
        say(f"{contestant.title}, batches of {batch:,}: {rates[batch]:,.0f} events/s")
    return rates


def _compare(results: Results, found: str, who: str) -> None:
    if found != (results.digest or found):
        raise RaceError(
            f"{who} ended with other rows than those before ({found[:12]}, not "
            f"{results.digest[:12]}): no figure of this run counts"
        )
    results.digest = found


def ratio(results: Results, name: str) -> float:
    """Return how many times as fast as ``name`` we are."""
    return results.median(OURS.name) / results.median(name)
