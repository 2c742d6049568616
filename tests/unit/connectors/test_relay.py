"""The relay's promise: every record once, in source order, wherever a transaction is lost."""

from __future__ import annotations

from contextlib import suppress
from threading import Event as Flag

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.relay import Relay
from connectors.source import Cursor, Page, SourceRecord
from schemas.errors import PermanentError, TransientError
from tests.unit.connectors.fakes import (
    Fault,
    ListSource,
    MemoryOutlet,
    bad,
    composer,
    entries,
    events,
    income,
    translate,
)

feeds = st.lists(st.booleans(), max_size=15).map(
    lambda kinds: [income(n) if good else bad(n) for n, good in enumerate(kinds, 1)]
)


def relay(source: ListSource, outlet: MemoryOutlet) -> Relay:
    return Relay(
        composer=composer(), source=source, translate=translate, outlet=outlet, now=lambda: 5
    )


def relay_all(feed: list[SourceRecord], page_size: int, faults: list[Fault]) -> MemoryOutlet:
    """Relay ``feed`` to its end; a new process after every other failure."""
    outlet = MemoryOutlet(iter(faults))
    source = ListSource(feed, page_size)
    running, failures = relay(source, outlet), 0
    while True:
        try:
            if running.relay_page() is None:
                return outlet
        except TransientError:
            failures += 1
            if failures % 2:
                running = relay(source, outlet)


@given(feed=feeds, page_size=st.integers(1, 6), faults=st.lists(st.sampled_from(Fault), max_size=9))
def test_no_lost_answer_loses_or_repeats_a_record(
    feed: list[SourceRecord], page_size: int, faults: list[Fault]
) -> None:
    outlet = relay_all(feed, page_size, faults)

    good = [r.content["number"] for r in feed if "number" in r.content]
    assert [e.record["gross_minor"] for e in events(outlet.messages)] == good
    broken = [r.source_key for r in feed if "bad" in r.content]
    assert [e.record["source_key"] for e in entries(outlet.messages)] == broken
    numbers = [e.record["meta"]["sequence"] for e in events(outlet.messages)]
    assert numbers == list(range(1, len(good) + 1))


def test_the_source_lets_go_only_of_what_is_committed() -> None:
    source = ListSource([income(1), income(2)], page_size=1)
    outlet = MemoryOutlet(iter([Fault.LOST]))

    with suppress(TransientError):
        relay(source, outlet).relay_page()

    assert source.let_go == []


def test_a_new_process_tells_the_source_what_was_committed_before_it() -> None:
    source = ListSource([income(1), income(2)], page_size=1)
    outlet = MemoryOutlet(iter([Fault.KEPT]))
    with suppress(TransientError):
        relay(source, outlet).relay_page()

    relay(source, outlet).relay_page()

    assert source.let_go == [1, 2]


def test_run_retries_what_may_succeed_and_stops_at_what_cannot() -> None:
    class Broken(ListSource):
        def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
            if cursor is None:
                return super().next_page(cursor, wait_seconds)
            raise PermanentError("the slot was created again")

    outlet = MemoryOutlet(iter([Fault.LOST]))

    with pytest.raises(PermanentError):
        relay(Broken([income(1)]), outlet).run(Flag())

    assert len(events(outlet.messages)) == 1


def test_run_ends_when_told() -> None:
    stop = Flag()

    class Once(ListSource):
        def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
            found = super().next_page(cursor, wait_seconds)
            if found is None:
                stop.set()
            return found

    outlet = MemoryOutlet()
    relay(Once([income(1), income(2)]), outlet).run(stop)

    assert len(events(outlet.messages)) == 2


def test_run_waits_as_long_as_it_was_asked_to() -> None:
    waited: list[float] = []

    class Patient(Flag):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0.0)
            return super().wait(0)

    class Busy(ListSource):
        def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
            if waited:
                raise PermanentError("seen enough")
            error = TransientError("not now")
            error.delay_seconds = 77.0
            raise error

    with pytest.raises(PermanentError):
        relay(Busy([]), MemoryOutlet()).run(Patient())

    assert waited == [77.0]
