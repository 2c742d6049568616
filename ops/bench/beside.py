"""Components of the hub that run while something is measured, started as the supervisor does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ops.bench.race import RaceError
from ops.run.components import components, last_error, launch_component
from ops.settings import Settings
from ops.stack.stack import Stack


@contextmanager
def running(settings: Settings, *names: str) -> Iterator[Stack]:
    """Run components until the block ends; a benchmark that is killed leaves records of them.

    Raises:
        RaceError: one of them ended by itself.
    """
    stack = Stack(settings)
    for component in components(settings, 1):
        if component.name in names:
            launch_component(stack, component)
    try:
        yield stack
        for name in names:
            if stack.record(name) is None:
                raise RaceError(f"{name} ended while it was needed: {last_error(settings, name)}")
    finally:
        stack.stop_components()
