"""What says nothing of anybody: health, readiness, freshness, problems; and how errors are told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from projections.http import models
from projections.http.documented import documented, openly
from projections.http.guard import Guard
from projections.http.incoming import of
from projections.http.parameters import check_parameters
from projections.leaves import LeafError
from projections.present import fresh
from projections.problem_types import TYPES
from projections.problems import PREFIX, Problem, problem
from schemas.errors import TransientError

log = logging.getLogger(__name__)

_FIELDS: Final = frozenset(
    {
        "body",
        "body.pinfl",
        "body.first",
        "body.last",
        "path.person",
        "path.need",
        "path.resend",
        "path.name",
        "header.hub-purpose",
        "header.hub-basis",
        "header.idempotency-key",
        "query.limit",
        "query.kind",
        "query.district",
        "query.month",
        "query.by",
    }
)
Name = Annotated[
    str,
    Path(
        pattern="^[a-z-]{1,64}$",  # no digits: fourteen of them are refused wherever they stand
        description="As a problem's `type` has it.",
        examples=["not-allowed"],
    ),
]
_BY_STATUS: Final = {404: "not-found", 405: "method-not-allowed"}
_PURPOSE: Final = frozenset({"header.hub-purpose", "header.hub-basis"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must work before anybody can be answered."""

    name: str
    works: Callable[[], bool]  # quick; raises TransientError as a no


def routes(guard: Guard, checks: tuple[Check, ...]) -> APIRouter:
    """Return the routes that need no rights."""
    router = APIRouter(tags=["service"])

    @router.get("/v1/health", **openly("health", models.Health))
    def health() -> Response:
        """Whether the process answers; looks at nothing else."""
        return _plain({"status": "ok"})

    @router.get("/v1/ready", **openly("ready", models.Ready))
    def ready() -> Response:
        """Whether questions can be answered; if not, what is missing."""
        missing = [check.name for check in checks if not _works(check)]
        status = 503 if missing else 200
        said = {"status": "not ready" if missing else "ready", "reasons": missing}
        if missing:
            return problem("not-ready", reasons=", ".join(missing))
        return _plain(said, status)

    @router.get("/v1/registries", **documented("registries", models.Registries))
    def registries(request: Request) -> Response:
        """Up to which day each registry has stated everything."""
        check_parameters(request)
        return guard.anybody(
            request, "registries", lambda connection: {"freshness": fresh(connection)}
        )

    @router.get(PREFIX + "{name}", **openly("problem", models.ProblemPage))
    def meaning(name: Name) -> Response:
        """What a type of problem means, and what to do."""
        kind = TYPES.get(name)
        if kind is None:
            raise HTTPException(404)
        page = {"type": PREFIX + name, "status": kind.status, "title": kind.title}
        return _plain(page | {"advice": kind.advice})

    return router


def _works(check: Check) -> bool:
    try:
        return check.works()
    except TransientError:
        return False


def _plain(answer: Mapping[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(answer), status, media_type="application/json")


def handle_errors(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem; the front puts it on record."""

    @app.exception_handler(Problem)
    def refused(request: Request, error: Problem) -> Response:
        error.more.setdefault("request", of(request.scope).request)
        return _told(request, error)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        places = {".".join(map(str, fault["loc"])) for fault in error.errors()}
        missing = {
            ".".join(map(str, fault["loc"]))
            for fault in error.errors()
            if fault["type"] == "missing"
        }
        if missing & _PURPOSE:
            return _told(request, Problem("purpose-missing"))
        if "header.idempotency-key" in missing:
            return _told(request, Problem("idempotency-key-missing"))
        known = sorted(places & _FIELDS)
        return _told(request, Problem("invalid-request", fields=", ".join(known)))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        name = _BY_STATUS.get(error.status_code, "invalid-request")
        return _told(request, Problem(name, headers=dict(error.headers or {})))

    @app.exception_handler(TransientError)
    def unavailable(request: Request, _: TransientError) -> Response:
        return problem("unavailable", request=of(request.scope).request)

    @app.exception_handler(LeafError)
    def unrecorded(request: Request, error: LeafError) -> Response:
        log.error("leaf_refused", exc_info=error)
        return problem("fault", request=of(request.scope).request)

    @app.exception_handler(Exception)
    def fault(request: Request, _: Exception) -> Response:
        return problem("fault", request=of(request.scope).request)


def _told(request: Request, refused: Problem) -> Response:
    request.scope["hub.rule"] = refused.rule
    refused.more.setdefault("request", of(request.scope).request)
    return refused.response()
