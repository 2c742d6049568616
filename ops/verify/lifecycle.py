"""Which events hold at a moment, by docs/lifecycle.md. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ops.verify.facts import SOURCE_COMPLETE
from ops.verify.values import Event

_HOUR = 3_600_000_000  # microseconds
CIVIL_WINDOW = 72 * _HOUR
_URGENT = "civil.death_registered"


def holding(events: Iterable[Event], now: int) -> list[Event]:
    """Return the events that hold at ``now``: of each record the highest version.

    An annulment takes its record away once it counts; until then the version below holds.
    Of several annulments in a row one that counts is enough.
    """
    records: dict[str, list[Event]] = {}
    replaced: set[tuple[str, str]] = set()  # the event that is replaced, the record that does so
    record_of: dict[str, str] = {}
    for event in events:
        if event.type == SOURCE_COMPLETE:
            continue
        records.setdefault(event.record, []).append(event)
        if event.version == 1 and event.corrects is not None:
            replaced.add((event.corrects, event.record))
    named = {corrected for corrected, _ in replaced}
    for versions in records.values():
        for event in versions:
            if event.id in named:
                record_of[event.id] = event.record
    gone = {record_of[id_] for id_, by in replaced if id_ in record_of and record_of[id_] != by}
    found = []
    for record, versions in records.items():
        held = _holding(versions, record in gone, now)
        if held is not None:
            found.append(held)
    return found


def _holding(versions: list[Event], replaced: bool, now: int) -> Event | None:
    for event in sorted(versions, key=lambda event: event.version, reverse=True):
        if event.change != "ANNULLED":
            return event
        window = _window(event.type)
        if replaced or not window or now >= event.recorded_at + window:
            return None
    return None


def _window(type_: str) -> int:
    """Return for how long an annulment of this type waits for what may replace it."""
    return CIVIL_WINDOW if type_.startswith("civil.") and type_ != _URGENT else 0
