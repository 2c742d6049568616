"""What time alone moves: queue who is due, and move the date day by day.

Due is a household whose next change has come, for which an annulment counts from now on, or whose
months of income the tax registry has closed since. It is found by what its last assessment stored,
so nothing is kept here, and to look twice is to queue once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from projections.completeness import Complete, stated_through
from projections.needs_rows import Pending
from streams.rules.pack import RulePack

DAY = timedelta(days=1)


class Store(Protocol):
    """What the clock asks of the database."""

    def completeness(self) -> dict[str, Complete]: ...
    def queue_due(self, on: date, now: datetime, *, closed: date | None, most: int) -> int: ...
    def pending(self) -> Pending: ...


class Batch(Protocol):
    """What an assessor tells of one transaction."""

    @property
    def households(self) -> int: ...
    @property
    def said(self) -> int: ...


class Judge(Protocol):
    """Who judges what is queued."""

    def assess_batch(self, on: date, now: datetime) -> Batch | None: ...


class Day(NamedTuple):
    """What one day came to."""

    on: date
    due: int
    households: int
    said: int


@dataclass(slots=True)
class Clock:
    """Queues who is due; any number may run, one acts at a time."""

    store: Store
    pack: RulePack
    partitions: int  # of each registry's topic
    most_due: int = 5000  # of the calendar's causes in the queue: fresh events wait behind these

    def queue_due(self, on: date, now: datetime) -> int:
        """Queue whoever waits for the day, the moment or the tax registry; return how many.

        At most ``most_due``, and nobody who is in the queue already: call again.
        """
        closed = self._closed(on, self._through())
        return self.store.queue_due(on, now, closed=closed, most=self.most_due)

    def next_due(self, after: date, last: date) -> date | None:
        """Return the first day after ``after`` on which somebody is due; None if none to ``last``.

        What is due by ``after`` must have been judged.
        """
        pending = self.store.pending()
        days = [last + DAY]
        if pending.next_change_on is not None:
            days.append(max(pending.next_change_on, after + DAY))
        if pending.settles_at is not None:
            days.append(max(pending.settles_at.astimezone(UTC).date(), after + DAY))
        through, first, day = self._through(), min(days), after + DAY
        while day < first and not self._is_closed(day, through, pending):
            day += DAY
        return day if day <= last else None

    def _is_closed(self, on: date, through: date | None, pending: Pending) -> bool:
        """Return whether more months count on the day than some household was judged by."""
        closed = self._closed(on, through)
        if closed is None or not pending.households:
            return False
        return pending.has_none or (
            pending.income_through is not None and pending.income_through < closed
        )

    def _through(self) -> date | None:
        complete = stated_through(self.store.completeness(), self.partitions)
        return complete.get(self.pack.income_registry)

    def _closed(self, on: date, through: date | None) -> date | None:
        window = self.pack.income_window(on, through)
        return None if window is None else window[1]


def end_of(on: date) -> datetime:
    """Return the moment at which a day of the virtual clock is judged: its last."""
    return datetime.combine(on, time.max, UTC)


def days(clock: Clock, judge: Judge, first: date, last: date, step: int = 1) -> Iterator[Day]:
    """Move the date from ``first`` to ``last``, judging all that is due before the next day.

    Days on which nothing is due are passed over. Each transaction leaves the tables as a hub would
    on that day; to stop anywhere and begin again at the day that was shown last loses nothing.
    """
    on: date | None = first
    while on is not None:
        now = end_of(on)
        due = households = said = 0
        while True:
            queued = clock.queue_due(on, now)
            batches = 0
            while (batch := judge.assess_batch(on, now)) is not None:
                batches += 1
                households += batch.households
                said += batch.said
            due += queued
            if not queued and not batches:
                break
        yield Day(on, due, households, said)
        following = clock.next_due(on, last)
        if following is not None:  # the next day of the grid on which it has come
            behind = (following - on).days
            following = on + DAY * (-(-behind // step) * step)
        on = following if following is not None and following <= last else None
