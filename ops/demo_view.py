"""What ``hub demo`` shows: progress while it works, and what came of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
from rich.console import Console
from rich.table import Table

import ops.simulator
from ops.operators import reader
from ops.person_view import render
from ops.run.api import queries
from ops.settings import Settings

_REGION_DIGITS: Final = 4  # of a SOATO code: country and region
_COMMAND: Final = "hub demo"


def needs_by_region(settings: Settings) -> Table:
    """Return how many needs of each kind hold in each region, by last known residence."""
    with psycopg.connect(settings.hub_dsn) as connection:
        rows = connection.execute(
            """
            SELECT left(home.district, %s), need.kind, count(*)
              FROM live.needs AS need
              LEFT JOIN LATERAL (
                   SELECT fact.value->>'district' AS district
                     FROM live.facts AS fact
                    WHERE fact.person = need.person
                      AND fact.kind IN ('residence', 'person', 'birth')
                    ORDER BY fact.kind = 'residence' DESC, fact.valid_from DESC NULLS LAST,
                             fact.version DESC
                    LIMIT 1) AS home ON true
             WHERE need.status <> 'ended'
             GROUP BY 1, 2
            """,
            [_REGION_DIGITS],
        ).fetchall()
    return table_of(rows)


def table_of(rows: list[tuple[str | None, str, int]]) -> Table:
    """Return region, kind, number as a table that fits on a terminal of 80."""
    counts: dict[str | None, Counter[str]] = defaultdict(Counter)
    for region, kind, number in rows:
        counts[region][kind] += number
    table = Table(title="Needs by region", box=None, padding=(0, 1, 0, 0))
    table.add_column("region", no_wrap=True)
    table.add_column("needs", justify="right", no_wrap=True)
    table.add_column("of each kind")  # wraps: fourteen columns fit on no terminal
    names = _region_names()
    for region in sorted(counts, key=str):
        kinds = (f"{number:,} {kind}" for kind, number in counts[region].most_common())
        total = f"{counts[region].total():,}"
        table.add_row(names.get(region or "", "not known"), total, ", ".join(kinds))
    return table


def show_one_person(settings: Settings, console: Console) -> None:
    """Print one person's needs and reasons: a child's benefit that rests on much, if any does."""
    with psycopg.connect(settings.hub_dsn) as connection:
        row = connection.execute(
            "SELECT person FROM live.needs WHERE status <> 'ended'"
            " ORDER BY kind = 'child_benefit' DESC, cardinality(evidence) DESC, person LIMIT 1"
        ).fetchone()
    if row is None:
        console.print("no needs at all", style="bold red")
        return
    with queries(settings) as answers:
        render(answers.needs(UUID(str(row[0])), reader(_COMMAND)), console)


def how_to_look_around(settings: Settings) -> str:
    """Return the commands that reach a demo that was kept."""
    return (
        "Everything still runs. To look around, set\n"
        f"  export HUB_HOME={settings.home} HUB_PORT_BASE={settings.port_base} "
        f"HUB_TODAY={settings.today}\n"
        "then `hub status`, `hub verify`, `hub person show`; `hub down` stops it."
    )


def _region_names() -> dict[str, str]:
    path = Path(ops.simulator.__file__).with_name("districts.json")
    regions = json.loads(path.read_text("utf-8"))
    return {region["code"]: region["en"].removesuffix(" region") for region in regions}
