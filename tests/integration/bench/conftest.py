"""Servers of the benchmark's own, with a small load on its topic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.bench import load
from ops.bench.race import Arena
from ops.bench.servers import own_stack
from ops.initialise import initialise

EVENTS = 2000


@pytest.fixture(scope="package")
def arena() -> Iterator[Arena]:
    with own_stack(lambda _: None) as settings:
        ids = initialise(settings)
        assert list(load.publish(settings, ids, EVENTS, 1))[-1] == EVENTS
        types = {number: row.name for number, row in ids.types(load.TOPIC).items()}
        distinct = EVENTS - load.repeats(EVENTS)
        yield Arena(settings, load.TOPIC, types, EVENTS, distinct, stall_seconds=30.0)
