"""What registries state of a person, one kind of statement each. Pure.

Each names the event that states it, so that a reason can cite it. ``until`` is always the last day.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Birth(NamedTuple):
    """When and of whom; the birth record goes before the population register."""

    rank: tuple[object, ...]
    on: date
    sex: str | None
    mother: bytes | None
    father: bytes | None
    event: bytes

    @property
    def is_record(self) -> bool:
        """Whether a birth record says it, which alone can name parents."""
        return bool(self.rank[0])


class Tie(NamedTuple):
    """A relation to another person; ``until`` is the last day."""

    other: bytes
    since: date
    until: date | None
    event: bytes


class Residence(NamedTuple):
    """A registration at a dwelling; ``until`` is the last day."""

    since: date
    event: bytes
    until: date | None
    dwelling: str
    kind: str  # home or institution


class Job(NamedTuple):
    """The begin, or the end, of an employment."""

    employer: str
    on: date
    event: bytes


class Income(NamedTuple):
    """What one employer reported for one month."""

    employer: str
    month: date
    gross_minor: int
    event: bytes


class SelfEmployment(NamedTuple):
    """A registration as self-employed; ``until`` is the last day."""

    since: date
    event: bytes
    until: date | None


class Pregnancy(NamedTuple):
    """A registered pregnancy; ``has_follow_up`` None: it is sealed and cannot be opened."""

    since: date
    event: bytes
    due_on: date | None
    has_follow_up: bool | None


class Referral(NamedTuple):
    """A referral to psychological support. What for is nobody's business here."""

    since: date
    event: bytes


class Disability(NamedTuple):
    """An assessed group; None: it is sealed and cannot be opened any more."""

    since: date
    group: int | None
    until: date | None
    event: bytes


def age(born_on: date, on: date) -> int:
    """Return whole years lived on ``on``; a 29 February birthday falls on 1 March otherwise."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def is_in_force(dated: Tie | Residence | Disability | SelfEmployment, on: date) -> bool:
    """Return whether ``on`` lies within the days of ``dated``."""
    return dated.since <= on and (dated.until is None or dated.until >= on)
