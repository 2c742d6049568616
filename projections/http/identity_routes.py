"""Who somebody is, and who looked: lookup by number, identities, access log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from projections import rights_context
from projections.http import models
from projections.http.access_log import accesses
from projections.http.bodies import Strict
from projections.http.cursors import Cursors
from projections.http.documented import documented
from projections.http.guard import Admitted, Found, Guard
from projections.http.parameters import Asked, Cursor, Limit, Person, check_parameters
from projections.identities import identities_of
from projections.present import fresh
from projections.problems import Problem
from schemas.errors import InvalidRecord
from schemas.ids import PersonId

Identify = Callable[[str], PersonId]  # raises InvalidRecord
_PERSON: Final = "/v1/persons/{person}"


class Lookup(BaseModel):
    """Whom to look for. A national number is only ever here, in a body."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pinfl: Annotated[
        str,
        Field(
            max_length=64,
            description="The national number: 14 digits with their check digit.",
            json_schema_extra={"format": "pinfl", "pattern": "^[1-6][0-9]{13}$", "maxLength": 14},
            examples=["30211975910033"],
        ),
    ]


def routes(guard: Guard, identify: Identify, cursors: Cursors) -> APIRouter:
    """Return the routes about who somebody is."""
    router = APIRouter(tags=["identity"], route_class=Strict)

    @router.post("/v1/persons/lookup", **documented("lookup", models.LookupAnswer, tagged=False))
    def lookup(request: Request, said: Asked, body: Lookup) -> Response:
        """Find a person by national number, which is in the body and never in a URL."""
        check_parameters(request)
        try:
            person = UUID(bytes=identify(body.pinfl))
        except InvalidRecord as error:
            raise Problem("pinfl-invalid", error.rule) from None

        def look(admitted: Admitted) -> Found:
            is_known = admitted.is_known_at(admitted.now)
            return Found({"person": person, "is_known": is_known}, rows=int(is_known))

        return guard.person(request, said, "lookup", person, look)

    @router.get(f"{_PERSON}/identities", **documented("identities", models.IdentitiesAnswer))
    def who(request: Request, person: Person, said: Asked) -> Response:
        """Every id that the person has or had, and who said so."""
        check_parameters(request)

        def look(admitted: Admitted) -> Found:
            assert admitted.subject is not None
            with rights_context.judging(admitted.connection):
                rows = identities_of(admitted.connection, admitted.subject.person)
            answer = {"person": admitted.subject.person, "identities": rows}
            answer["freshness"] = fresh(admitted.connection)
            return Found(answer, len(rows), admitted.is_known_at(admitted.now))

        return guard.person(request, said, "identities", person, look)

    @router.get(f"{_PERSON}/access-log", **documented("access_log", models.AccessLogAnswer))
    def access_log(
        request: Request, person: Person, said: Asked, cursor: Cursor = None, limit: Limit = 50
    ) -> Response:
        """Who looked at the person's data, when and why; latest first. This look is on it too."""
        check_parameters(request)
        bound = [str(person), str(limit)]
        place = cursors.read(request, bound, cursor)

        def look(admitted: Admitted) -> Found:
            assert admitted.subject is not None
            rows, last = accesses(admitted.connection, admitted.subject.ids, place, limit)
            answer = {
                "person": admitted.subject.person,
                "accesses": rows,
                "next": cursors.write(request, bound, last),
                "freshness": fresh(admitted.connection),
            }
            return Found(answer, len(rows), admitted.is_known_at(admitted.now))

        return guard.person(request, said, "access_log", person, look)

    return router
