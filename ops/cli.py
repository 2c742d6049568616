"""The ``hub`` command: a table of commands, each loaded only when it is called.

Exit codes, the same for every command:

    0   fine
    1   finding: the command worked and found something wrong
    2   usage: unknown command or option, or a command that this build lacks
    3   a dependency is down; the same command may succeed later
    4   refused: going on would be wrong until somebody acts
    70  a fault of the hub itself; its place is shown, its values are not
    130 interrupted from the keyboard
"""

from __future__ import annotations

import errno
import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import typer

from ops.lazy import NotInThisBuildError, load
from ops.logs import summary
from schemas.errors import HubError, PermanentError, TransientError

FINDING, USAGE, DEPENDENCY_DOWN, REFUSED, FAULT, INTERRUPTED = 1, 2, 3, 4, 70, 130


class Command(NamedTuple):
    """Where a command lives; ``target`` is a function with Typer options, or a Typer app."""

    target: str
    help: str
    panel: str


_STACK, _DATA, _CHECKS = "The local stack", "Data", "Proof and measurement"

COMMANDS = {
    "up": Command("ops.stack.commands:up", "Start the servers; with --all everything.", _STACK),
    "down": Command("ops.stack.commands:down", "Stop what `hub up` started.", _STACK),
    "status": Command("ops.stack.status:status", "Show what runs and how it fares.", _STACK),
    "doctor": Command("ops.stack.doctor:doctor", "Say what is missing and how to mend it.", _STACK),
    "fetch": Command("ops.stack.commands:fetch", "Download and verify the archives.", _STACK),
    "run": Command("ops.run.command:app", "Run one component in the foreground.", _STACK),
    "init": Command("ops.initialise:init", "Create topics, schemas and tables.", _DATA),
    "simulate": Command("ops.simulator.command:simulate", "Drive a simulated country.", _DATA),
    "clock": Command("ops.clock:app", "Move the date of a simulated hub.", _DATA),
    "agency": Command("ops.agency.command:app", "Let agencies subscribe, each to its own.", _DATA),
    "client": Command("ops.client:app", "Programs of agencies that may ask.", _DATA),
    "policy": Command("ops.policy:app", "Who may see what, for what, by which law.", _DATA),
    "person": Command("ops.person:app", "Ask for one person's needs and reasons.", _DATA),
    "keys": Command("ops.privacy.keys_command:app", "Epochs and backup of the keys.", _DATA),
    "secrets": Command("ops.secrets_command:app", "Passwords and keys; new ones.", _DATA),
    "replay": Command("ops.replay.command:replay", "Rebuild the tables from the topics.", _DATA),
    "rules": Command("ops.draft.command:app", "Try a draft law on everybody.", _DATA),
    "payments": Command(
        "ops.payments:payments", "List months paid too little or too much, to decide.", _DATA
    ),
    "stats": Command("ops.stats.command:app", "Figures for planners; small ones hidden.", _DATA),
    "worklist": Command("ops.stats.worklist:worklist", "Who needs a visit, by district.", _DATA),
    "schema": Command("ops.schema_check:app", "Check the event schemas.", _CHECKS),
    "verify": Command("ops.verify.command:verify", "Compare sources, topics and tables.", _CHECKS),
    "demo": Command("ops.demo:demo", "Run the main job from end to end.", _CHECKS),
    "audit": Command("ops.audit.command:app", "Prove what is on record.", _CHECKS),
    "bench": Command("ops.bench.command:bench", "Measure us beside others.", _CHECKS),
}

app = typer.Typer(
    name="hub",
    help="Connect government registries: events in, citizen needs with reasons out.",
    epilog="Begin with `hub doctor`, then `hub up --all`, then `hub status`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # it shows the values of local variables
)


def command_app(name: str) -> typer.Typer:
    """Return the app of one command.

    Raises:
        NotInThisBuildError: its module, or the name in it, does not exist.
    """
    target = load(COMMANDS[name].target)
    if isinstance(target, typer.Typer):
        return target
    single = typer.Typer(
        add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False
    )
    single.command()(target)
    return single


def _register(name: str, command: Command) -> None:
    @app.command(
        name,
        help=command.help,
        rich_help_panel=command.panel,
        add_help_option=False,  # `--help` is for the command behind it
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def call(context: typer.Context) -> None:
        command_app(name)(args=context.args, prog_name=f"hub {name}")


for _name, _command in COMMANDS.items():
    _register(_name, _command)


def main() -> None:
    """Run ``hub`` and end with one of the exit codes above."""
    # What libraries warn of is in the exit code; components turn their logs on themselves.
    logging.getLogger().addHandler(logging.NullHandler())
    sys.exit(guarded(app))


def guarded(call: Callable[[], Any]) -> int:
    """Run ``call`` and return its exit code; what fails is told on standard error."""
    try:
        call()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge: told, not swallowed
        code, text = verdict(error)
        print(f"hub: {text}", file=sys.stderr)
        return code
    return 0


# The first row that fits; {} is the error's own text.
_VERDICTS: tuple[tuple[type[BaseException], int, str], ...] = (
    (KeyboardInterrupt, INTERRUPTED, "stopped; what `hub up` started goes on, see `hub status`"),
    (NotInThisBuildError, USAGE, "{}"),
    (PermanentError, REFUSED, "{}"),
    (TransientError, DEPENDENCY_DOWN, "{}; try again"),
    (HubError, FINDING, "{}"),
)
# What psycopg calls it; no driver is imported for that.
_NO_TABLES: Final = frozenset({"UndefinedTable", "InvalidSchemaName"})


def verdict(error: BaseException) -> tuple[int, str]:
    """Return the exit code that an error means, and what to say of it."""
    for kind, code, text in _VERDICTS:
        if isinstance(error, kind):
            return code, text.format(error)
    if _is_full_disk(error):
        return DEPENDENCY_DOWN, "no space is left on a disk; `hub doctor` says where; try again"
    if type(error).__name__ in _NO_TABLES:
        return REFUSED, "this hub has no tables yet, or older ones: `hub init` first"
    if (name := _dependency(error)) is not None:
        text = f"{name} does not answer as it should ({summary(error)}); see `hub status`"
        return DEPENDENCY_DOWN, text
    places = "".join(traceback.format_tb(error.__traceback__))
    return FAULT, f"a fault of the hub itself: {summary(error)}; please report it\n{places}"


def _is_full_disk(error: BaseException) -> bool:
    """Return whether that is why, here or where PostgreSQL keeps its data (SQLSTATE 53100)."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(kind.__name__ == "DiskFull" for kind in type(error).__mro__)


def _dependency(error: BaseException) -> str | None:
    """Return which server a driver's error speaks of; imports no driver."""
    names = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}
    table = {
        ("psycopg", "OperationalError"): "PostgreSQL",
        ("kafka", "KafkaError"): "Kafka",
        ("aiokafka", "KafkaError"): "Kafka",
        ("httpx", "TransportError"): "an HTTP service",
    }
    return next((table[name] for name in table if name in names), None)


if __name__ == "__main__":
    main()
