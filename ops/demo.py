"""``hub demo``: the main job, from an empty folder to verified needs, with everything real.

Everything happens in a home of its own beside the configured one, so a demo neither disturbs nor
depends on anything; the home is emptied first, and everything is stopped afterwards.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from ops import demo_view, progress_view
from ops.progress import Progress
from ops.settings import Settings
from ops.simulator.command import DEFAULT_UNTIL
from ops.trial import Trial
from ops.verify.report import EQUAL
from ops.verify.run import verify

_PORTS_ABOVE: Final = 200  # of the configured range, so that a demo runs beside a stack
_WAIT_SECONDS: Final = 600.0


def demo(
    people: Annotated[int, typer.Option(min=100, help="How many people live there.")] = 20_000,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days lived while it runs.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed gives the same country.")] = 1,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The country's last day.")
    ] = datetime.fromisoformat(DEFAULT_UNTIL),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running, to look around.")
    ] = False,
) -> None:
    """Simulate a country, connect its three registries, derive needs, and prove the result.

    Examples:
      hub demo
      hub demo --people 2000 --keep
    """
    settings = demo_settings(Settings.from_environment(), until.date())
    console = Console()
    trial = Trial(settings=settings, people=people, days=days, seed=seed, until=until.date())
    trial.stop()
    shutil.rmtree(settings.home, ignore_errors=True)
    try:
        outcome = run(trial, console)
    finally:
        if not keep:
            console.print("stopping everything", style="dim")
            trial.stop()
    if keep:
        print(demo_view.how_to_look_around(settings))  # not wrapped: to be copied
    print(json.dumps(outcome))
    if outcome["verify"] != EQUAL:
        raise typer.Exit(1)


def demo_settings(settings: Settings, until: date) -> Settings:
    """Return settings of a home and ports beside those given, on the country's last day."""
    return replace(
        settings,
        home=settings.home.with_name(f"{settings.home.name}-demo"),
        port_base=settings.port_base + _PORTS_ABOVE,
        today_override=until,
    )


def run(trial: Trial, console: Console) -> dict[str, object]:
    """Run the main job and return what the last line says."""
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {text}")

    say(f"servers: Kafka, schema registry, PostgreSQL under {trial.settings.home}")
    trial.start_servers(lambda text: say(f"  {text}"))
    say(f"a country of {trial.people:,} people: its past, into three registries")
    trial.country.backlog()
    say("connectors, workers, assessor, sequencer, API")
    trial.start_components(lambda text: say(f"  {text}"))
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def watch(seen: Progress) -> None:
            live.update(progress_view.table(seen, due))

        due = trial.due()
        trial.wait_for_snapshots(_WAIT_SECONDS, watch)
        say("every registry was read completely once")
        for number in range(1, trial.days + 1):
            trial.country.day(number)
        due = trial.due()
        say(f"{trial.days} more days lived while the connectors stream")
        trial.wait_until_settled(_WAIT_SECONDS, watch)
    say("settled: everything published, applied, assessed and sent")
    say("verify: sources, ledger, topics and tables, by other code")
    report = verify(trial.settings, wait_seconds=_WAIT_SECONDS)
    report.show(console)
    console.print(demo_view.needs_by_region(trial.settings))
    demo_view.show_one_person(trial.settings, console)
    seconds = time.monotonic() - began
    found = report.as_json()
    names = ("source_records", "events", "suppressed", "quarantined", "needs", "verify")
    return {
        "people": trial.people,
        **{name: found[name] for name in names},
        "seconds": round(seconds, 1),
    }
