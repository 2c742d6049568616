"""``hub clock run``: move the date of a simulated hub day by day and judge whoever is due.

For a country that is simulated: what is concluded is written down, numbered and sent as if the days
had passed. So nothing may judge by the real date meanwhile, and that is refused both ways: the
assessor and the clock share the date in the database, this command holds it alone.

Each transaction is one of the assessor's: a crash, or Ctrl-C, leaves the tables as they were after
one of them; begin again with the day that was shown last.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import TextColumn, TimeRemainingColumn

from ops.keystore import open_keystore
from ops.progress_bar import progress_bar
from ops.settings import Settings
from projections.needs_store import NeedsStore, connect
from schemas.errors import PermanentError, TransientError
from streams.assessor import Assessor
from streams.clock import Clock, days
from streams.rules.uz import PACK

app = typer.Typer(
    help="Move the date of a simulated hub.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_console = Console(highlight=False, soft_wrap=True)


@app.callback()
def main() -> None:
    """Move the date of a simulated hub."""


@app.command()
def run(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
    step: Annotated[int, typer.Option(min=1, help="Days at a time.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Judge whoever is due, day after day; days on which nothing is due are passed over.

    What is concluded is said and sent, as if the days had passed: only for a simulated country.
    Stop the components first (`hub down`, then `hub up`). Safe to repeat, and to end with Ctrl-C.

    Examples:
      hub clock run --from 2026-09-30 --to 2036-09-30
      hub clock run --from 2026-09-30 --to 2027-09-30 --step 7 --yes
    """
    if last < first:
        raise PermanentError("--to lies before --from")
    if not yes:
        typer.confirm("Is this a simulated country? What is concluded will be sent.", abort=True)
    said = move(Settings.from_environment(), first.date(), last.date(), step)
    _console.print(f"{said:,} statements about needs")


def move(settings: Settings, first: date, last: date, step: int) -> int:
    """Move the date; return how much was said.

    Raises:
        PermanentError: the registries were not read completely yet, or a component judges by the
            real date.
        TransientError: a database does not answer; what was committed stays.
    """
    keys = settings.keys
    keystore = open_keystore(settings)
    try:
        with closing(keystore), closing(connect(settings.hub_dsn)) as connection:
            store = NeedsStore(connection)
            if not store.take_time(alone=True):
                raise PermanentError(
                    "an assessor or the clock judges by the real date; stop the components first "
                    "(`hub down`, then `hub up` for the servers)"
                )
            assessor = Assessor(store, keystore, keys, PACK, settings.partitions)
            if not assessor.is_ready():
                raise PermanentError("not every registry was read completely yet; see `hub status`")
            return _move(Clock(store, PACK, settings.partitions), assessor, first, last, step)
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def _move(clock: Clock, assessor: Assessor, first: date, last: date, step: int) -> int:
    said = 0
    counted = TextColumn("days, {task.fields[said]} statements")
    with progress_bar(_console, counted, TimeRemainingColumn(), stays=True) as progress:
        task = progress.add_task(str(first), total=(last - first).days + 1, said=0)
        for day in days(clock, assessor, first, last, step):
            said += day.said
            passed = (day.on - first).days + 1
            progress.update(task, description=str(day.on), completed=passed, said=f"{said:,}")
        progress.update(task, completed=(last - first).days + 1)
    return said
