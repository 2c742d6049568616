"""What OpenAPI says of a route: its answers, their headers, and every problem. Pure."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.responses import Response

from projections.http import models
from projections.http.rates import CLIENT
from projections.problem_types import TYPES
from projections.problems import MEDIA_TYPE

_TEXT: Final = {"schema": {"type": "string"}}
_REQUEST_ID: Final = {
    "Hub-Request": {
        "description": "The id of this request; its leaf in the audit log has it.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    }
}
_RATE: Final = {
    "RateLimit-Policy": {"description": "How much is allowed.", **_TEXT},
    "RateLimit": {"description": "How much is left.", **_TEXT},
}
_TAG: Final = {"ETag": {"description": "Strong.", "required": True, **_TEXT}}
_RETRY: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_CHALLENGE: Final = {"WWW-Authenticate": {"required": True, **_TEXT}}
_MEANING: Final = {
    400: "The request cannot be meant.",
    401: "Who asks is not known.",
    403: "Your rights do not cover this; on record.",
    404: "There is no such thing.",
    405: "Not with this method.",
    408: "The request did not arrive in time.",
    409: "The request contradicts itself or the present.",
    413: "The body is too large.",
    414: "The URL is too long.",
    422: "The request is not of the form documented.",
    429: "Too many requests.",
    431: "The headers are too large.",
    500: "A fault of the hub.",
    503: "A server behind the hub does not answer.",
}
_HAVE: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of an answer that you have; several, or `*`.",
    "schema": {"type": "string"},
}
_PERSON: Final = {"person": "$response.body#/person"}
# What can be asked next, with what was answered; a page's `next` goes on as `cursor`.
_LINKS: Final[dict[str, dict[str, dict[str, str]]]] = {
    "lookup": dict.fromkeys(
        ("needs", "facts", "household", "history", "identities", "access_log"), _PERSON
    ),
    "needs": {"reason": _PERSON | {"need": "$response.body#/needs/0/need"}},
    "list_needs": {"needs": {"person": "$response.body#/needs/0/person"}},
    "ask_resend": {"resend": {"resend": "$response.body#/id"}},
}
PROTECTED: Final = (400, 401, 403, 404, 405, 408, 409, 413, 414, 422, 429, 431, 500, 503)
OPEN: Final = (400, 404, 405, 408, 413, 414, 422, 431, 500, 503)
SECURITY: Final = "client"


def documented(
    name: str,
    model: type[BaseModel],
    *,
    status: int = 200,
    tagged: bool = True,
    moved: bool = False,
) -> Any:
    """Return what a protected route is declared with."""
    headers: dict[str, Any] = _REQUEST_ID | _RATE | (_TAG if tagged else {})
    if moved:
        headers["Location"] = {"description": "Where it stands.", "required": True, **_TEXT}
    good: dict[str, Any] = {"model": model, "headers": headers, "description": "On record."}
    if name in _LINKS:
        good["links"] = {
            to: {"operationId": to, "parameters": said} for to, said in _LINKS[name].items()
        }
    responses: dict[int | str, Any] = {status: good, **_problems(PROTECTED)}
    more: dict[str, Any] = {"security": [{SECURITY: []}]}
    if tagged:
        responses[304] = {"description": "You have it; on record.", "headers": headers}
        more["parameters"] = [_HAVE]
    return {
        "name": name,
        "operation_id": name,
        "status_code": status,
        "response_model": None,
        "responses": responses,
        "openapi_extra": more,
    }


def openly(name: str, model: type[BaseModel]) -> Any:
    """Return what a route is declared with that anybody may ask."""
    return {
        "name": name,
        "operation_id": name,
        "response_model": None,
        "responses": {
            200: {"model": model, "headers": _REQUEST_ID, "description": "Known to anybody."},
            **_problems(OPEN),
        },
        "openapi_extra": {"security": []},
    }


def served(name: str, kind: str) -> Any:
    """Return what a route is declared with that gives out files as they are."""
    found = openly(name, models.Health)
    schema = {"type": "string"} | ({} if kind.startswith("text/") else {"format": "binary"})
    found["responses"][200] = {
        "description": "The file.",
        "headers": _REQUEST_ID,
        "content": {kind: {"schema": schema}},
    }
    return found | {"response_class": Response}


def _problems(statuses: tuple[int, ...]) -> dict[int | str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    more: dict[int, dict[str, Any]] = {401: _CHALLENGE, 429: _RETRY, 503: _RETRY}
    return {
        status: {
            "description": _MEANING[status]
            + " Types: "
            + ", ".join(name for name, kind in TYPES.items() if kind.status == status)
            + ".",
            "headers": _REQUEST_ID | more.get(status, {}),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def describe(app: FastAPI, token_url: str) -> None:
    """Make ``app`` describe itself truly: OpenAPI 3.1."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app, token_url)
        found: dict[str, Any] = app.openapi_schema or {}
        return found

    app.openapi = openapi  # type: ignore[method-assign]


def _schema(app: FastAPI, token_url: str) -> dict[str, Any]:
    schema: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, routes=app.routes, description=app.description
    )
    parts = schema.setdefault("components", {})
    parts["securitySchemes"] = {
        SECURITY: {
            "type": "oauth2",
            "description": "Client credentials: docs/api.md shows how.",
            "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}},
        }
    }
    named = parts.setdefault("schemas", {})
    named["Problem"] = models.Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        named.pop(name, None)
    for path in schema["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
    schema["info"]["x-rate-limit"] = CLIENT
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out: left out, it is not null."""
    kinds: list[dict[str, Any]] = [
        one for one in schema.get("anyOf", ()) if one != {"type": "null"}
    ]
    if len(kinds) != 1:
        return schema
    return {name: each for name, each in schema.items() if name != "anyOf"} | kinds[0]
