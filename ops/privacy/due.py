"""``hub person due``: what the law kept of people who were forgotten, and keeps no more."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import psycopg
import typer
from rich.console import Console

from ops.operators import login
from ops.privacy.erase import NoWait, Timeout, Yes, carry_out, checked, over_now, what_remains
from ops.settings import Settings
from projections import deadlines
from projections.erasures import decide
from schemas import retention

_FINDING = 1


def due(
    *,
    erase: Annotated[bool, typer.Option("--erase", help="Decide to erase all of it.")] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, in words; without numbers.")
    ] = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: Timeout = 120,
) -> None:
    """List what was kept by law of people who were forgotten, and is due to be erased.

    Nothing is erased by itself on that day: run it from cron. Exit code 1 when something is due and
    is left. What was restricted is opened for nobody meanwhile.

    Examples:
      hub person due
      hub person due --erase --reason "kept by law until now" --yes
    """
    said = None if reason is None else checked(reason)
    if erase and said is None:
        raise typer.BadParameter("say why with --reason", param_hint="--erase")
    settings = Settings.from_environment()
    console = Console(soft_wrap=True, highlight=False)
    rules = retention.load()
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        found = deadlines.due(deadlines.kept(connection), settings.today)
        for one in found:
            console.print(f"{one.person}  {one.sensitivity}  was kept until {one.until}")
        if not found:
            console.print("nothing is due")
            return
        if said is None or not erase:
            console.print(f"{len(found)} due; `hub person due --erase` erases them")
            raise typer.Exit(_FINDING)
        if not yes:
            typer.confirm("This cannot be undone. Go on?", abort=True)
        plan = [over_now(one.person, rules[one.sensitivity]) for one in found]
        decided = decide(connection, settings.keys, plan, said, login(), settings.today)
        carry_out(console, settings, connection, decided, None if no_wait else timeout)
    what_remains(console, settings, plan)
