"""Which facts hold. Pure.

Of the facts of one record those with the highest version hold, unless the record was closed by a
higher version still (a correction that states nothing, an annulment) or is void. Versions are the
registry's own, so the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """One row of live.facts, and what is known of its record."""

    event_id: bytes  # the event that states it
    person: bytes  # as the event says; facts never move
    kind: str
    value: dict[str, Any]  # clear fields: ids as text, dates as ISO
    sealed: bytes | None
    sensitivity: str | None
    valid_from: date | None
    valid_to: date | None  # the last day
    known_from: datetime
    record: bytes
    version: int
    change: str
    latest: int  # the highest version of the record among closures and facts


def holding(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that hold, in the order given."""
    return [fact for fact in facts if fact.version >= fact.latest and fact.change != "ANNULLED"]
