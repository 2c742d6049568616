"""How a schema follows ``live``: what arrived meanwhile, and the moment when both are the same."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Final

from ops.replay.pool import Pool, Tick
from ops.replay.report import Report, View
from ops.replay.tasks import Follow, Wiring
from projections import replay_history, replay_swap
from projections.replay_schema import LIVE
from projections.replay_session import Connection, Into, standstill
from projections.replay_swap import Place
from schemas.errors import TransientError
from streams import resaid
from streams.refold import Range

SHORT_TAIL: Final = 20_000  # offsets that may be folded while writers wait
_ROUNDS: Final = 30


class _TooFarError(Exception):
    """More has arrived than may be folded while everybody waits."""


@dataclass(slots=True, kw_only=True)
class Following:
    """A schema that is to stand where ``live`` stands.

    Args:
        wiring: what the processes know, too.
        pool: the processes.
        connection: holds the replay's lock; for standstills.
        work: another one, for everything else.
        view: where progress is shown.
    """

    wiring: Wiring
    pool: Pool
    connection: Connection
    work: Connection
    view: View
    report: Report = field(init=False)
    goal: dict[Place, int] = field(default_factory=dict)  # where the schema stands
    floors: dict[Place, int] = field(default_factory=dict)
    mark: int = 0  # of the outbox

    def __post_init__(self) -> None:
        self.report = Report(self.wiring.schema)

    @property
    def into(self) -> Into:
        return Into(self.work, self.wiring.schema)

    def catch_up(self) -> None:
        """Fold what arrived meanwhile, until little is left."""
        with self.view.phase(self.report, "catch up") as tick:
            for _ in range(_ROUNDS):
                goal = self.live_goal()
                if distance(self.goal, goal) < SHORT_TAIL // 10:
                    return
                self._follow(goal, tick)

    @contextmanager
    def caught_up(self) -> Iterator[dict[Place, int]]:
        """A standstill in which the rebuild is exactly as far as ``live``."""
        for _ in range(_ROUNDS):
            self.catch_up_quietly()
            try:
                with standstill(self.connection):
                    began = time.monotonic()
                    goal = self.live_goal()
                    if distance(self.goal, goal) > SHORT_TAIL:
                        raise _TooFarError
                    self._follow(goal, lambda _: None)
                    self._follow_said()
                    yield goal
            except _TooFarError:
                continue
            paused = time.monotonic() - began
            self.report.paused_seconds = max(self.report.paused_seconds, paused)
            return
        raise TransientError("events arrive faster than they can be folded; try again later")

    def catch_up_quietly(self) -> None:
        """Fold what arrived meanwhile, as a part of another phase."""
        for _ in range(_ROUNDS):
            goal = self.live_goal()
            if distance(self.goal, goal) < SHORT_TAIL // 10:
                return
            self._follow(goal, lambda _: None)

    def live_goal(self) -> dict[Place, int]:
        """Return how far ``live`` is."""
        return replay_swap.goals(replay_swap.vector(self.work, LIVE), self.floors)

    def _follow(self, goal: Mapping[Place, int], tick: Tick) -> None:
        behind = [
            Follow(self.range(place, self.goal.get(place, 0), end))
            for place, end in longest(goal)
            if self.goal.get(place, -1) < end
        ]
        self.report.events += sum(self.pool.run(behind, tick))
        self.goal = dict(goal)

    def _follow_said(self) -> None:
        """Take over what was said since; nobody writes."""
        rows = replay_history.after(self.work, self.mark)
        self.mark = replay_history.mark(self.work)
        with closing(self.wiring.keystore()) as keystore:
            said = (resaid.of_outbox(row, self.wiring.keys) for row in rows)
            added = [row[:-1] for row in resaid.rows(said, keystore)]
        replay_history.add(self.into, added)
        replay_history.follow(self.into)

    def range(self, place: Place, start: int, end: int, until: int | None = None) -> Range:
        """Return what a process is to read of a partition."""
        return Range(
            client_config=self.wiring.settings.kafka("reader"),
            topic=place[0],
            partition=place[1],
            start=start,
            end=end,
            until=until,
        )


def longest(goal: Mapping[Place, int]) -> list[tuple[Place, int]]:
    """Return the longest partitions first, so that none is left alone in the end."""
    return sorted(goal.items(), key=lambda item: (-item[1], item[0]))


def distance(have: Mapping[Place, int], goal: Mapping[Place, int]) -> int:
    """Return by how many offsets ``have`` is behind ``goal``."""
    return sum(max(0, end - have.get(place, 0)) for place, end in goal.items())
