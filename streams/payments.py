"""What was paid against what was due, month by month. Pure.

For each household, kind of benefit and month: *entitled* is what the rules say of the first day of
the month by what is known now, *then* what they said by what was known when the month ended, *paid*
what registries state was paid. A line is written only where something was paid, or where the answer
for the month has become another. A difference is for a person to look at; nothing is ever corrected
from here.

Who is entitled (a child) is often not who is paid (the mother). So what was paid into a household
counts first for the recipients' own entitlement, then for that of the others by id; what is left
stays with the recipient, who was paid without being entitled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

Entitled = Mapping[bytes, int | None]
"""By person: tiyin for the month, 0 if not entitled; None: it cannot be said."""


class Payment(NamedTuple):
    """What a registry states was paid."""

    person: bytes  # the recipient
    kind: str  # of the need that the benefit is paid for
    month: date  # its first day
    amount_minor: int


class Line(NamedTuple):
    """One person's month: due, paid, and the difference."""

    person: bytes
    kind: str
    month: date
    entitled_minor: int | None  # None: it cannot be said
    paid_minor: int

    @property
    def difference_minor(self) -> int | None:
        """Above zero: paid too little; below: too much."""
        return None if self.entitled_minor is None else self.entitled_minor - self.paid_minor


@dataclass(slots=True)
class Month:
    """What is known of one household's month, of one kind."""

    kind: str
    month: date
    entitled: Entitled = field(default_factory=dict)  # by what is known now
    then: Entitled = field(default_factory=dict)  # by what was known at the end of the month
    payments: Sequence[Payment] = ()  # to its members, of this kind and month


def compare(month: Month) -> list[Line]:
    """Return a line for everybody of whom there is something to say, by person.

    >>> child, mother = b"c", b"m"
    >>> month = Month("child_benefit", date(2026, 3, 1), {child: 300}, {child: 300})
    >>> compare(month)
    []
    >>> month.payments = [Payment(mother, "child_benefit", date(2026, 3, 1), 250)]
    >>> [(line.person, line.difference_minor) for line in compare(month)]
    [(b'c', 50)]
    """
    moved = {
        person
        for person in {*month.entitled, *month.then}
        if month.entitled.get(person, 0) != month.then.get(person, 0)
    }
    if _total(month.entitled) == _total(month.then) is not None:
        moved = set()  # the same money, whoever it is said of
    if not month.payments and not moved:
        return []
    unknown = any(amount is None for amount in month.entitled.values())
    paid = set_against({} if unknown else month.entitled, month.payments)
    concerned = {person for person, amount in paid.items() if amount} | moved
    if month.payments:
        concerned |= {person for person, amount in month.entitled.items() if amount}
    return [
        Line(
            person,
            month.kind,
            month.month,
            None if unknown else month.entitled.get(person, 0),
            paid.get(person, 0),
        )
        for person in sorted(concerned)
    ]


def set_against(entitled: Entitled, payments: Iterable[Payment]) -> dict[bytes, int]:
    """Return by person what of the household's payments counts for them; nothing is lost."""
    left: dict[bytes, int] = {}
    for payment in payments:
        left[payment.person] = left.get(payment.person, 0) + payment.amount_minor
    paid: dict[bytes, int] = {}
    for own in (True, False):
        for person in sorted(entitled):
            for recipient in [person] if own else sorted(left):
                open_ = (entitled[person] or 0) - paid.get(person, 0)
                part = min(open_, left.get(recipient, 0))
                if part > 0:
                    paid[person] = paid.get(person, 0) + part
                    left[recipient] -= part
    for recipient, amount in left.items():
        if amount:
            paid[recipient] = paid.get(recipient, 0) + amount
    return paid


def _total(entitled: Entitled) -> int | None:
    amounts = [amount for amount in entitled.values() if amount is not None]
    return sum(amounts) if len(amounts) == len(entitled) else None


def changed(lines: Iterable[Line], stored: Iterable[Line]) -> list[Line]:
    """Return what must be written so that the latest line of everybody is true.

    Args:
        lines: of all months and people that were judged again.
        stored: the latest line of the same months and people.

    A line without difference is written only to take an earlier one back.
    """
    fresh = {_place(line): line for line in lines}
    latest = {_place(line): line for line in stored}
    found = []
    for place, line in sorted(fresh.items()):
        before = latest.get(place)
        was_open = before is not None and before.difference_minor
        if line != before and (line.difference_minor or was_open):
            found.append(line)
    for place, before in sorted(latest.items()):
        if place not in fresh and before.difference_minor:
            found.append(before._replace(entitled_minor=0, paid_minor=0))
    return found


def _place(line: Line) -> tuple[bytes, str, date]:
    return line.person, line.kind, line.month


def months(first: date, last: date) -> list[date]:
    """Return the first day of each month from that of ``first`` to that of ``last``."""
    found, month = [], first.replace(day=1)
    while month <= last:
        found.append(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return found


def months_before(month: date, count: int) -> date:
    """Return the first day of the month ``count`` months earlier.

    >>> months_before(date(2026, 3, 1), 36)
    datetime.date(2023, 3, 1)
    """
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)
