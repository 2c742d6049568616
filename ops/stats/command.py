"""``hub stats``: figures for planners. Small counts are hidden; docs/planning.md defines each."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import track

from ops.keystore import open_keystore
from ops.settings import Settings
from ops.stats import tables
from ops.stats.forecast import Forecast, days_ahead, standing_still
from projections.stats import Moment, Stats, counting, month_end
from projections.stats_figures import leaf
from streams.everyone import Everyone
from streams.rules.load import load_pack
from streams.rules.pack import RulePack

app = typer.Typer(
    help="Figures for planners: needs, what is due, days, take-up, missing records.",
    epilog="Counts below ten are hidden, and what would give them away; see docs/planning.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
COLUMNS: Final = ("region", "district", "kind", "age")
_OUTPUTS: Final = ("text", "json", "csv")
_PACK: Final = "uz"

MonthOption = Annotated[
    str | None, typer.Option(help="YYYY-MM; this month as it stands if left out")
]
ByOption = Annotated[str, typer.Option(help="columns: region, district, kind, age")]
CsvOption = Annotated[Path | None, typer.Option("--csv", help="write this file, and FILE.json")]
OutputOption = Annotated[str, typer.Option("--output", "-o", help="text, json or csv")]


@app.command()
def needs(
    month: MonthOption = None,
    by: ByOption = "region,kind",
    csv: CsvOption = None,
    output: OutputOption = "text",
) -> None:
    """Needs that stand, by place, kind and age, with the change against the month before.

    Examples:
      hub stats needs
      hub stats needs --month 2026-03 --by district,kind,age --csv needs.csv
    """
    run = _Run("needs", month, by, output)
    kinds = tuple(run.pack.by_kind())
    with run.counting() as stats:
        suppress = tables.needs(stats, run.moment, run.by, kinds)
        run.leave(stats)
    run.show(suppress, csv)


@app.command("take-up")
def take_up(
    month: MonthOption = None,
    by: ByOption = "region,kind",
    csv: CsvOption = None,
    output: OutputOption = "text",
) -> None:
    """Of the needs that stand, how many were paid for in the month.

    Examples:
      hub stats take-up --month 2026-03
      hub stats take-up --month 2026-03 --by district,kind -o json
    """
    run = _Run("take-up", month, by, output)
    with run.counting() as stats:
        kinds = tuple(run.pack.by_kind())
        suppress = tables.take_up(stats, run.moment, run.by, run.pack.benefits, kinds)
        run.leave(stats)
    run.show(suppress, csv)


@app.command()
def days(month: MonthOption = None, csv: CsvOption = None, output: OutputOption = "text") -> None:
    """Days from fact to need and from need to payment: median and ninetieth percentile.

    Examples:
      hub stats days
      hub stats days -o csv
    """
    run = _Run("days", month, "kind", output)
    with run.counting() as stats:
        kinds = tuple(run.pack.by_kind())
        report = tables.days(stats, run.moment, run.pack.benefits, kinds)
        run.leave(stats)
    run.show(lambda: report, csv)


@app.command()
def due(
    by: ByOption = "region,kind",
    csv: CsvOption = None,
    output: OutputOption = "text",
) -> None:
    """Needs that begin and end in 3, 6 and 12 months by the calendar, and known births.

    Everybody is judged as of those days with today's facts: a projection, not a forecast of events.
    A million people take minutes.

    Examples:
      hub stats due
      hub stats due --by district,kind --csv due.csv
    """
    run = _Run("due", None, by, output)
    settings, on = run.settings, run.moment.on
    pack = standing_still(run.pack, on)
    keystore = open_keystore(settings)
    with closing(keystore), run.counting() as stats:
        snapshot = stats.export()
        district = stats.places(run.moment)
        forecast = Forecast(days_ahead(on), pack, lambda person: leaf(district.get(person)))
        for day in track(forecast.days, "judging", console=Console(stderr=True), transient=True):
            everyone = Everyone(
                settings.hub_dsn, keystore, pack, settings.partitions, snapshot=snapshot
            )
            forecast.day(everyone.assessments(day, run.moment.at))
        suppress = tables.due(stats, run.moment, run.by, forecast, tuple(run.pack.by_kind()))
        run.leave(stats)
    run.show(suppress, csv)


@app.command()
def missing(
    by: ByOption = "region",
    csv: CsvOption = None,
    output: OutputOption = "text",
) -> None:
    """Records that are missing, and families that could not be judged, by place.

    Examples:
      hub stats missing --by district
      hub stats missing --by district --csv missing.csv
    """
    run = _Run("missing", None, by, output)
    with run.counting() as stats:
        through = stats.completeness(run.moment).get(run.pack.income_registry)
        window = run.pack.income_window(run.moment.on, through)
        closed = None if window is None else window[1].replace(day=1)
        suppress = tables.missing(stats, run.moment, run.by, closed)
        run.leave(stats)
    run.show(suppress, csv)


class _Run:
    """What all commands share: the moment, the selection, the leaf, the output."""

    def __init__(self, what: str, month: str | None, by: str, output: str) -> None:
        if output not in _OUTPUTS:
            raise typer.BadParameter("text, json or csv", param_hint="--output")
        self.what, self.output = what, output
        self.by = selection(by)
        self.settings = Settings.from_environment()
        self.moment = moment_of(month, self.settings.today, datetime.now(UTC))
        self.pack: RulePack = load_pack(_PACK)

    def counting(self) -> AbstractContextManager[Stats]:
        return counting(self.settings.hub_dsn, self.settings.partitions)

    def leave(self, stats: Stats) -> None:
        """Put the reading on record; committed with the transaction, before anything is shown."""
        body = {"what": f"stats {self.what}", "as_of": self.moment.on.isoformat()}
        body |= {"by": ",".join(sorted(self.by)), "who": "hub stats", "purpose": "planning"}
        stats.leave(body)

    def show(self, suppress: tables.Suppress, csv: Path | None) -> None:
        """Decide what is hidden, which may take a while and holds nobody up, and show the rest."""
        with Console(stderr=True).status("hiding small counts"):
            report = suppress()
        if csv is not None:
            report.write(csv)
            print(f"hub: {len(report.rows):,} rows in {csv}", file=sys.stderr)
        elif self.output == "json":
            print(report.json())
        elif self.output == "csv":
            sys.stdout.write(report.csv())
        else:
            report.text(Console())


def selection(by: str) -> frozenset[str]:
    """Return the columns that were asked for."""
    found = frozenset(word.strip() for word in by.split(",") if word.strip())
    if strange := sorted(found - set(COLUMNS)):
        raise typer.BadParameter(f"{', '.join(strange)}: {', '.join(COLUMNS)}", param_hint="--by")
    return found


def moment_of(month: str | None, today: date, now: datetime) -> Moment:
    """Return the end of the month, or this moment for the month that is not over.

    >>> at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    >>> moment_of("2026-02", date(2026, 3, 10), at).on
    datetime.date(2026, 2, 28)
    """
    try:
        first = today.replace(day=1) if month is None else date.fromisoformat(f"{month}-01")
    except ValueError:
        raise typer.BadParameter("a month as YYYY-MM", param_hint="--month") from None
    if first > today:
        raise typer.BadParameter("that month has not begun", param_hint="--month")
    return Moment(today, now) if first == today.replace(day=1) else month_end(first)
