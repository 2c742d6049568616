"""How far the registries are: up to which day each has stated everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

# Of each registry, as it was known at a moment; now is ``infinity``.
SELECT: Final = """
SELECT registry, count(*), min(through), bool_and(snapshot) FROM (
    SELECT registry, partition, max(through) AS through, bool_or(snapshot) AS snapshot
      FROM live.completeness WHERE known_from <= %(known_at)s::timestamptz
     GROUP BY registry, partition) each
 GROUP BY registry ORDER BY registry
"""


class Complete(NamedTuple):
    """How far a registry is, in the partition that is least far."""

    partitions: int  # that stated anything
    through: date
    snapshot: bool


def by_registry(rows: Iterable[tuple[Any, ...]]) -> dict[str, Complete]:
    """Return the rows of ``SELECT`` by registry."""
    return {row[0]: Complete(*row[1:]) for row in rows}


def stated_through(found: Mapping[str, Complete], partitions: int) -> dict[str, date | None]:
    """Return up to when each registry has stated everything; None until all partitions have.

    >>> stated_through({"tax": Complete(2, date(2026, 8, 31), True)}, partitions=2)
    {'tax': datetime.date(2026, 8, 31)}
    >>> stated_through({"tax": Complete(1, date(2026, 8, 31), True)}, partitions=2)
    {'tax': None}
    """
    return {
        registry: complete.through if complete.partitions >= partitions else None
        for registry, complete in found.items()
    }
