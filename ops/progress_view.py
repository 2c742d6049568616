"""Progress as a table: the same in ``hub status`` and while ``hub demo`` works."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from ops.progress import Progress
from schemas.topics import EVENTS


def table(seen: Progress, due: Mapping[str, int] | None = None) -> Table:
    """Return one picture of the work.

    Args:
        seen: what was observed.
        due: how many events each registry must publish, where somebody knows.
    """
    picture = Table(box=None, padding=(0, 2, 0, 0))
    picture.add_column("registry")
    expected = ["expected"] if due else []
    for column in ("published", *expected, "applied", "repeats", "quarantined"):
        picture.add_column(column, justify="right")
    picture.add_column("complete through")
    for registry, topic in EVENTS.items():
        parts = [part for part in seen.applied if part.topic == topic]
        picture.add_row(
            registry,
            f"{seen.published.get(registry, 0):,}",
            *([f"{due.get(registry, 0):,}"] if due else []),
            f"{sum(part.events for part in parts):,}",
            f"{sum(part.suppressed for part in parts):,}",
            f"{sum(part.quarantined for part in parts):,}",
            seen.complete_through.get(registry, "not yet"),
        )
    picture.caption = caption(seen)
    picture.caption_justify = "left"
    return picture


def caption(seen: Progress) -> str:
    """Return what has been made of the events."""
    state = "settled" if seen.settled else f"not settled: {'; '.join(seen.waiting_for())}"
    decided = seen.published.get("operator", 0)
    decisions = f", {decided:,} decisions of operators sent" if decided else ""
    due = f"\n{seen.overdue:,} due to be erased: hub person due" if seen.overdue else ""
    return (
        f"{seen.households:,} households assessed, {seen.needs:,} needs, "
        f"{seen.published.get('needs', 0):,} statements about needs sent{decisions}\n{state}{due}"
    )
