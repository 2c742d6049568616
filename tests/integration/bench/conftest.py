"""Servers of the benchmark's own, with a small load on its topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ops.bench.race import Arena

EVENTS = 2000


@pytest.fixture(scope="package")
def arena() -> Iterator[Arena]:
    # Here, because kafka-python warns when it is imported, and a warning in a conftest is an error.
    from ops.bench import load  # noqa: PLC0415
    from ops.bench.race import Arena  # noqa: PLC0415
    from ops.bench.servers import own_stack  # noqa: PLC0415
    from ops.initialise import initialise  # noqa: PLC0415

    with own_stack(lambda _: None) as settings:
        ids = initialise(settings)
        assert list(load.publish(settings, ids, EVENTS, 1))[-1] == EVENTS
        types = {number: row.name for number, row in ids.types(load.TOPIC).items()}
        distinct = EVENTS - load.repeats(EVENTS)
        yield Arena(settings, load.TOPIC, types, EVENTS, distinct, stall_seconds=30.0)
