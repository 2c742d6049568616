"""What a body must be, before any field of it is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from projections.problems import Problem


class Strict(APIRoute):
    """A route whose body has one reading: JSON in UTF-8 that names each member once.

    A proxy or a log may read the first of two members where we read the last, or see no JSON in
    UTF-16 where Python's parser does (RFC 8259, 4 and 8.1).
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            body = await request.body()
            if body and not has_one_reading(body):
                raise Problem("invalid-request", fields="body")
            return await handle(request)

        return handle_strictly


def has_one_reading(body: bytes) -> bool:
    """Return whether everybody reads the same in a body.

    >>> has_one_reading(b'{"first": 1, "last": 2}'), has_one_reading(b'{"a": 1, "a": 2}')
    (True, False)
    >>> has_one_reading('{"a": 1}'.encode("utf-16")), has_one_reading(b'{"a": NaN}')
    (False, False)
    """
    try:
        json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError
    return found


def _refuse(_: str) -> None:
    raise ValueError
