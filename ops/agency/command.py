"""``hub agency``: let agencies subscribe, under a legal basis, and end that."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.console import Console

from ops.agency import access, view
from ops.agency.access import Desk, Hand
from ops.agency.kafka import RETENTION_DAYS
from ops.agency.resend_command import resend
from ops.settings import Settings
from projections import feeds_access
from projections.agencies import grant as give
from projections.agencies import grants_of, revoke_grant
from projections.decisions import ReasonError, check_reason
from schemas.errors import PermanentError
from schemas.rights import load_policy
from streams.feeds.names import user

app = typer.Typer(
    help="Let agencies subscribe to events, each under its own legal basis.",
    epilog="docs/agencies.md tells the life of an agency, and what a subscriber has to know.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(resend)

Name = Annotated[str, typer.Argument(help="The agency's name: a-z, 0-9 and dashes.")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why, in words; published for ever, so without numbers.")
]
File = Annotated[
    Path | None,
    typer.Option("--password-file", help="Write the password there (0600) and do not show it."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Output = Annotated[str, typer.Option("--output", "-o", help="text or json")]

_LONGEST_RETENTION: Final = 90


@app.command()
def add(
    name: Name,
    title: Annotated[str, typer.Option("--title", help="What it is called, in words.")],
    password_file: File = None,
    days: Annotated[
        int,
        typer.Option("--days", min=1, max=_LONGEST_RETENTION, help="How long its feed is kept."),
    ] = RETENTION_DAYS,
) -> None:
    """Let an agency in: topics of its own, a user at Kafka and at the schema gateway.

    It gets nothing before something is granted to it. The password is shown once. Given again, the
    command finds what is there and goes on where it was interrupted.

    Examples:
      hub agency add employment --title "Employment agency"
      hub agency add employment --title "Employment agency" --password-file employment.password
    """
    if access.add(_desk(), name, title, days, _hand(name, password_file)):
        return
    print(f'{name} is let in already; its title is "{title}".')
    print(f"`hub agency rotate-password {name}` makes a new password.")


@app.command()
def grant(  # noqa: PLR0917 - options
    name: Name,
    basis: Annotated[str, typer.Option("--basis", help="The law, as the policy names it.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What for, as the policy names it.")],
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help="The beginning of a SOATO code; more than one is fine."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="The last day (YYYY-MM-DD), in UTC.")
    ] = None,
    history_from: Annotated[
        str | None,
        typer.Option(
            "--history-from",
            help="Events that the hub learnt of from this day on; without it as far as the basis "
            "allows.",
        ),
    ] = None,
) -> None:
    """Grant an agency a legal basis for a purpose; its feed begins, or goes on.

    Examples:
      hub agency grant employment --basis employment-law --purpose employment-help
      hub agency grant regional --basis social-registry --purpose social-support --region 1726
    """
    desk = _desk()
    last = _day(until, "--until")
    with desk.open() as connection:
        made = give(
            connection,
            load_policy(),
            name,
            basis,
            purpose,
            now=desk.now,
            who=desk.who,
            regions=region or None,
            expires_at=None if last is None else _midnight(last + timedelta(days=1)),
            history_from=_day(history_from, "--history-from"),
        )
    print("\n".join(view.granted(made)))


@app.command()
def revoke(
    name: Name,
    reason: Reason,
    grant: Annotated[
        str | None, typer.Option("--grant", help="Only this grant, by its id; else everything.")
    ] = None,
    lock_out: Annotated[
        bool,
        typer.Option("--lock-out", help="Also take its user away: it cannot even read the end."),
    ] = False,
    yes: Yes = False,
) -> None:
    """End a grant, or all access of an agency; its feed says so in its last record and stops.

    What was sent before can be read until it is too old, unless the agency is locked out.

    Examples:
      hub agency revoke employment --reason "the agreement has ended"
      hub agency revoke regional --grant 5d1c33f0-8a51-4e02-9b77-3f2f8f0c9d11 --reason "another law"
    """
    said = _reason(reason)
    desk = _desk()
    chosen = None if grant is None else _identifier(grant)
    if chosen is not None and lock_out:
        raise typer.BadParameter("a grant is not locked out, an agency is", param_hint="--lock-out")
    with desk.open() as connection:
        held = grants_of(connection, name)
        if not held.is_known:
            raise PermanentError(f"no agency {name}: see `hub agency list`")
        one = next((each for each in held if each.id == chosen), None)
        if chosen is not None and one is None:
            raise PermanentError(f"{name} has no such grant: see `hub agency show {name}`")
        ending = [one] if one is not None else list(held)
        print("\n".join(view.revocation(name, ending, desk.now, locked_out=lock_out)))
        if not yes:
            typer.confirm("Go on?", abort=True)
        if one is not None:
            with connection.transaction():
                revoke_grant(connection, one.id, now=desk.now, who=desk.who)
                feeds_access.explain(
                    connection, name, said, now=desk.now, who=desk.who, grant=one.id
                )
    if one is None:
        access.end(desk, name, said, locked_out=lock_out)
    print("revoked")


@app.command("list")
def list_agencies(output: Output = "text") -> None:
    """List agencies and what each may see.

    Examples:
      hub agency list
      hub agency list -o json
    """
    desk = _desk()
    with desk.open() as connection:
        rows = view.rows(connection, load_policy(), desk.now)
    _print(output, rows, view.table(rows))


@app.command()
def show(name: Name, output: Output = "text") -> None:
    """Show an agency: its grants, its topics, how far its feed is.

    Examples:
      hub agency show employment
    """
    desk = _desk()
    with desk.open() as connection:
        row = view.one(connection, load_policy(), name, desk.now)
    _print(output, row, view.page(row))


@app.command("rotate-password")
def rotate_password(name: Name, password_file: File = None) -> None:
    """Give an agency a new password; the old one counts no more, connections that are open stay.

    Examples:
      hub agency rotate-password employment --password-file employment.password
    """
    access.rotate(_desk(), name, _hand(name, password_file))


def _desk() -> Desk:
    return Desk(Settings.from_environment(), getpass.getuser(), datetime.now(UTC))


def _hand(name: str, path: Path | None) -> Hand:
    def hand(password: str) -> None:
        if path is not None:
            access.write_password(path, password)
            print(f"user {user(name)}; the password is in {path}")
        else:
            print(f"user {user(name)}\npassword {password}\nIt is not shown again.", flush=True)

    return hand


def _print(output: str, value: object, text: object) -> None:
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    if output == "json":
        print(view.as_json(value))
    else:
        Console(soft_wrap=True, highlight=False).print(text)


def _reason(reason: str) -> str:
    try:
        return check_reason(reason)
    except ReasonError as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from None


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a date such as 2026-01-31", param_hint=option) from None


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(0), UTC)


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter("not a grant's id", param_hint="--grant") from None
