"""A FHIR R5 server that behaves like real ones: history newest first, pages that shift, refusals.

    GET  /fhir/_history?_since=&_count=   bundles of type history; the next link is opaque
    GET  /fhir/<Type>/<id>                the newest version; 410 once deleted
    GET  /fhir/metadata                   without a token
    POST /token                           OAuth2 client credentials, HTTP Basic

A page is cut from the history as it is at that moment. What is written between two
pages shifts the rest: the next page then begins with entries already shown. Some
requests get 429 or 503 with Retry-After, which ones depends on the seed only.
Listens on the loopback address only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated

import orjson
import typer
import uvicorn
from fastapi import FastAPI, Request, Response

from ops.simulator.fhir_store import FhirStore, Stored
from ops.simulator.rates import TROUBLE

LARGEST_PAGE = 500
USUAL_PAGE = 100
RETRY_AFTER_SECONDS = 1
CLIENT_ID = "hub"
FHIR_JSON = "application/fhir+json"


@dataclass(slots=True)
class Manners:
    """How the server treats its clients."""

    secret: str = field(repr=False)  # of the one client it knows
    seed: int = 0
    token_seconds: int = 30
    too_many_share: float = TROUBLE["fhir_too_many_requests"]
    unavailable_share: float = TROUBLE["fhir_unavailable"]


class Tokens:
    """Bearer tokens given out; all are forgotten at a restart."""

    def __init__(self, manners: Manners, clock: Callable[[], float]) -> None:
        self._manners = manners
        self._clock = clock
        self._ends_at: dict[str, float] = {}

    def issue(self, authorization: str, form: bytes) -> str | None:
        """Return a new token, or None for another client or grant."""
        kind, _, given = authorization.partition(" ")
        try:
            client, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        grant = urllib.parse.parse_qs(form.decode("latin-1")).get("grant_type")
        good = hmac.compare_digest(secret.encode(), self._manners.secret.encode())
        if kind.lower() != "basic" or client != CLIENT_ID or not good:
            return None
        if grant != ["client_credentials"]:
            return None
        token = token_urlsafe(24)
        self._ends_at[token] = self._clock() + self._manners.token_seconds
        return token

    def valid(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind.lower() == "bearer" and self._ends_at.get(token, 0) > self._clock()


def create_app(
    store: FhirStore, manners: Manners, clock: Callable[[], float] = time.monotonic
) -> FastAPI:
    """Return the server over ``store``."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    tokens = Tokens(manners, clock)
    served = 0

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        nonlocal served
        if not request.url.path.startswith("/fhir/") or request.url.path == "/fhir/metadata":
            return await answer(request)
        if not tokens.valid(request.headers.get("authorization", "")):
            return outcome(401, "login", {"WWW-Authenticate": "Bearer"})
        served += 1
        status = refusal(manners, served)
        if status:
            return outcome(status, "throttled", {"Retry-After": str(RETRY_AFTER_SECONDS)})
        return await answer(request)

    @app.post("/token")
    async def token(request: Request) -> Response:
        issued = tokens.issue(request.headers.get("authorization", ""), await request.body())
        if issued is None:
            return json_response(401, {"error": "invalid_client"}, "application/json")
        content = {
            "access_token": issued,
            "token_type": "Bearer",
            "expires_in": manners.token_seconds,
        }
        return json_response(200, content, "application/json")

    @app.get("/fhir/metadata")
    async def metadata() -> Response:
        statement = {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "kind": "instance",
            "fhirVersion": "5.0.0",
            "format": ["json"],
            "rest": [{"mode": "server", "interaction": [{"code": "history-system"}]}],
        }
        return json_response(200, statement)

    @app.get("/fhir/_history")
    async def history(request: Request) -> Response:
        try:
            since, offset, count = page_of(dict(request.query_params))
        except ValueError:
            return outcome(400, "value", {})
        return page(store, str(request.base_url), since, offset, count)

    @app.get("/fhir/{type_}/{id_}")
    async def read(type_: str, id_: str) -> Response:
        stored = store.latest(type_, id_)
        if stored is None:
            return outcome(404, "not-found", {})
        headers = {"ETag": f'W/"{stored.number}"', "Last-Modified": stored.updated_at}
        if stored.body is None:
            return outcome(410, "deleted", headers)
        return Response(stored.body, 200, headers, FHIR_JSON)

    return app


def refusal(manners: Manners, served: int) -> int | None:
    """Return the status with which request number ``served`` is refused, or None.

    Two in a row are not refused, so that a client which waits always gets on.
    """
    now, before = (_unit(manners.seed, number) for number in (served, served - 1))
    either = manners.too_many_share + manners.unavailable_share
    if now >= either or before < either < 1:
        return None
    return 429 if now < manners.too_many_share else 503


def _unit(seed: int, number: int) -> float:
    raw = hashlib.sha256(f"{seed}/{number}".encode()).digest()
    return int.from_bytes(raw[:6], "big") / 2**48


def page_of(query: dict[str, str]) -> tuple[str, int, int]:
    """Return since, offset and count of a history request.

    Raises:
        ValueError: a value that cannot be read, or a next link we did not write.
    """
    if "page" in query:
        since, offset, count = orjson.loads(base64.urlsafe_b64decode(query["page"]))
        return str(since), int(offset), int(count)
    count = int(query.get("_count", USUAL_PAGE))
    if count < 1:
        raise ValueError("_count")
    since = instant(query["_since"]) if "_since" in query else ""
    return since, 0, min(count, LARGEST_PAGE)


def instant(text: str) -> str:
    """Return a FHIR instant in UTC with milliseconds, rounded down.

    >>> instant("2026-09-01T05:00:00+05:00")
    '2026-09-01T00:00:00.000Z'
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("_since has no time zone")
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def page(store: FhirStore, base: str, since: str, offset: int, count: int) -> Response:
    """Return one bundle of the history as it is now."""
    found = store.history(since, offset, count + 1)
    links = [{"relation": "self", "url": f"{base}fhir/_history"}]
    if len(found) > count:
        token = base64.urlsafe_b64encode(orjson.dumps([since, offset + count, count])).decode()
        links.append({"relation": "next", "url": f"{base}fhir/_history?page={token}"})
    bundle = {
        "resourceType": "Bundle",
        "type": "history",
        "total": store.total(since),
        "link": links,
        "entry": [entry(stored, base) for stored in found[:count]],
    }
    return json_response(200, bundle)


def entry(stored: Stored, base: str) -> dict[str, object]:
    """Return one version as an entry of a history bundle."""
    place = f"{stored.type}/{stored.id}"
    method = "DELETE" if stored.body is None else "POST" if stored.number == 1 else "PUT"
    status = {"DELETE": "204", "POST": "201", "PUT": "200"}[method]
    resource = {} if stored.body is None else {"resource": orjson.Fragment(stored.body)}
    return {
        "fullUrl": f"{base}fhir/{place}",
        **resource,
        "request": {"method": method, "url": stored.type if method == "POST" else place},
        "response": {
            "status": status,
            "etag": f'W/"{stored.number}"',
            "lastModified": stored.updated_at,
        },
    }


def outcome(status: int, code: str, headers: dict[str, str]) -> Response:
    """Return an OperationOutcome."""
    issue = [{"severity": "error", "code": code}]
    content = {"resourceType": "OperationOutcome", "issue": issue}
    return json_response(status, content, headers=headers)


def json_response(
    status: int, content: object, kind: str = FHIR_JSON, headers: dict[str, str] | None = None
) -> Response:
    """Return ``content`` as JSON."""
    return Response(orjson.dumps(content), status, headers, kind)


def serve(
    file: Annotated[Path, typer.Option(help="SQLite file with the resources.")],
    secret_file: Annotated[Path, typer.Option(help="Holds the client's secret.")],
    port: Annotated[int, typer.Option()],
    seed: Annotated[int, typer.Option()] = 0,
    token_seconds: Annotated[int, typer.Option()] = 30,
) -> None:
    """Serve the FHIR server on the loopback address until stopped."""
    secret = secret_file.read_text(encoding="ascii").strip()
    app = create_app(FhirStore(file), Manners(secret, seed, token_seconds))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    typer.run(serve)
