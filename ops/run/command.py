"""``hub run``: one component in the foreground, until a signal ends it."""

from __future__ import annotations

import threading
from typing import Annotated, Final

import typer

from ops import logs
from ops.lazy import load
from ops.run.components import CONNECTORS, write_error
from ops.run.replaced import end_when_replaced
from ops.run.signals import stop_on_signals
from ops.settings import Settings
from schemas.errors import PermanentError

# Those that write to the hub's tables say first what they run with, if it is new.
_ON_RECORD: Final = ("worker", "assessor", "clock", "sequencer", "feeds")

app = typer.Typer(
    help="Run one component in the foreground; end it with Ctrl-C.",
    epilog="Under `hub up --all` the supervisor runs these very commands.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def connector(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(CONNECTORS)}.")],
) -> None:
    """Publish one registry's changes to its topic.

    Examples:
      hub run connector civil
    """
    if name not in CONNECTORS:
        raise PermanentError(f"no connector is called {name}; there are {', '.join(CONNECTORS)}")
    foreground(f"connector-{name}", "ops.run.connector:run", name)


@app.command()
def worker() -> None:
    """Turn events into facts; several share the partitions between them.

    Examples:
      hub run worker
    """
    foreground("worker", "ops.run.worker:run")


@app.command()
def assessor() -> None:
    """Derive needs for persons about whom something changed.

    Examples:
      hub run assessor
    """
    foreground("assessor", "ops.run.assessor:run")


@app.command()
def clock() -> None:
    """Queue whoever is due: a day has come, a month is closed, an annulment counts.

    Examples:
      hub run clock
    """
    foreground("clock", "ops.run.clock:run")


@app.command()
def sequencer() -> None:
    """Number what goes out.

    Examples:
      hub run sequencer
    """
    foreground("sequencer", "ops.run.sequencer:run")


@app.command()
def integrator() -> None:
    """Publish the audit log: tiles and signed checkpoints.

    Examples:
      hub run integrator
    """
    foreground("integrator", "ops.run.integrator:run")


@app.command()
def feeds() -> None:
    """Send each agency what its rights cover.

    Examples:
      hub run feeds
    """
    foreground("feeds", "ops.run.feeds:run")


@app.command()
def schemas() -> None:
    """Show each agency the schemas of its own feed, on loopback.

    Examples:
      hub run schemas
    """
    foreground("schemas", "ops.run.schemas:run")


@app.command()
def issuer() -> None:
    """Give tokens to clients of agencies, on loopback.

    Examples:
      hub run issuer
    """
    foreground("issuer", "ops.run.issuer:run")


@app.command()
def api() -> None:
    """Answer agencies over HTTP under their rights, on loopback.

    Examples:
      hub run api
    """
    foreground("api", "ops.run.api:run")


def foreground(component: str, target: str, *arguments: str) -> None:
    """Run ``target(settings, *arguments, stop)`` until it returns; a signal sets ``stop``.

    Raises:
        PermanentError, TransientError: as the component raised it; `hub` turns it into its
            exit code, and the supervisor finds the same words in ``home/run``.
    """
    settings = Settings.from_environment()
    name = settings.component or component
    logs.configure(name)
    stop = threading.Event()
    stop_on_signals(stop)
    end_when_replaced(settings.secrets_folder, component, stop)
    try:
        if component in _ON_RECORD:
            load("ops.audit.configuration:put_on_record")(settings, name)
        load(target)(settings, *arguments, stop)
    except Exception as error:
        from ops.cli import verdict  # noqa: PLC0415  # it loads this module by name

        if settings.component:
            write_error(settings, name, verdict(error)[0], logs.summary(error))
        raise
