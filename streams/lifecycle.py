"""Which facts hold. Pure.

Of the facts of one record those with the highest version hold, unless the record was closed by a
higher version still (a correction that states nothing, an annulment) or is void. Versions are the
registry's own, so the order of arrival does not matter.

A civil registry corrects by annulling a record and creating another. So an annulment counts once
the record is replaced, or the window of its event type has passed since it was recorded; until then
the facts of the version before it hold on. ``now`` is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

_AT_ONCE: Final = datetime.min.replace(tzinfo=UTC)
_CIVIL: Final = timedelta(hours=72)  # illustrative: no source says how long a clerk may take

# How long an annulment waits for its replacement. What is not here does not wait: a cancelled death
# is urgent, and tax, health and operators correct within the record.
WINDOWS: Final = {
    "civil.person_identifier_assigned": _CIVIL,
    "civil.birth_registered": _CIVIL,
    "civil.marriage_registered": _CIVIL,
    "civil.divorce_registered": _CIVIL,
    "civil.name_changed": _CIVIL,
    "civil.residence_registered": _CIVIL,
    "civil.guardianship_established": _CIVIL,
}


class Fact(NamedTuple):
    """One row of live.facts, and what is known of its record; ``FACT_COLUMNS`` in this order."""

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
    latest: int | None  # the record's highest version that is no annulment; None: all are
    annulled_at: datetime | None = None  # the first annulment above; the epoch if replaced
    annulled_type: str | None = None  # of that annulment
    annulled_by: bytes | None = None  # the annulment


def holding(facts: Iterable[Fact], now: datetime) -> list[Fact]:
    """Return the facts that hold at ``now``, in the order given."""
    return [
        fact
        for fact in facts
        if _stands(fact) and (fact.annulled_at is None or now < _counts_from(fact))
    ]


def settling(facts: Iterable[Fact], now: datetime) -> list[tuple[Fact, datetime]]:
    """Return the facts that hold only until an annulment counts, each with that moment."""
    return [
        (fact, _counts_from(fact))
        for fact in facts
        if fact.annulled_at is not None and _stands(fact) and now < _counts_from(fact)
    ]


def _stands(fact: Fact) -> bool:
    """Return whether nothing but an annulment can close the fact."""
    return fact.change != "ANNULLED" and (fact.latest is None or fact.version >= fact.latest)


def _counts_from(fact: Fact) -> datetime:
    """Return the moment from which the annulment above ``fact`` counts."""
    window = WINDOWS.get(fact.annulled_type or "")
    if fact.annulled_at is None or window is None:
        return _AT_ONCE  # whatever our clock says, and theirs
    return fact.annulled_at + window
