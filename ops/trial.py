"""A simulated country and the whole hub, wired together in a home of their own.

What a demo and an acceptance test need: three sources, all components, phase by phase, and a way
to wait for the moment when nothing is left to do.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from ops.initialise import initialise
from ops.progress import Observer, Progress
from ops.run.components import start
from ops.settings import Settings
from ops.simulator import fhir_process
from ops.simulator.command import country_of, start_fhir
from ops.simulator.country import Country
from ops.simulator.ledger import Ledger
from ops.stack.stack import Stack
from schemas.errors import TransientError

_LOOK_SECONDS: Final = 0.5
_STILL_LOOKS: Final = 4  # looks in a row without a change, before settled is believed

Watch = Callable[[Progress], None]


class NotSettledError(TransientError):
    """Something was left to do when the time was over; the text says what."""


@dataclass(slots=True, kw_only=True)
class Trial:
    """One country, one hub. ``settings.today`` must be the country's last day."""

    settings: Settings
    people: int
    days: int
    seed: int
    until: date
    workers: int = 2
    country: Country = field(init=False)
    stack: Stack = field(init=False)

    def __post_init__(self) -> None:
        self.stack = Stack(self.settings)

    def start_servers(self, say: Callable[[str], None]) -> None:
        """Start the hub's servers and the health registry; create what they need."""
        self.stack.up(say)
        initialise(self.settings)
        self.country = country_of(self.settings, self.people, self.days, self.seed, self.until)
        start_fhir(self.settings, self.seed)

    def start_components(self, say: Callable[[str], None]) -> None:
        """Start connectors, workers, assessor, sequencer and API under their supervisor."""
        start(self.stack, self.workers, say)

    def stop(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Stop everything of this home; fine when nothing runs."""
        fhir_process.stop(self.settings.home)
        self.stack.down(say)

    def due(self) -> Counter[str]:
        """Return how many events each registry must have published by now, by the ledger."""
        return Counter(event.registry for event in Ledger.load(self.settings.home).due_events())

    def wait(self, seconds: float, done: Callable[[Progress], bool], watch: Watch) -> Progress:
        """Look until ``done`` holds of what is seen; a server that is down is waited for.

        Raises:
            NotSettledError: it did not within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        seen = Progress()
        while time.monotonic() < deadline:
            try:
                with Observer(self.settings) as observer:
                    while time.monotonic() < deadline:
                        seen = observer.look()
                        watch(seen)
                        if done(seen):
                            return seen
                        time.sleep(_LOOK_SECONDS)
            except TransientError:
                time.sleep(_LOOK_SECONDS)
        left = "; ".join(seen.waiting_for()) or "the registries have more than was published"
        raise NotSettledError(f"not done after {seconds:.0f} s: {left}")

    def wait_for_snapshots(self, seconds: float, watch: Watch = lambda _: None) -> Progress:
        """Wait until every registry was read completely once."""
        return self.wait(seconds, lambda seen: len(seen.complete_through) == len(self.due()), watch)

    def wait_until_settled(self, seconds: float, watch: Watch = lambda _: None) -> Progress:
        """Wait until all that is due was published, and nothing has moved for a while."""
        due = self.due()
        still: list[tuple[object, ...]] = []

        def done(seen: Progress) -> bool:
            published = all(seen.published.get(name, 0) >= count for name, count in due.items())
            if not (published and seen.settled):
                still.clear()
                return False
            mark = (*sorted(seen.published.items()), seen.events, seen.needs, seen.households)
            if still and still[-1] != mark:
                still.clear()
            still.append(mark)
            return len(still) > _STILL_LOOKS

        return self.wait(seconds, done, watch)
