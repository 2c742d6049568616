"""``hub agency resend``: have a part of a feed sent again, under today's rights."""

from __future__ import annotations

import getpass
import time
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from ops.agency.access import Desk
from ops.settings import Settings
from projections import resends
from projections.agency_rows import Connection
from projections.resends import Resend
from schemas.errors import PermanentError, TransientError
from streams.feeds.names import resend_topic

_POLL_SECONDS: Final = 0.2


def resend(
    name: Annotated[str, typer.Argument(help="The agency's name.")],
    first: Annotated[int, typer.Option("--from", min=1, help="The first number.")],
    last: Annotated[int, typer.Option("--to", min=1, help="The last number, inclusive.")],
    execute: Annotated[bool, typer.Option("--execute", help="Do it; else say what would be.")] = (
        False
    ),
    timeout: Annotated[
        int, typer.Option("--timeout", min=0, help="Seconds to wait for it; 0: do not wait.")
    ] = 120,
) -> None:
    """Send numbers of a feed again, into a topic of their own, with the numbers that they had.

    They are made anew from the source topics under today's rights: what is no longer covered comes
    as a record that says so. Given again on the same day, the command finds what it asked for.

    Examples:
      hub agency resend employment --from 1000 --to 1999
      hub agency resend employment --from 1000 --to 1999 --execute
    """
    desk = Desk(Settings.from_environment(), getpass.getuser(), datetime.now(UTC))
    if last < first:
        raise typer.BadParameter("comes before --from", param_hint="--to")
    text = f"{last - first + 1} numbers of {name}, {first} to {last}, into {resend_topic(name)}"
    if not execute:
        print(f"would be sent again: {text}; nothing was asked for: --execute does")
        return
    key = f"hub agency resend {first}-{last} {desk.now:%Y-%m-%d}"
    with desk.open() as connection:
        asked = resends.ask(connection, name, first, last, key, desk.now, desk.who)
        print(f"asked for, {asked}: {text}")
        if timeout:
            print(_told(_wait(connection, asked, timeout)))


def _wait(connection: Connection, asked: UUID, timeout: int) -> Resend:
    deadline = time.monotonic() + timeout
    while True:
        found = resends.state(connection, asked)
        if found is None:
            raise PermanentError("the resend is not there any more")
        if found.ended_at is not None:
            return found
        if time.monotonic() > deadline:
            raise TransientError("the feeds component has not sent it yet; see `hub status`")
        time.sleep(_POLL_SECONDS)


def _told(done: Resend) -> str:
    if done.rule is not None:
        raise PermanentError(f"refused: {done.rule}; docs/agencies.md lists the rules")
    return f"sent {done.sent} records, {done.withheld} of them withheld by today's rights"
