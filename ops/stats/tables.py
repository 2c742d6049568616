"""Published figures as reports: which rows and columns a selection shows.

Each table is made in two steps. The function reads, inside the transaction; what it returns is
called after that and decides what is hidden, which may take long and must hold nobody up: not the
snapshot, and not a swap of the tables, which waits for whoever reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from ops.stats import places
from ops.stats.forecast import (
    BEGINS,
    BIRTHS,
    ENDS,
    OTHER,
    PERIODS,
    POOR,
    POOR_BIRTHS,
    Forecast,
    Movements,
)
from ops.stats.report import Report
from projections.stats import Moment, Stats
from projections.stats_figures import (
    HIDDEN,
    UNKNOWN,
    Cube,
    cell_costs,
    change,
    leaf,
    needs_cubes,
    split_cubes,
    tree,
)
from projections.suppression import ALL, K

PAID: Final = ("paid", "unpaid")
WAYS: Final = (BEGINS, ENDS)
MISSING: Final = ("income_report", "registration", "link")
OUTCOMES: Final = (
    "assessed",
    "tax_incomplete",
    "income_unknown",
    "age_unknown",
    "health_unknown",
    "no_adult",
    "no_parameters",
    "institution",
)
Parents = dict[str, str]
Suppress = Callable[[], Report]
"""Makes the report of what was read; needs no database any more."""


def needs(stats: Stats, moment: Moment, by: frozenset[str], kinds: tuple[str, ...]) -> Suppress:
    """Needs that stand, with the change against the end of the month before."""
    earlier = moment.before()  # as it was published then: by the districts known then
    stood, lay = stats.needs(earlier), tree(stats.districts(earlier))
    parents = tree(stats.districts(moment))
    stand = stats.needs(moment)
    columns = ("month", *places.COLUMNS, "kind", "age", "count", "change", "cost_minor")
    report = _report("needs", columns, stats, moment)
    report.notes.append("cost: a month, rounded to ten times the highest amount of the kind")

    def suppress() -> Report:
        before = needs_cubes(stood, lay, kinds)
        now = needs_cubes(stand, parents, kinds)
        for kind, cube in now.items():
            for figure in cube.figures(split="age" in by):
                where = places.place_columns(figure.place, parents)
                if where["level"] not in places.levels(by):
                    continue
                has_cost = cube.costs is not None and figure.value == ALL
                cost = mark(figure.cost_minor) if has_cost else None
                moved = change(figure.count, before[kind].shown((figure.place, figure.value)))
                report.rows.append(
                    {
                        "month": f"{moment.month:%Y-%m}",
                        **where,
                        "kind": kind,
                        "age": figure.value,
                        "count": mark(figure.count),
                        "change": mark(moved),
                        "cost_minor": cost,
                    }
                )
        return report

    return suppress


def take_up(
    stats: Stats,
    moment: Moment,
    by: frozenset[str],
    benefits: Mapping[str, str],
    kinds: tuple[str, ...],
) -> Suppress:
    """Of the needs that stand, those that were paid for in the month."""
    parents = tree(stats.districts(moment))
    rows = stats.take_up(moment, benefits)  # first: what it reads is enough for the next
    stand = stats.needs(moment)
    columns = ("month", *places.COLUMNS, "kind", "entitled", "paid", "share_percent")
    report = _report("take-up", columns, stats, moment)

    def suppress() -> Report:
        cubes = needs_cubes(stand, parents, kinds)
        paid_for = sorted(set(benefits.values()))
        split = split_cubes(rows, parents, PAID, paid_for, places_as=cubes)
        for kind, cube in split.items():
            for place, where in _places(parents, by):
                entitled, paid = cube.shown((place, ALL)), cube.shown((place, "paid"))
                share = round(100 * paid / entitled, 1) if entitled and paid is not None else None
                row: dict[str, Any] = {"month": f"{moment.month:%Y-%m}", **where, "kind": kind}
                row |= {
                    "entitled": mark(entitled),
                    "paid": mark(paid),
                    "share_percent": mark(share),
                }
                report.rows.append(row)
        return report

    return suppress


def due(
    stats: Stats, moment: Moment, by: frozenset[str], forecast: Forecast, kinds: tuple[str, ...]
) -> Suppress:
    """Needs that begin and end by the calendar, and known births, with what they cost a month."""
    parents = tree(stats.districts(moment))
    columns = (*places.COLUMNS, "kind", "movement", "period", "count", "cost_minor")
    report = _report("due", columns, stats, moment)
    report.projection = True
    report.notes += [
        "judged as of future days with today's facts and the incomes that count today",
        "cost: a month, of those that begin or end; rounded to ten times the highest amount",
    ]

    def suppress() -> Report:
        for kind, movement in [*((kind, way) for kind in kinds for way in WAYS), (BIRTHS, BEGINS)]:
            found = forecast.movements.get((kind, movement)) or Movements()
            cube = Cube.of(parents, found.counts, PERIODS)
            periods = {period: period for period in (*PERIODS, ALL)}
            report.rows += _moving(cube, found, _places(parents, by), (kind, movement), periods)
            if kind == BIRTHS:  # the same births, by family; so over the same totals
                found = forecast.movements.get((POOR_BIRTHS, BEGINS)) or Movements()
                split = Cube.of(parents, found.counts, (POOR, OTHER), places_as=cube)
                names = (POOR_BIRTHS, BEGINS)
                report.rows += _moving(split, found, _places(parents, by), names, {POOR: ALL})
        return report

    return suppress


def _moving(
    cube: Cube,
    found: Movements,
    shown: Iterable[tuple[str, dict[str, str]]],
    names: tuple[str, str],
    periods: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    """Return the rows of one movement; ``periods``: what each shown value is called."""
    costs = cell_costs(cube, found.costs, found.highest * K) if found.highest else {}
    for place, where in shown:
        for value, period in periods.items():
            row: dict[str, Any] = {**where, "kind": names[0], "movement": names[1]}
            row |= {"period": period, "count": mark(cube.shown((place, value)))}
            cost = mark(costs.get((place, value))) if found.highest else None
            yield row | {"cost_minor": cost}


def missing(stats: Stats, moment: Moment, by: frozenset[str], closed: date | None) -> Suppress:
    """Records that are missing, and why families could not be judged."""
    parents = tree(stats.districts(moment))
    rows = stats.missing(moment, closed)
    parents |= {p: q for p, q in tree(_districts(rows)).items() if p not in parents}
    families = [row | {"what": "family"} for row in stats.outcomes(moment)]
    report = _report("missing", (*places.COLUMNS, "what", "count"), stats, moment)
    month = f"{closed:%Y-%m}" if closed else "none closed yet"
    report.notes.append(f"income reports: of {month}")

    def suppress() -> Report:
        counted = [row | {"value": "missing"} for row in rows]
        cubes = split_cubes(counted, parents, ("missing",), MISSING, by="what")
        outcome = split_cubes(families, parents, OUTCOMES, ["family"], by="what")["family"]
        for place, where in _places(parents, by):
            for what in MISSING:
                report.rows.append(
                    {**where, "what": what, "count": mark(cubes[what].shown((place, ALL)))}
                )
            for value in (ALL, *OUTCOMES):
                count = mark(outcome.shown((place, value)))
                report.rows.append({**where, "what": f"family_{value}", "count": count})
        return report

    return suppress


def days(
    stats: Stats, moment: Moment, benefits: Mapping[str, str], kinds: tuple[str, ...]
) -> Report:
    """Days from fact to need and from need to payment: median and ninetieth percentile."""
    told, paid = stats.days(moment, benefits)
    by_kind: dict[str, list[tuple[str, int, Any]]] = {kind: [] for kind in kinds}
    for row in told:
        by_kind.setdefault(row["kind"], []).extend(
            (span, row["count"], row[column])
            for span, column in (("recorded_to_need", "told"), ("occurred_to_since", "happened"))
        )
    for row in paid:
        by_kind.setdefault(row["kind"], []).append(("need_to_payment", row["count"], row["paid"]))
    report = _report("days", ("kind", "span", "count", "median_days", "p90_days"), stats, moment)
    spans = ("recorded_to_need", "occurred_to_since", "need_to_payment")
    for kind, found in by_kind.items():
        known = {span: (count, values) for span, count, values in found}
        for span in spans:
            if span == "need_to_payment" and kind not in benefits.values():
                continue
            count, values = known.get(span, (0, None))
            is_shown = count >= K and values is not None
            report.rows.append(
                {
                    "kind": kind,
                    "span": span,
                    "count": count if is_shown else HIDDEN,
                    "median_days": values[0] if is_shown else HIDDEN,
                    "p90_days": values[1] if is_shown else HIDDEN,
                }
            )
    return report


def mark(value: float | None) -> float | str:
    """Return a figure, or the mark of a hidden one."""
    return HIDDEN if value is None else value


def _report(what: str, columns: tuple[str, ...], stats: Stats, moment: Moment) -> Report:
    return Report(what, columns, moment.on, moment.at, stats.completeness(moment))


def _places(parents: Parents, by: frozenset[str]) -> Iterator[tuple[str, dict[str, str]]]:
    for place in (ALL, *parents):
        where = places.place_columns(place, parents)
        if where["level"] in places.levels(by):
            yield place, where


def _districts(rows: list[dict[str, Any]]) -> list[str]:
    return sorted({row["district"] for row in rows if leaf(row["district"]) != UNKNOWN})
