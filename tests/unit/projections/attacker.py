"""Somebody who takes everything that was published and computes. Exact; shares nothing with ours.

A linear programme over fractions: unknowns are counts of people, so none is negative; every
published figure is an equation. ``bounds`` says between which values a sum of unknowns must lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

Sum = Mapping[int, int]  # unknown -> how often it counts


class Attacker:
    """Everything that is known of ``unknowns`` counts: sums of them with their values."""

    def __init__(self, unknowns: int, known: list[tuple[Sum, int]]) -> None:
        self._unknowns = unknowns
        # Columns: the unknowns, one helper for each equation, the value.
        self._rows = []
        for number, (terms, value) in enumerate(known):
            row = [Fraction(0)] * (unknowns + len(known) + 1)
            for unknown, times in terms.items():
                row[unknown] += times
            if value < 0:
                row = [-entry for entry in row]
            row[unknowns + number], row[-1] = Fraction(1), Fraction(abs(value))
            self._rows.append(row)
        self._basis = [unknowns + number for number in range(len(known))]
        helpers = [Fraction(0)] * unknowns + [Fraction(1)] * len(known)
        rows, basis, left = _minimise(self._rows, self._basis, helpers, unknowns + len(known))
        assert left == 0, "what was published contradicts itself"
        self._rows, self._basis = _without_helpers(rows, basis, unknowns)

    def bounds(self, wanted: Sum) -> tuple[Fraction, Fraction | None]:
        """Return the least and the most that a sum can be; None: no most."""
        cost = [Fraction(wanted.get(unknown, 0)) for unknown in range(self._unknowns)]
        least = _minimise(self._rows, self._basis, cost, self._unknowns)[2]
        most = _minimise(self._rows, self._basis, [-entry for entry in cost], self._unknowns)[2]
        assert least is not None
        return least, None if most is None else -most


def _minimise(
    given: list[list[Fraction]], basis: list[int], cost: list[Fraction], usable: int
) -> tuple[list[list[Fraction]], list[int], Fraction | None]:
    """Simplex with Bland's rule, which never goes round in circles."""
    rows, basis = [list(row) for row in given], list(basis)
    reduced = [*cost, *[Fraction(0)] * (len(rows[0]) - len(cost))] if rows else list(cost)
    for row, column in zip(rows, basis, strict=True):
        if factor := reduced[column]:
            reduced = [a - factor * b for a, b in zip(reduced, row, strict=True)]
    while True:
        entering = next((c for c in range(usable) if reduced[c] < 0), None)
        if entering is None:
            return rows, basis, -reduced[-1] if rows else Fraction(0)
        ratios = [
            (row[-1] / row[entering], basis[number], number)
            for number, row in enumerate(rows)
            if row[entering] > 0
        ]
        if not ratios:
            return rows, basis, None
        leaving = min(ratios)[2]
        reduced = _pivot(rows, reduced, leaving, entering)
        basis[leaving] = entering


def _pivot(
    rows: list[list[Fraction]], reduced: list[Fraction], leaving: int, entering: int
) -> list[Fraction]:
    scale = rows[leaving][entering]
    rows[leaving] = pivot = [entry / scale for entry in rows[leaving]]
    for number, row in enumerate(rows):
        if number != leaving and (factor := row[entering]):
            rows[number] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    factor = reduced[entering]
    return [a - factor * b for a, b in zip(reduced, pivot, strict=True)]


def _without_helpers(
    rows: list[list[Fraction]], basis: list[int], unknowns: int
) -> tuple[list[list[Fraction]], list[int]]:
    """Drive the helpers, all zero by now, out of the basis; equations that say nothing go."""
    kept_rows, kept_basis = [list(row) for row in rows], list(basis)
    nothing = []
    for number, column in enumerate(kept_basis):
        if column < unknowns:
            continue
        entering = next((c for c in range(unknowns) if kept_rows[number][c]), None)
        if entering is None:
            nothing.append(number)
            continue
        _pivot(kept_rows, [Fraction(0)] * len(kept_rows[number]), number, entering)
        kept_basis[number] = entering
    wanted = [number for number in range(len(kept_rows)) if number not in nothing]
    return (
        [[*kept_rows[n][:unknowns], kept_rows[n][-1]] for n in wanted],
        [kept_basis[n] for n in wanted],
    )
