"""The query API: JSON over HTTP, under the rights of who asks. docs/api.md is for those who ask.

    front     URL, headers, token, rate, body; and on the way out: is it on record?
    routes    what is asked: projections/http/*_routes.py
    guard     client -> decision, row security -> look -> cut -> leaf -> COMMIT -> open -> body

Errors are problem+json (RFC 9457) with stable types; none repeats what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from projections.http import (
    audit_routes,
    feed_routes,
    identity_routes,
    list_routes,
    person_routes,
    service_routes,
)
from projections.http.cursors import Cursors
from projections.http.documented import describe
from projections.http.figures import Figures
from projections.http.front import Front
from projections.http.guard import Guard
from projections.http.identity_routes import Identify
from projections.http.rates import CLIENT, SOURCE, Rate
from projections.http.refusals import Refusals
from projections.http.service_routes import Check
from projections.http.tokens import Tokens
from projections.past_queries import Judge

_DESCRIPTION: Final = """
Who is entitled to what, and why; what registries state of a person; who looked at it.
Every request names its purpose and its legal basis, and every answer is on record before it leaves.
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API is put together from."""

    guard: Guard
    tokens: Tokens
    refusals: Refusals
    identify: Identify
    judge: Judge
    cursors: Cursors
    figures: Figures
    log_folder: Path  # of the audit log, which anybody may read
    token_url: str  # where a client gets its token; told in OpenAPI
    checks: tuple[Check, ...] = ()
    rate: Rate = field(default_factory=lambda: Rate(CLIENT))
    sources: Rate = field(default_factory=lambda: Rate(SOURCE))


def create_app(parts: Parts) -> ASGIApp:
    """Return the application."""
    app = FastAPI(
        title="Registry hub",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    service_routes.handle_errors(app)
    app.include_router(identity_routes.routes(parts.guard, parts.identify, parts.cursors))
    app.include_router(person_routes.routes(parts.guard, parts.judge))
    app.include_router(list_routes.routes(parts.guard, parts.cursors, parts.figures))
    app.include_router(feed_routes.routes(parts.guard))
    app.include_router(audit_routes.routes(parts.log_folder))
    app.include_router(service_routes.routes(parts.guard, parts.checks))
    describe(app, parts.token_url)
    return Front(app, parts.tokens, parts.refusals, parts.rate, parts.sources)
