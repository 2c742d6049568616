"""What the relay of the feeds needs of the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from projections.feeds import IndexRow
from projections.resends import Resend
from schemas.rights import Grants
from streams.feeds.compose import Lines
from streams.feeds.events import Facts
from streams.feeds.state import State


class Store(Facts, Protocol):
    """What the relay needs of the hub's database; see ``projections.feeds``."""

    def rights(self) -> Mapping[str, Grants]:
        """Return what every agency was ever granted."""
        ...

    def applied_up_to(self) -> Mapping[tuple[str, int], int]:
        """Return by topic and partition the first offset that is not applied yet."""
        ...

    def index(self, agency: str, first: int, last: int) -> list[IndexRow]:
        """Return the rows in which the numbers are."""
        ...

    def compact(self, agency: str, below: int, join: Callable[[list[IndexRow]], IndexRow]) -> bool:
        """Make one index row of many small ones, all of numbers below ``below``."""
        ...

    def next_resend(self) -> Resend | None:
        """Return the resend that has waited longest."""
        ...

    def resend(self, identifier: str) -> Resend | None:
        """Return a resend that has not ended."""
        ...

    def end_resend(
        self, resend: Resend, rule: str | None, sent: int, withheld: int, now: datetime
    ) -> None:
        """Note that a resend was carried out, or why it was not; fine if that is noted."""
        ...

    def plan(self, rows: Sequence[IndexRow], leaves: Sequence[Mapping[str, object]]) -> None:
        """Store index rows, instead of those from the same numbers on, and leave audit leaves.

        Raises:
            TransientError: the database does not answer, or another relay is at work.
        """
        ...


class Outlet(Protocol):
    """Where a step's transaction goes."""

    def open(self) -> State:
        """Fence and settle predecessors; return what is committed.

        Raises:
            TransientError: Kafka does not answer.
        """
        ...

    def publish(self, lines: Mapping[str, Lines], state: State, now: int) -> None:
        """Write the records, by topic, and the checkpoint in one transaction; durable on return.

        Raises:
            TransientError: not known whether it was committed; ``open`` again.
            PermanentError: another process has taken over.
        """
        ...

    def close(self) -> None: ...
