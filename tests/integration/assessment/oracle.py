"""What ``hub verify`` would conclude of events: written by others, sharing no code with the hub."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from ops.verify.households import households
from ops.verify.needs import needs_of
from ops.verify.picture import fold
from ops.verify.values import Event as Seen
from ops.verify.values import Place
from schemas.ids import from_days
from tests.histories import Event

Conclusion = tuple[set[tuple[str, str, str, int | None]], set[frozenset[str]]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def conclude(events: Iterable[Event], on: date, now: datetime, through: date) -> Conclusion:
    """Return the needs (person, kind, household, amount) and who lives together."""
    people = fold([_seen(event) for event in events], (now - _EPOCH) // timedelta(microseconds=1))
    needs = needs_of(people, on, through)
    return (
        {(need.person, need.kind, need.household, need.amount_minor) for need in needs},
        {
            frozenset(member.id for member in household.members)
            for household in households(people, on)
        },
    )


def _seen(event: Event) -> Seen:
    meta = event["meta"]
    named = {name: _json(name, value) for name, value in meta.items() if name not in _LEFT_OUT}
    content = {name: _json(name, value) for name, value in event.items() if name != "meta"}
    return Seen(
        place=Place("t", 0, 0),
        key=None,
        headers={},
        digest="",
        content=content,
        sealed={},
        **named,
    )


_LEFT_OUT = {"digest"}


def _json(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else None
    if isinstance(value, int) and (name.endswith("_on") or name == "month"):
        return from_days(value).isoformat()
    return value
