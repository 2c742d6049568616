"""Cursors: where a list goes on, in a form that only this hub can write. Pure.

A cursor is bound to the client and to the question, so that one of another client, of other
parameters or of another making is refused. It holds ids and dates, and expires with the key only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.requests import Request

from projections.http.incoming import of
from projections.problems import Problem

MOST_LETTERS: Final = 512
_TAG_BYTES: Final = 16
# Hexadecimal in letters: a URL that holds one never holds a run of digits.
PATTERN: Final = f"^[a-p]{{{2 * _TAG_BYTES},{MOST_LETTERS}}}$"
_CURSOR: Final = re.compile(PATTERN)
_TO_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_TO_DIGITS: Final = str.maketrans("abcdefghijklmnop", "0123456789abcdef")


class CursorError(ValueError):
    """Not a cursor of this hub for this client and question."""


def write(key: bytes, bound_to: list[str], place: Any) -> str:
    """Return the cursor of ``place``, any JSON value.

    Args:
        key: 32 bytes.
        bound_to: client, route, and every parameter of the question.
        place: of the last row that was shown.
    """
    body = orjson.dumps(place)
    return (_tag(key, bound_to, body) + body).hex().translate(_TO_LETTERS)


def read(key: bytes, bound_to: list[str], cursor: str) -> Any:
    """Return the place of a cursor.

    Raises:
        CursorError: it was not written here, for these.
    """
    if len(cursor) % 2 or not _CURSOR.fullmatch(cursor):
        raise CursorError
    raw = bytes.fromhex(cursor.translate(_TO_DIGITS))
    tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(key, bound_to, body)):
        raise CursorError
    return orjson.loads(body)


def _tag(key: bytes, bound_to: list[str], body: bytes) -> bytes:
    question = orjson.dumps(["cursor", 1, *bound_to]) + b"\0" + body
    return hmac.digest(key, question, hashlib.sha256)[:_TAG_BYTES]


@dataclass(frozen=True, slots=True)
class Cursors:
    """Cursors of requests."""

    key: bytes = field(repr=False)

    def read(self, request: Request, bound_to: list[str], cursor: str | None) -> Any:
        """Return where a list goes on; None: at its beginning.

        Raises:
            Problem: the cursor is not one of this client's for this question.
        """
        if cursor is None:
            return None
        try:
            return read(self.key, _question(request, bound_to), cursor)
        except CursorError:
            raise Problem("cursor-invalid") from None

    def write(self, request: Request, bound_to: list[str], place: Any) -> str | None:
        """Return the cursor of a place; None: the list has ended."""
        return None if place is None else write(self.key, _question(request, bound_to), place)


def _question(request: Request, bound_to: list[str]) -> list[str]:
    bearer = of(request.scope).bearer
    return [bearer.client if bearer else "", request.scope["route"].path, *bound_to]
