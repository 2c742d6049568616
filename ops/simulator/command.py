"""``hub simulate``: write a country, or one phase of it, into the three sources.

The only module here that knows the hub's settings; everything else gets values.
"""

from __future__ import annotations

import time
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from ops.settings import Settings
from ops.simulator import fhir_process, fhir_server
from ops.simulator.civil_database import CountryExistsError
from ops.simulator.contract import Keys
from ops.simulator.country import Country, OutOfTurnError, Places
from ops.simulator.known_people import pinfl_of
from ops.simulator.parts import Say

DEFAULT_UNTIL = "2026-09-30"
KNOWN_PERSON = "a.third"  # a child of a low-income family; invented, like everybody there
REFUSED = 4  # exit code, as in ops/cli.py: going on would be wrong until somebody acts
REFUSALS = (CountryExistsError, OutOfTurnError, fhir_process.FhirServerError)


class Phase(StrEnum):
    """What to write."""

    ALL = "all"
    BACKLOG = "backlog"
    LIVE = "live"
    SERVE = "serve"


def country_of(  # noqa: PLR0917 - the parameters of a country
    settings: Settings,
    people: int,
    days: int,
    seed: int,
    until: date,
    say: Say = lambda _: None,
) -> Country:
    """Return the country whose sources are those of ``settings``; ``say`` hears of each step."""
    secrets = settings.secrets
    return Country(
        people,
        days,
        seed,
        until,
        places=Places(
            home=settings.home,
            civil_dsn=settings.civil_dsn,
            tax_folder=settings.tax_drop_folder,
        ),
        keys=Keys(secrets.person_key, secrets.event_key, secrets.digest_key),
        say=say,
    )


class Steps:
    """Says what has been done, with the time it took from the beginning."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def say(self, step: str) -> None:
        self._console.print(f"{time.monotonic() - self._began:7.1f} s  {step}")


def start_fhir(settings: Settings, seed: int = 0) -> fhir_process.FhirServer:
    """Start the FHIR server of ``settings`` as a subprocess, or find it running."""
    return fhir_process.start(settings.home, settings.port("fhir"), seed)


def simulate(  # noqa: PLR0917 - Typer calls it by name
    people: Annotated[
        int, typer.Option(min=100, max=1_000_000, help="How many people; a hundred are known.")
    ] = 20_000,
    days: Annotated[int, typer.Option(min=0, max=365, help="Live days after the backlog.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same country.")] = 1,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The country's last day.")
    ] = datetime.fromisoformat(DEFAULT_UNTIL),
    phase: Annotated[
        Phase, typer.Option(help="all, backlog, live, or serve: only the FHIR server.")
    ] = Phase.ALL,
    fhir: Annotated[bool, typer.Option(help="Start the FHIR server first.")] = True,
) -> None:
    """Write a simulated country into the civil database, the tax folder and the FHIR server."""
    settings = Settings.from_environment()
    if phase is Phase.SERVE:
        _serve(settings, seed)
        return
    console = Console(stderr=True)
    try:
        if fhir:
            console.print(f"FHIR server: {start_fhir(settings, seed).url}/fhir")
        steps = Steps(console)
        country = country_of(settings, people, days, seed, until.date(), steps.say)
        _write(country, phase, console)
    except REFUSALS as error:
        console.print(f"hub simulate: {error}")
        raise typer.Exit(REFUSED) from error


def _write(country: Country, phase: Phase, console: Console) -> None:
    began = time.monotonic()
    if phase is not Phase.LIVE:
        country.backlog()
        console.print(f"backlog written, {country.days} days short of {country.until}")
    if phase is not Phase.BACKLOG:
        for number in range(1, country.days + 1):
            country.day(number)
        console.print(f"{country.days} live days written, up to {country.until}")
    console.print(f"{time.monotonic() - began:.1f} s")
    console.print(
        f"to ask for one of its people: echo {pinfl_of(KNOWN_PERSON, country.until)} | "
        f"hub person show ({KNOWN_PERSON} in ops/simulator/known_people.txt)"
    )


def _serve(settings: Settings, seed: int) -> None:
    fhir_server.serve(
        settings.home / "simulator" / "fhir.sqlite",
        fhir_process.client_secret_file(settings.home),
        settings.port("fhir"),
        seed,
    )
