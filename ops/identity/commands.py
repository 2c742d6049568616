"""``hub person link`` and ``hub person unlink``: an operator decides who is who."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import psycopg
import typer
from rich.console import Console
from rich.markup import escape

from ops.identity import asking, waiting
from ops.identity.asking import Person, identifier
from ops.identity.suggest_commands import suggest, suggestions
from ops.operators import reader
from ops.run.api import queries
from ops.settings import Settings
from projections.decisions import (
    Decided,
    Decision,
    ReasonError,
    Verb,
    check_reason,
    current_link,
    decide,
)
from projections.identities import identities as all_identities
from projections.queries import UnknownPersonError
from schemas.errors import RULES, InvalidRecord, PermanentError
from streams.rules.uz import PACK

_COMMAND: Final = "hub person identities"

Reason = Annotated[
    str, typer.Option("--reason", help="Why, in words; published for ever, so without numbers.")
]
Alias = Annotated[
    str | None, typer.Option("--alias", help="The provisional id; asked for if left out.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until it has come through.")]
Timeout = Annotated[
    int, typer.Option("--timeout", min=1, max=86_400, help="Seconds to wait at most.")
]


def link(
    reason: Reason,
    alias: Alias = None,
    person: Person = None,
    no_wait: NoWait = False,
    timeout: Timeout = 120,
) -> None:
    """Decide that a provisional id is a person.

    The decision goes out as an event, is put on record, and goes before whatever registries say of
    this alias. The PINFL is asked for, or read from standard input; never given as an argument.
    Linking what is linked already changes nothing.

    Examples:
      hub person link --alias 5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11 --reason "same passport shown"
      hub person link --alias ... --person ... --reason "same passport shown" --no-wait
      hub person link --alias ... --reason "same passport shown" < pinfl.txt
    """
    said = _reason(reason)
    settings = Settings.from_environment()
    of = _alias(alias)
    to = identifier(person, "--person") if person is not None else _by_number(settings)
    _carry_out(settings, Decision("linked", of, to, said), None if no_wait else timeout)


def unlink(
    reason: Reason,
    alias: Alias = None,
    person: Person = None,
    no_wait: NoWait = False,
    timeout: Timeout = 120,
) -> None:
    """Decide that a provisional id is not the person that it is linked to.

    Both people get back what is theirs, with all needs. Links of this alias to that person do not
    count any more, whichever registry states them.

    Examples:
      hub person unlink --alias 5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11 --reason "another man"
    """
    said = _reason(reason)
    settings = Settings.from_environment()
    of = _alias(alias)
    to = None if person is None else identifier(person, "--person")
    if to is None:
        with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
            found = current_link(connection, of)
        if found is None:
            raise PermanentError("this alias is linked to nobody")
        to = found[0]
    _carry_out(settings, Decision("unlinked", of, to, said), None if no_wait else timeout)


def identities(
    person: Person = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """Show every id that is or was a person's: since when, until when, who said so, and why.

    The PINFL is asked for, or read from standard input. The reading is put on record.

    Examples:
      hub person identities
      hub person identities --person 5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11 -o json
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    settings = Settings.from_environment()
    asked = _by_number(settings) if person is None else identifier(person, "--person")
    with queries(settings) as answers:
        try:
            answer = all_identities(answers, asked, reader(_COMMAND))
        except UnknownPersonError:
            print("hub: no registry has stated anything about this person", file=sys.stderr)
            raise typer.Exit(1) from None
    if output == "json":
        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    else:
        Console(soft_wrap=True, highlight=False).print("\n".join(_lines(answer)))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    yield f"person {answer['person']}"
    for row in answer["identities"]:
        kind = "provisional" if row["is_provisional"] else "by number"
        reason = f": {escape(row['reason'])}" if row["reason"] else ""
        until = (row["until"] or "now")[:16]
        yield f"{row['id']}  {kind:11}  {row['since'][:16]} to {until}, by {row['by']}{reason}"


def _carry_out(settings: Settings, decision: Decision, timeout: int | None) -> None:
    console = Console(soft_wrap=True)
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        watch = waiting.Watch(connection, {decision.alias, decision.person})
        watch.begin()
        decided = decide(
            connection,
            settings.keys,
            decision,
            now_us=time.time_ns() // 1000,
            today=settings.today,
        )
        _say(console, decided)
        if timeout is None or not (decided.is_new or decided.is_on_its_way):
            return
        with console.status("waiting") as status:
            watch.wait(decided, timeout, lambda stage: status.update(_stage(stage)))
        changes = watch.changes()
    if not changes:
        console.print("come through; no need changed")
        return
    console.print(f"come through; {len(changes)} need(s) changed:")
    for person, kind, state, amount in changes:
        money = ""
        if amount is not None and state != "ended":
            money = f", {PACK.currency.units(amount)} {PACK.currency.unit} a month"
        console.print(f"  {state:9} {kind} of {person}{money}", highlight=False)


def _say(console: Console, decided: Decided) -> None:
    verb: Verb = decided.decision.verb
    words = "linked to" if verb == "linked" else "no longer linked to"
    what = f"{decided.decision.alias} is {words} {decided.decision.person}"
    if decided.is_new:
        console.print(f"decided: {what}", highlight=False)
    else:
        console.print(f"already so, by {decided.said_by}: {what}", highlight=False)


def _stage(stage: int) -> str:
    return waiting.STAGES[stage] if stage < waiting.THROUGH else "come through"


def _reason(reason: str) -> str:
    try:
        return check_reason(reason)
    except ReasonError as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from None


def _alias(alias: str | None) -> UUID:
    if alias is not None:
        return identifier(alias, "--alias")
    if sys.stdin.isatty():
        return identifier(str(typer.prompt("Provisional id")), "Provisional id")
    return identifier(asking.first_line(), "the first line")


def _by_number(settings: Settings) -> UUID:
    try:
        return asking.by_number(settings)
    except InvalidRecord as error:
        raise typer.BadParameter(RULES[error.rule], param_hint="PINFL") from None


def register(app: typer.Typer) -> None:
    """Add these commands to ``hub person``."""
    for command in (link, unlink, identities, suggest, suggestions):
        app.command()(command)
