"""``hub policy``: check the file that says who may see what, show it, tell the database of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import psycopg
import typer
from rich.console import Console

from ops.operators import login
from ops.policy_view import render_agency, render_policy
from ops.settings import Settings
from projections.agencies import UnknownAgencyError, grants_of, store_policy
from schemas.errors import TransientError
from schemas.rights import PolicyError, load_policy

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

_FINDING: Final = 1

File = Annotated[
    Path | None,
    typer.Argument(help="A policy file; without one the policy of this build.", dir_okay=False),
]


@app.command()
def check(file: File = None) -> None:
    """Say whether a policy can be meant: every fault with its place and rule. Changes nothing.

    Examples:
      hub policy check
      hub policy check draft.toml
    """
    try:
        policy = load_policy(file)
    except PolicyError as error:
        print(error)
        raise typer.Exit(_FINDING) from error
    illustrative = [basis.name for basis in policy.bases.values() if basis.illustrative]
    print(f"{len(policy.bases)} legal bases, {len(policy.purposes)} purposes: no fault found")
    if illustrative:
        print(f"laws that are examples, to be replaced: {', '.join(sorted(illustrative))}")


@app.command()
def show(
    agency: Annotated[
        str, typer.Option("--agency", help="What this agency was granted, and what it comes to.")
    ] = "",
    file: File = None,
    language: Annotated[str, typer.Option("--lang", help="Titles: uz, ru or en.")] = "en",
) -> None:
    """Show who may see what, as a table; without an agency every legal basis.

    Examples:
      hub policy show
      hub policy show --agency employment-andijan
      hub policy show draft.toml --lang ru
    """
    if language not in {"uz", "ru", "en"}:
        raise typer.BadParameter("uz, ru or en", param_hint="--lang")
    policy, console = load_policy(file), Console()
    if not agency:
        render_policy(policy, language, console)
        return
    dsn = Settings.from_environment().hub_dsn
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        grants = grants_of(connection, agency)
    if not grants.is_known:
        raise UnknownAgencyError(f"no agency {agency}: see `hub agency list`")
    render_agency(policy, grants, language, console, datetime.now(UTC))


@app.command()
def apply() -> None:
    """Tell the database what the policy says, for row security; `hub init` does it too.

    What became narrower is narrower at once, because deciding reads the file; what became wider
    waits for this. Doing it again changes nothing.

    Examples:
      hub policy apply
    """
    changed = apply_policy(Settings.from_environment().hub_dsn)
    print(f"changed: {', '.join(changed)}" if changed else "the database knows this policy already")


def apply_policy(dsn: str) -> list[str]:
    """Tell a database of the policy of this build; return the bases that changed.

    Raises:
        TransientError: the database does not answer.
    """
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
            return store_policy(connection, load_policy(), who=login())
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error
