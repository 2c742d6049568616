"""``hub person``: ask for one person. The national number comes from a prompt or standard input."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console

from ops.identity.asking import Person, by_number, identifier
from ops.identity.commands import register
from ops.operators import reader
from ops.person_view import render
from ops.privacy import erase
from ops.privacy.due import due
from ops.privacy.export import export
from ops.run.api import judge, queries
from ops.screen_texts import words_of
from ops.settings import Settings
from projections.decisions import ReasonError, check_reason
from projections.moments import SAID, MomentError, moment
from projections.past_queries import PastQueries
from projections.queries import UnknownPersonError
from schemas.errors import RULES, InvalidRecord
from streams.rules.texts import LANGUAGES

app = typer.Typer(
    help="Ask for one person's needs and reasons.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_COMMAND: Final = "hub person show"


@app.callback()
def person() -> None:
    """Keep ``show`` a word of its own."""


@app.command()
def show(
    *,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DAY", help="A day in the world, YYYY-MM-DD.")
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option("--known-at", metavar="MOMENT", help="To us: YYYY-MM-DDTHH:MM:SSZ."),
    ] = None,
    language: Annotated[str, typer.Option("--lang", help="uz-Latn, uz-Cyrl, ru or en")] = "en",
    person: Person = None,
    facts: Annotated[bool, typer.Option("--facts", help="Also the facts that held.")] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why you look; goes on record, without numbers.")
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """Show a person's needs, reasons, evidence and how fresh the knowledge is.

    The PINFL is asked for, or read from standard input; never given as an argument, where every
    user of the machine could read it. The reading is put on record, with your login, the purpose
    "operations", and the reason if you give one.

    Without dates the answer is what was said last. With --as-of or --known-at the person is judged
    again: on that day, by the law of that day, by what was known at that moment.

    Examples:
      hub person show
      hub person show --reason "the family called about its benefit"
      hub person show --facts -o json < pinfl.txt
      hub person show --person 5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11
      hub person show --as-of 2026-03-01 --known-at 2026-04-01T00:00:00Z --lang uz-Latn
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    if language not in LANGUAGES:
        raise typer.BadParameter(", ".join(LANGUAGES), param_hint="--lang")
    settings = Settings.from_environment()
    looks = reader(_COMMAND, _checked(reason))
    try:
        at = moment(as_of, known_at, None, today=settings.today, now=datetime.now(UTC))
    except MomentError as error:
        print(f"hub: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        asked = identifier(person, "--person") if person else by_number(settings)
    except InvalidRecord as error:
        print(f"hub: that is no PINFL: {RULES[error.rule]}", file=sys.stderr)
        raise typer.Exit(1) from None
    with queries(settings) as answers:
        try:
            past = PastQueries(answers, judge(settings, answers))
            if at.mode == SAID:
                answer = answers.needs(asked, looks, at)
            else:
                answer = past.needs(asked, at, looks)
            if facts:
                answer["facts"] = past.facts(asked, at, looks)["facts"]
        except UnknownPersonError:
            print("hub: no registry has stated anything about this person", file=sys.stderr)
            raise typer.Exit(1) from None
    if output == "json":
        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    else:
        render(answer, Console(), words_of(language))


def _checked(reason: str | None) -> str | None:
    try:
        return None if reason is None else check_reason(reason)
    except ReasonError as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from None


register(app)  # link, unlink, and whatever else says who is who
erase.register(app)  # erase, restrict
app.command()(due)
app.command()(export)
