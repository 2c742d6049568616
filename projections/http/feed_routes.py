"""A part of an agency's feed again: asked for once under a key, carried out by the feeds component.

The wish and its leaf are one transaction: a crash before the commit has asked for nothing, one
after it has; who lost the answer asks again with the same key and gets the same resend.
"""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import psycopg
from fastapi import APIRouter, Header
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from projections import resends
from projections.http import models
from projections.http.bodies import Strict
from projections.http.documented import documented
from projections.http.guard import Admitted, Found, Guard
from projections.http.incoming import of
from projections.http.parameters import Asked, check_parameters
from projections.problems import Problem
from projections.resends import KeyConflictError, RangeError, Resend, TooManyError
from schemas.errors import TransientError

_PATH: Final = "/v1/feed/resends"
_LAST: Final = 2**53 - 1  # what every reader of JSON keeps exact

Key = Annotated[
    str,
    Header(
        pattern="^[A-Za-z0-9_-]{8,64}$",
        description="Yours; the same key asks for the same resend.",
        examples=["resend-2026-03-01"],
    ),
]


def _whole(number: object) -> object:
    """Return a whole number as one: to JSON 5.0 and 5 are the same."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Number = Annotated[int, Field(ge=1, le=_LAST, examples=[1]), BeforeValidator(_whole)]


class Range(BaseModel):
    """Which numbers of the feed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    first: Number
    last: Number


def routes(guard: Guard) -> APIRouter:
    """Return the routes about an agency's own feed."""
    router = APIRouter(tags=["feed"], route_class=Strict)

    @router.post(
        _PATH, **documented("ask_resend", models.Resend, status=202, tagged=False, moved=True)
    )
    def ask(request: Request, said: Asked, body: Range, idempotency_key: Key) -> Response:
        """Have a range of your feed sent again, under today's rights, with its own numbers."""
        check_parameters(request)
        bearer = of(request.scope).bearer
        client = bearer.client if bearer else ""

        def look(admitted: Admitted) -> Found:
            found = _ask(admitted, body, f"{client}:{idempotency_key}", client)
            leaf = {"what": "ask_resend", "resend": found.id}
            location = {"Location": f"{_PATH}/{found.id}"}
            return Found(_told(found), 0, leaf=leaf, headers=location)

        return guard.nobody(request, said, "subscribe", look, status=202, cut=False)

    @router.get(f"{_PATH}/{{resend}}", **documented("resend", models.Resend))
    def state(request: Request, resend: UUID, said: Asked) -> Response:
        """How a resend stands."""
        check_parameters(request)

        def look(admitted: Admitted) -> Found:
            found = resends.state(admitted.connection, resend)
            leaf = {"what": "resend", "resend": resend}
            if found is None or found.agency != admitted.agency:
                return Found({}, 0, leaf=leaf, problem="not-found")
            return Found(_told(found), 0, leaf=leaf)

        return guard.nobody(request, said, "subscribe", look, cut=False)

    return router


def _ask(admitted: Admitted, body: Range, key: str, who: str) -> Resend:
    try:
        made = resends.ask(
            admitted.connection, admitted.agency, body.first, body.last, key, admitted.now, who
        )
    except RangeError:
        raise Problem("resend-range") from None
    except KeyConflictError:
        raise Problem("idempotency-key-reused") from None
    except TooManyError:
        raise Problem("resends-waiting") from None
    except psycopg.errors.UniqueViolation:
        raise TransientError("somebody asks with the same key at this moment") from None
    found = resends.state(admitted.connection, made)
    assert found is not None
    return found


def _told(one: Resend) -> dict[str, object]:
    return {
        "id": one.id,
        "state": one.status,
        "first": one.first,
        "last": one.last,
        "topic": f"feed.{one.agency}.resend.v1",
        "sent": one.sent,
        "withheld": one.withheld,
        "rule": one.rule,
    }
