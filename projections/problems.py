"""Errors of the API: problem+json (RFC 9457) with stable types; none repeats what was sent."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from projections.moments import MomentError
from projections.queries import UnknownPersonError
from schemas.errors import TransientError

MOST_BYTES: Final = 4_096  # of a request's body; a lookup has about thirty
_TYPE: Final = "urn:registry-hub:problem:"
_FIELDS: Final = frozenset(
    {"body", "body.pinfl", "path.person", "query.as_of", "query.known_at", "query.mode"}
)
_TITLES: Final = {
    404: ("not-found", "There is nothing here."),
    405: ("method-not-allowed", "Not with this method."),
    413: ("too-large", f"A request's body has at most {MOST_BYTES} bytes."),
    422: ("invalid-request", "The request is not of the form documented."),
    500: ("fault", "A fault of the hub itself; it is in its log."),
    503: ("unavailable", "A server behind the hub does not answer; try again."),
}


def problem(status: int, name: str, title: str, **more: str) -> JSONResponse:
    """Return an error as RFC 9457 has it."""
    body = {"type": _TYPE + name, "title": title, "status": status, **more}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def handle_errors(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem."""

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [".".join(map(str, fault["loc"])) for fault in error.errors()]
        known = [name for name in fields if name in _FIELDS]
        return problem(422, *_TITLES[422], fields=", ".join(known))

    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> JSONResponse:
        status = error.status_code
        return problem(status, *_TITLES.get(status, ("refused", "The request was refused.")))

    @app.exception_handler(MomentError)
    def moment(_: Request, error: MomentError) -> JSONResponse:
        return problem(422, error.name, str(error))

    @app.exception_handler(UnknownPersonError)
    def unknown(_: Request, __: UnknownPersonError) -> JSONResponse:
        return problem(404, "person-unknown", "No registry has stated anything of this id.")

    @app.exception_handler(TransientError)
    def unavailable(_: Request, __: TransientError) -> JSONResponse:
        return problem(503, *_TITLES[503])

    @app.exception_handler(Exception)
    def fault(_: Request, __: Exception) -> JSONResponse:
        return problem(500, *_TITLES[500])


class SizeLimit:
    """Read a body whole before anybody else does, and refuse one that is large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, is_whole = b"", False
        while not is_whole and len(body) <= MOST_BYTES:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            is_whole = not message.get("more_body", False)
        if len(body) > MOST_BYTES:
            await problem(413, *_TITLES[413])(scope, receive, send)
            return
        parts = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> Message:
            return next(parts, None) or await receive()

        await self._app(scope, replay, send)
