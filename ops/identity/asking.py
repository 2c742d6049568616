"""What commands about one person ask for: an id as an option, a number never as an argument."""

from __future__ import annotations

import sys
from typing import Annotated, Final
from uuid import UUID

import typer

from ops.run.api import identify
from ops.settings import Settings

_LONGEST_LINE: Final = 64

Person = Annotated[
    str | None, typer.Option("--person", help="The person's id, in place of the PINFL.")
]


def identifier(text: str, where: str) -> UUID:
    """Return the id that somebody typed; ``where`` says to them which of several it was."""
    try:
        if text.isascii() and text.isdigit():
            raise ValueError
        return UUID(text)
    except ValueError:
        # Whatever was typed is not repeated: it may be a national number.
        raise typer.BadParameter("not an id of the hub", param_hint=where) from None


def by_number(settings: Settings) -> UUID:
    """Ask for a national number, or read it from standard input; return the person's id.

    Raises:
        InvalidRecord: it is none; the text names the rule only.
    """
    number = str(typer.prompt("PINFL", hide_input=True)) if sys.stdin.isatty() else first_line()
    return UUID(bytes=identify(settings, number))


def first_line() -> str:
    """Return the next line of standard input, or as much of it as an identifier may need."""
    return sys.stdin.readline(_LONGEST_LINE).strip()
