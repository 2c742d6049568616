"""Events in some order, in chunks of some size, through the chunk store."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from projections.chunk_store import ChunkWork
from tests.histories import Event
from tests.integration.streams.store_rig import Rig, sent, work

PARTITIONS = 2
_Place = tuple[str, int]  # registry and partition


@dataclass
class Feed:
    """Writes what registries state, as workers do: a subject has one partition."""

    rig: Rig
    chance: random.Random
    positions: dict[_Place, tuple[int, int]] = field(default_factory=dict)  # offset, epoch

    def parts(self, events: Sequence[Event], most: int, parts: int) -> Iterator[int]:
        """Apply ``events`` in order, some twice, up to ``most`` in a chunk; yield after each part.

        Chunks of different partitions are applied in the order in which they are full.
        """
        works = list(self._works(events, most))
        size = -(-len(works) // parts)
        for number, start in enumerate(range(0, len(works), size)):
            self.rig.apply(*works[start : start + size])
            yield number

    def _works(self, events: Sequence[Event], most: int) -> Iterator[ChunkWork]:
        waiting: dict[_Place, list[Event]] = {}
        for event in events:
            meta = event["meta"]
            place = meta["source"], meta["subject"][-1] % PARTITIONS
            waiting.setdefault(place, []).append(event)
            if len(waiting[place]) >= self.chance.randint(1, most):
                yield self._work(place, waiting.pop(place))
        for place, rest in waiting.items():
            yield self._work(place, rest)

    def _work(self, place: _Place, events: list[Event]) -> ChunkWork:
        registry, partition = place
        if place not in self.positions:
            topic = f"registry.{registry}.events.v1"
            self.positions[place] = 0, self.rig.claim(partition, topic=topic)
        offset, epoch = self.positions[place]
        again = [self.chance.choice(events)] if self.chance.random() < 0.2 else []
        records = [sent(offset + index, event) for index, event in enumerate([*events, *again])]
        self.positions[place] = offset + len(records), epoch
        return work(records, epoch, partition, registry)
