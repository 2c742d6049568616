"""Each row of the benchmark: measured, ready to be shown, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from rich.console import Console

from ops.bench import (
    assess_report,
    assessing,
    audit_report,
    auditing,
    feed_report,
    feeding,
    load,
    query_report,
    querying,
    replay_report,
    replaying,
    report,
)
from ops.bench.contestants import Contestant
from ops.bench.measure import Begin, Say, measure
from ops.bench.race import Arena
from ops.settings import Settings
from schemas.registry import SchemaIds

FACTS: Final = "facts"
_SEED: Final = 20_260_101

Objects = Sequence[Mapping[str, object]]


class Measured(NamedTuple):
    """A row."""

    show: Callable[[Console], None]
    objects: Objects


@dataclass(slots=True, kw_only=True)
class Course:
    """What rows share: servers, the load on its topic, and what was asked for."""

    settings: Settings
    ids: SchemaIds
    surroundings: Mapping[str, object]
    contestants: Sequence[Contestant]
    events: int
    rounds: int
    people: int
    seconds: float
    begin: Begin
    say: Say
    _arena: Arena | None = None
    _quix: float | None = field(default=None)  # the median of the race, for the row replay

    def row(self, name: str) -> Measured:
        """Measure the row ``name``.

        Raises:
            HubError: no figure of it counts.
        """
        return _ROWS[name](self)

    def facts(self) -> Measured:
        arena = self.arena()
        found = measure(arena, self.contestants, self.rounds, self.begin, self.say)
        self._quix = found.median("quix") if "quix" in found.runs else None
        about = self._about(events=self.events, repeated=load.repeats(self.events))
        return Measured(
            partial(report.show, results=found, contestants=self.contestants),
            report.objects(found, self.contestants, about),
        )

    def replay(self) -> Measured:
        found = replaying.measure(self.arena(), self.rounds, self.begin, self.say)
        return Measured(
            partial(replay_report.show, found=found, quix=self._quix),
            replay_report.objects(found, self._quix, self._about(events=self.events)),
        )

    def assess(self) -> Measured:
        found = assessing.measure(self.settings, self.people, self.rounds, self.begin, self.say)
        return Measured(
            partial(assess_report.show, results=found),
            assess_report.objects(found, self._about()),
        )

    def audit(self) -> Measured:
        found = auditing.measure(self.arena(), self.rounds, self.begin, self.say)
        about = self._about(events=self.events, rounds=self.rounds + auditing.MORE_ROUNDS)
        return Measured(partial(audit_report.show, found=found), audit_report.objects(found, about))

    def query(self) -> Measured:
        found = querying.measure(
            self.settings, self.people, self.rounds, self.seconds, self.begin, self.say
        )
        return Measured(
            partial(query_report.show, found=found), query_report.objects(found, self._about())
        )

    def feeds(self) -> Measured:
        found = feeding.measure(self.arena(), self.rounds, self.begin, self.say)
        about = self._about(events=self.events)
        return Measured(partial(feed_report.show, found=found), feed_report.objects(found, about))

    def arena(self) -> Arena:
        """Return where contestants run; publishes the load when it is first asked for."""
        if self._arena is None:
            tick = self.begin("publishing the load", self.events)
            for committed in load.publish(self.settings, self.ids, self.events, _SEED):
                tick(committed)
            repeated = load.repeats(self.events)
            self.say(f"{self.events:,} records on {load.TOPIC}, {repeated:,} of them repeats")
            types = {number: each.name for number, each in self.ids.types(load.TOPIC).items()}
            self._arena = Arena(
                self.settings, load.TOPIC, types, self.events, self.events - repeated
            )
        return self._arena

    def _about(self, **more: Any) -> dict[str, object]:
        return {**self.surroundings, "rounds": self.rounds, **more}


_ROWS: Final[Mapping[str, Callable[[Course], Measured]]] = {
    FACTS: Course.facts,
    replaying.NAME: Course.replay,
    assessing.NAME: Course.assess,
    auditing.NAME: Course.audit,
    querying.NAME: Course.query,
    feeding.NAME: Course.feeds,
}
ROWS: Final = tuple(_ROWS)
