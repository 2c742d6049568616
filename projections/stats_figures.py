"""From counted rows to figures that may be published: one cube, suppressed once. Pure.

The cube: per kind and month, places (country, region, district) by age, and places by paid or
unpaid, over the same totals. Kinds are never added up: one person may have several. Every selection
of columns is cut from this one cube, so two cuts never disagree about what is hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from projections.suppression import ALL, Cell, K, fill, hide_split, hide_totals, totals

Row = Mapping[str, Any]
UNKNOWN: Final = "unknown"
HIDDEN: Final = "hidden"  # the mark
REGION_DIGITS: Final = 4  # of a SOATO code: 17 and two more

# Whole years, first and last.
BANDS: Final = {
    "0-1": (0, 1),
    "2-6": (2, 6),
    "7-17": (7, 17),
    "18-34": (18, 34),
    "35-54": (35, 54),
    "55-59": (55, 59),
    "60+": (60, 999),
}
_MINORS: Final = ("0-1", "2-6", "7-17")
# Bands in which the law knows the kind at all. Whoever knows the law knows the others to be zero,
# so those can hide nothing.
POSSIBLE: Final[Mapping[str, Sequence[str]]] = {
    "infant_care": ("0-1",),
    "child_benefit": _MINORS,
    "guardianship_check": _MINORS,
    "employment_help": ("18-34", "35-54", "55-59"),
    "pension_age_approaching": ("35-54", "55-59"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One published cell; None is hidden."""

    place: str
    value: str
    count: int | None
    cost_minor: int | None = None


def tree(districts: Iterable[str]) -> dict[str, str]:
    """Return each place with the one it lies in; a code that is no district's is a district too."""
    parents = {UNKNOWN: ALL}
    for code in districts:
        region = code[:REGION_DIGITS]
        parents[region] = ALL
        parents[leaf(code)] = region
    return parents


def leaf(code: str | None) -> str:
    """Return the place of a district code; a region's own code is a district without name."""
    if not code:
        return UNKNOWN
    return code if len(code) > REGION_DIGITS else f"{code}?"


def band(age: int | None) -> str:
    """Return the band of an age.

    >>> band(0), band(17), band(18), band(102), band(None)
    ('0-1', '7-17', '18-34', '60+', 'unknown')
    """
    if age is None:
        return UNKNOWN
    return next(name for name, (first, last) in BANDS.items() if first <= age <= last)


@dataclass(slots=True)
class Cube:
    """All that is published of one kind at one moment."""

    parents: Mapping[str, str]
    filled: Mapping[Cell, int]
    hidden_places: frozenset[str]
    costs: Mapping[str, int] | None = None  # by place, rounded
    k: int = K
    _hidden: frozenset[Cell] | None = field(default=None, init=False)

    @property
    def hidden(self) -> frozenset[Cell]:
        """Of the split, what is hidden. Sought when first asked: totals do not depend on it."""
        if self._hidden is None:
            self._hidden = hide_split(self.parents, self.filled, self.hidden_places, self.k)
        return self._hidden

    @classmethod
    def of(
        cls,
        parents: Mapping[str, str],
        counts: Mapping[Cell, int],
        values: Sequence[str],
        *,
        places_as: Cube | None = None,
        k: int = K,
    ) -> Cube:
        """Return the cube of one kind; ``places_as`` splits the same totals another way."""
        present = {value for _, value in counts}
        columns = [*values, *sorted(present - set(values))]
        filled = fill(parents, counts, columns)
        if places_as is None:
            hidden_places = hide_totals(parents, totals(parents, filled), k)
        else:
            assert totals(parents, filled) == totals(parents, places_as.filled), "other totals"
            hidden_places = places_as.hidden_places
        return cls(parents, filled, hidden_places, k=k)

    def shown(self, cell: Cell) -> int | None:
        place, value = cell
        is_hidden = place in self.hidden_places if value == ALL else cell in self.hidden
        return None if is_hidden else self.filled.get(cell, None)

    def figures(self, *, split: bool = True) -> list[Figure]:
        """Return every cell; without ``split`` the totals alone, which takes no time."""
        return [
            Figure(place, value, self.shown((place, value)), self._cost(place, value))
            for place, value in self.filled
            if split or value == ALL
        ]

    def _cost(self, place: str, value: str) -> int | None:
        if self.costs is None or value != ALL or place in self.hidden_places:
            return None
        return self.costs.get(place, 0)


def needs_cubes(
    rows: Iterable[Row], parents: Mapping[str, str], kinds: Iterable[str], k: int = K
) -> dict[str, Cube]:
    """Return a cube for each kind, also for those that nobody has: that, too, is hidden.

    Args:
        rows: kind, district, age, count, cost and highest amount.
        parents: the places.
        kinds: all that the rules know.
        k: below this a count is small.
    """
    counts: dict[str, dict[Cell, int]] = {kind: {} for kind in kinds}
    costs: defaultdict[str, dict[Cell, int]] = defaultdict(dict)
    highest: dict[str, int] = {}
    for row in rows:
        kind, cell = row["kind"], (leaf(row["district"]), band(row["age"]))
        table = counts.setdefault(kind, {})
        table[cell] = table.get(cell, 0) + row["count"]
        if row["cost"] is not None:
            costs[kind][cell] = costs[kind].get(cell, 0) + int(row["cost"])
            highest[kind] = max(highest.get(kind, 0), row["highest"])
    cubes = {}
    for kind in sorted(counts):
        cube = Cube.of(parents, counts[kind], POSSIBLE.get(kind, (*BANDS, UNKNOWN)), k=k)
        if kind in costs:
            cube.costs = rounded_costs(parents, costs[kind], highest[kind] * k)
        cubes[kind] = cube
    return cubes


def rounded_costs(
    parents: Mapping[str, str], costs: Mapping[Cell, int], unit: int
) -> dict[str, int]:
    """Return the cost of each place, to the nearest ``unit``: k times the highest amount.

    Exact sums of a few known amounts would tell how many of each there are.
    """
    filled = fill(parents, costs, sorted({value for _, value in costs}))
    return {
        place: (cost + unit // 2) // unit * unit for place, cost in totals(parents, filled).items()
    }


def split_cubes(
    rows: Iterable[Row],
    parents: Mapping[str, str],
    values: Sequence[str],
    names: Iterable[str],
    *,
    by: str = "kind",
    places_as: Mapping[str, Cube] | None = None,
    k: int = K,
) -> dict[str, Cube]:
    """Return a cube for each of ``names`` from rows of name, district, value and count."""
    counts: dict[str, dict[Cell, int]] = {name: {} for name in names}
    for row in rows:
        table, cell = counts.setdefault(row[by], {}), (leaf(row["district"]), row["value"])
        table[cell] = table.get(cell, 0) + row["count"]
    return {
        name: Cube.of(parents, counts[name], values, places_as=(places_as or {}).get(name), k=k)
        for name in sorted(counts)
    }


def cell_costs(cube: Cube, costs: Mapping[Cell, int], unit: int) -> dict[Cell, int]:
    """Return the cost of each cell that is shown, to the nearest ``unit``."""
    filled = fill(cube.parents, costs, sorted({value for _, value in cube.filled} - {ALL}))
    return {
        cell: (filled.get(cell, 0) + unit // 2) // unit * unit
        for cell in cube.filled
        if cube.shown(cell) is not None
    }


def change(now: int | None, before: int | None) -> int | None:
    """Return the change where both months are shown."""
    return None if now is None or before is None else now - before
