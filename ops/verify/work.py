"""Jobs, incomes, and which months of them count on a day. Pure, plain and slow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from ops.verify.days import first_of, last_of, months_after
from ops.verify.facts import SOURCE_COMPLETE
from ops.verify.parameters import OLDEST_MONTHS, WINDOW_MONTHS
from ops.verify.picture import Person
from ops.verify.values import Event

Month = tuple[str, str]  # first and last day


class Job(NamedTuple):
    """One employment; it is in force on its last day."""

    employer: str
    started_on: str
    ended_on: str | None

    def holds_between(self, first: str, last: str) -> bool:
        """Return whether it was in force on a day of the span."""
        return self.started_on <= last and (self.ended_on is None or self.ended_on >= first)


def complete_through(events: Iterable[Event], registry: str) -> date | None:
    """Return up to when every partition of a registry has stated everything; None: never."""
    by_partition: dict[int, str] = {}
    for event in events:
        if event.type == SOURCE_COMPLETE and event.content["registry"] == registry:
            known = by_partition.get(event.place.partition, "")
            by_partition[event.place.partition] = max(known, event.content["through"])
    least = min(by_partition.values(), default=None)
    return None if least is None else date.fromisoformat(least)


def window(on: date, through: date | None) -> list[Month] | None:
    """Return the months whose income counts, oldest first; None: none closed, or too long ago.

    >>> window(date(2026, 7, 14), date(2026, 5, 31))[0]
    ('2026-03-01', '2026-03-31')
    >>> window(date(2026, 7, 14), date(2026, 3, 31))
    """
    if through is None:
        return None
    closed = first_of(through)
    if through != last_of(through):
        closed = months_after(closed, -1)
    last = min(closed, months_after(first_of(on), -1))
    if last < months_after(first_of(on), -OLDEST_MONTHS):
        return None
    firsts = [months_after(last, -back) for back in reversed(range(WINDOW_MONTHS))]
    return [(first.isoformat(), last_of(first).isoformat()) for first in firsts]


def jobs(person: Person) -> list[Job]:
    """Return the employments; each ends with the first end that its employer states after it."""
    return [
        Job(
            employer,
            started_on,
            min(
                (day for other, day in person.ends if other == employer and day >= started_on),
                default=None,
            ),
        )
        for employer, started_on in person.employments
    ]


def works_on(person: Person, on: date) -> bool:
    """Return whether somebody is employed or self-employed on a day."""
    day = on.isoformat()
    employed = any(job.holds_between(day, day) for job in jobs(person))
    return employed or any(
        registered_on <= day and (ended_on is None or ended_on >= day)
        for registered_on, ended_on in person.self_employments
    )


def unreported(person: Person, months: Iterable[Month]) -> bool:
    """Return whether an employer of one of the months has said nothing of that month's income."""
    reported = {(employer, month) for employer, month, _ in person.incomes}
    return any(
        job.holds_between(first, last) and (job.employer, first) not in reported
        for job in jobs(person)
        for first, last in months
    )


def earned(person: Person, months: Iterable[Month]) -> int:
    """Return what has been reported for the months, in tiyin."""
    firsts = {first for first, _ in months}
    return sum(gross for _, month, gross in person.incomes if month in firsts)
