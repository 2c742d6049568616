"""``hub secrets``: which secrets this home has, and new ones in their place."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ops.secret_changes import (
    CHANGEABLE,
    PRINCIPALS,
    TOKEN_KEY,
    UNCHANGEABLE,
    all_begun,
    refuse_unchangeable,
)
from ops.settings import Settings
from ops.stack.rotate import rotate as give_new

app = typer.Typer(
    help="Passwords and keys of this home: what there is, and new ones at work.",
    epilog="docs/local-stack.md says what happens, in which order.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_console = Console(highlight=False, soft_wrap=True)


@app.command("list")
def list_(
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """List every secret by name, and whether it can be changed.

    Shows no secret.

    Examples:
      hub secrets list
      hub secrets list -o json
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    begun = all_begun(Settings.from_environment().secrets_folder)
    if output == "json":
        rows = [
            {"name": name, "of": _of(name), "changeable": True, "begun": name in begun}
            for name in CHANGEABLE
        ]
        rows += [
            {"name": name, "of": _of(name), "changeable": False, "why_not": why}
            for name, why in UNCHANGEABLE.items()
        ]
        print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("name", "of", "can be changed", box=None, padding=(0, 2, 0, 0))
    for name in CHANGEABLE:
        table.add_row(name, _of(name), "begun, not done: rotate it" if name in begun else "yes")
    for name in UNCHANGEABLE:
        table.add_row(name, _of(name), "no")
    _console.print(table)
    _console.print("`hub secrets rotate NAME` changes one, or says why it cannot be changed")


@app.command()
def rotate(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="See `hub secrets list`.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every one that can be changed.")
    ] = False,
) -> None:
    """Give each NAME a new random secret while everything runs. Nothing is shown.

    The server takes the new one, then its file says it; the old one counts no more. Connections
    that are open stay, and whoever connects anew reads the file. `kafka_broker` stops Kafka for
    some seconds, `registry` the schema registry. What the old `token_key` signed counts until it
    expires, in five minutes. Killed anywhere, the same command goes on.

    Examples:
      hub secrets rotate kafka_worker
      hub secrets rotate hub_api hub_pipeline
      hub secrets rotate --all
    """
    settings = Settings.from_environment()
    if everything == bool(names):
        raise typer.BadParameter("either names or --all", param_hint="NAME...")
    chosen = list(CHANGEABLE) if everything else list(dict.fromkeys(names or []))
    for name in chosen:
        refuse_unchangeable(name)  # all of them before the first is changed
    for name in chosen:
        is_resumed = give_new(settings, name, _say)
        _say(f"{name} is new" + (" (a change that was begun before)" if is_resumed else ""))


def _of(name: str) -> str:
    if name in PRINCIPALS:
        return f"{PRINCIPALS[name]} at Kafka"
    if name == TOKEN_KEY:
        return "the local issuer of tokens"
    if name in UNCHANGEABLE:
        return "the health registry" if name == "fhir_client_secret" else "the hub"
    return f"{name} in PostgreSQL"


def _say(text: str) -> None:
    _console.print(text, markup=False)
