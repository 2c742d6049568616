"""The clock as a process, and `hub clock run`, on a hub's own tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from ops.clock import move
from ops.run import clock as component
from ops.settings import Settings
from projections.needs_store import NeedsStore, connect
from schemas.errors import PermanentError, TransientError
from streams.assessor import Assessor
from tests.integration.assessment.country import ON, PARTITIONS, Country, person
from tests.integration.assessment.test_corrections import drain


@pytest.fixture
def hub(stack: Settings, database: str, country: Country) -> Settings:
    """The settings of a hub that has these tables; its keys open no health block of ``country``."""
    country.complete(date(2026, 4, 30))
    country.born("1old", "1950-01-01", "M")
    country.lives("1old", "hut")
    country.connection.execute("TRUNCATE sealing_keys")
    return replace(
        stack,
        hub_dsn_override=database,
        keys_dsn_override=database,
        partitions=PARTITIONS,
        today_override=date(2026, 5, 2),
    )


def test_the_process_queues_who_is_due_until_it_is_stopped(
    hub: Settings, country: Country, assessor: Assessor
) -> None:
    drain(assessor, ON)
    country.connection.execute("UPDATE live.assessments SET next_change_on = '2026-05-01'")
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(component.run, hub, stop)
        try:
            for _ in range(600):
                if country.count("live.causes") or running.done():
                    break
                stop.wait(0.05)
        finally:
            stop.set()
        running.result(timeout=30)

    rows = country.connection.execute("SELECT person, event_id FROM live.causes").fetchall()
    assert [(one.bytes, event.bytes) for one, event in rows] == [(person("1old"), bytes(16))]


def test_the_date_moves_and_leaves_nothing_to_do(hub: Settings, country: Country) -> None:
    country.lives("1old", "hut", until="2026-06-10", version=2)

    said = move(hub, ON, date(2026, 6, 30), step=1)

    assert said == country.count("live.need_history") > 1
    assert country.count("live.causes") == 0
    assert move(hub, date(2026, 6, 30), date(2026, 6, 30), step=1) == 0


def test_the_date_is_not_moved_under_a_component(hub: Settings, database: str) -> None:
    with connect(database) as connection:
        assert NeedsStore(connection).take_time(alone=False)
        with pytest.raises(PermanentError, match="stop the components"):
            move(hub, ON, ON, step=1)
    with connect(database) as connection:
        _wait_until(lambda: NeedsStore(connection).take_time(alone=True))
        with pytest.raises(TransientError, match="moves the date"):
            component.run(hub, threading.Event())


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait: a session that was closed holds its locks for a moment longer."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nothing_moves_before_every_registry_was_read(hub: Settings, country: Country) -> None:
    country.connection.execute("DELETE FROM live.completeness WHERE registry = 'health'")

    with pytest.raises(PermanentError, match="read completely"):
        move(hub, ON, ON, step=1)
