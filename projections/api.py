"""The query API: JSON over HTTP, on loopback only until there are rights.

    POST /v1/persons/lookup            a national number in, a person id out; never in a URL
    GET  /v1/persons/{id}/needs        needs, reasons, evidence, household, freshness
    GET  /v1/persons/{id}/facts        the facts that held, in clear fields
    GET  /v1/persons/{id}/household    who was counted together
    GET  /v1/persons/{id}/history      what was said of the needs, and what caused it
    GET  /v1/persons/{id}/identities   every id the person has or had, and who said so
    GET  /v1/health

``?as_of=`` a day in the world, ``?known_at=`` a moment to us, ``?mode=said|judged``: docs/past.md.
Errors are problem+json (RFC 9457) with stable types; none repeats what was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from projections.identities import identities
from projections.moments import JUDGED, SAID, Moment, MomentError, moment
from projections.past_queries import PastQueries
from projections.problems import MOST_BYTES, SizeLimit, handle_errors, problem
from projections.queries import Queries
from schemas.errors import InvalidRecord
from schemas.ids import PersonId, text

__all__ = ("MOST_BYTES", "create_app", "problem")

_READER: Final = "api"

Identify = Callable[[str], PersonId]  # raises InvalidRecord
Clock = Callable[[], tuple[date, datetime]]  # today, and now


class Lookup(BaseModel):
    """The body of a lookup."""

    model_config = ConfigDict(extra="forbid")

    pinfl: Annotated[str, Field(max_length=64)]


def create_app(
    queries: Queries,
    identify: Identify,
    past: PastQueries | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """Return the application.

    Args:
        queries: what answers.
        identify: from a national number to a person id; checks the number.
        past: what answers about other days and moments; None: nobody may ask for them.
        clock: what day and moment it is; needed with ``past``.
    """
    app = FastAPI(title="Registry hub", version="1", docs_url=None, redoc_url=None)
    app.add_middleware(SizeLimit)
    handle_errors(app)

    @app.post("/v1/persons/lookup")
    def lookup(body: Lookup) -> JSONResponse:
        try:
            person = identify(body.pinfl)
        except InvalidRecord as error:
            queries.refused(error.rule, _READER)
            return problem(422, "pinfl-invalid", "The number is not a PINFL.", rule=error.rule)
        is_known = queries.is_known(UUID(bytes=person), _READER)
        return JSONResponse({"person": text(person), "is_known": is_known})

    @app.get("/v1/persons/{person}/identities")
    def who(person: UUID) -> JSONResponse:
        return JSONResponse(identities(queries, person, _READER))

    if past is not None and clock is not None:
        _ask_about(app, queries, past, clock)

    @app.get("/v1/health")
    def health() -> dict[str, str]:
        queries.check()
        return {"status": "ok"}

    return app


def _ask_about(app: FastAPI, queries: Queries, past: PastQueries, clock: Clock) -> None:
    """Add what can be asked of one person."""

    def when(as_of: str | None, known_at: str | None, mode: str | None) -> Moment:
        today, now = clock()
        return moment(as_of, known_at, mode, today=today, now=now)

    @app.get("/v1/persons/{person}/needs")
    def needs(
        person: UUID,
        as_of: str | None = None,
        known_at: str | None = None,
        mode: str | None = None,
    ) -> JSONResponse:
        at = when(as_of, known_at, mode)
        if at.mode == SAID and known_at is None:
            return JSONResponse(queries.needs(person, _READER, at))  # as they stand
        return JSONResponse(past.needs(person, at, _READER))

    @app.get("/v1/persons/{person}/facts")
    def facts(person: UUID, as_of: str | None = None, known_at: str | None = None) -> JSONResponse:
        return JSONResponse(past.facts(person, when(as_of, known_at, JUDGED), _READER))

    @app.get("/v1/persons/{person}/household")
    def household(
        person: UUID,
        as_of: str | None = None,
        known_at: str | None = None,
        mode: str | None = None,
    ) -> JSONResponse:
        return JSONResponse(past.household(person, when(as_of, known_at, mode), _READER))

    @app.get("/v1/persons/{person}/history")
    def history(
        person: UUID, as_of: str | None = None, known_at: str | None = None
    ) -> JSONResponse:
        if as_of is not None:
            raise MomentError("as-of-with-said", "What was said has no as_of; give known_at.")
        return JSONResponse(past.history(person, when(None, known_at, SAID), _READER))
