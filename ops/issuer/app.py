"""The issuer over HTTP: OAuth 2 client credentials (RFC 6749, 4.4), metadata (RFC 8414), keys.

A token is good for five minutes and says which client asks; what it may see is decided by the hub,
request by request. Nothing is durable but a leaf for each refusal: a crash loses nothing.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ops.issuer.signing import GOOD_FOR_SECONDS, Signer
from projections.http.rates import Rate
from projections.http.refusals import Refusals, Writing
from schemas.errors import TransientError

_MOST_BYTES: Final = 4_096
_MOST_FIELDS: Final = 8
_NOBODY: Final = bytes(32)  # compared with where there is no such client
_CLIENT: Final = """
SELECT c.secret_sha256 FROM kept.clients c JOIN kept.agencies a USING (agency)
 WHERE c.client_id = %s AND c.revoked_at IS NULL AND a.revoked_at IS NULL
"""


class _RefusedError(Exception):
    """A token that is not given, as RFC 6749, 5.2 names it."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


@dataclass(slots=True)
class Issuer:
    """Gives tokens to clients that know their secret."""

    signer: Signer
    reading: Writing
    refusals: Refusals
    rate: Rate  # by place
    now: Callable[[], float] = time.time

    async def token(self, request: Request) -> Response:
        """Answer ``POST /oauth/token``."""
        place = request.client.host if request.client else ""
        if not self.rate.allows(place):
            wait = {"Retry-After": str(self.rate.retry_after(place))}
            return _answer(429, {"error": "slow_down"}, wait)
        try:
            form = _form(request, await _body(request))
            client, secret = _credentials(request, form)
            if form.get("grant_type") != "client_credentials":
                raise _RefusedError(400, "unsupported_grant_type")
            person = _person(form.get("person"))
            await run_in_threadpool(self._check, client, secret)
        except _RefusedError as refused:
            return await self._refuse(place, refused)
        except ClientDisconnect:
            return Response(status_code=400)
        except TransientError:
            return _answer(503, {"error": "temporarily_unavailable"}, {"Retry-After": "5"})
        token = self.signer.token(client, person, int(self.now()), secrets.token_hex(16))
        said = {"access_token": token, "token_type": "Bearer", "expires_in": GOOD_FOR_SECONDS}
        return _answer(200, said)

    async def keys(self, _: Request) -> Response:
        """Answer ``GET /.well-known/jwks.json``."""
        return _answer(
            200, self.signer.key_set(self.now()), {"Cache-Control": "public, max-age=60"}
        )

    async def metadata(self, _: Request) -> Response:
        """Answer ``GET /.well-known/oauth-authorization-server`` (RFC 8414)."""
        issuer = self.signer.issuer
        said = {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/oauth/token",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
        return _answer(200, said, {"Cache-Control": "public, max-age=60"})

    def _check(self, client: str, secret: str) -> None:
        """Compare in constant time, also with a client that there is not."""
        with self.reading() as connection:
            row: dict[str, Any] | None = connection.execute(_CLIENT, [client]).fetchone()
        known = _NOBODY if row is None else bytes(row["secret_sha256"])
        given = sha256(secret.encode("utf-8", "surrogateescape")).digest()
        if not hmac.compare_digest(given, known) or row is None:
            raise _RefusedError(401, "invalid_client")

    async def _refuse(self, place: str, refused: _RefusedError) -> Response:
        """Put a refusal on record, then tell it; nothing that was sent is repeated."""
        body = {"what": "token", "rule": refused.error, "request": secrets.token_hex(16)}
        try:
            await run_in_threadpool(self.refusals.of_anybody, place, body)
        except TransientError:
            return _answer(503, {"error": "temporarily_unavailable"}, {"Retry-After": "5"})
        challenge = {"WWW-Authenticate": 'Basic realm="registry-hub"'}
        said = {"error": refused.error}
        return _answer(refused.status, said, challenge if refused.status == 401 else {})  # noqa: PLR2004


def create_issuer(issuer: Issuer) -> Starlette:
    """Return the application."""
    known = "/.well-known"
    return Starlette(
        routes=[
            Route("/oauth/token", issuer.token, methods=["POST"]),
            Route(f"{known}/jwks.json", issuer.keys, methods=["GET"]),
            Route(f"{known}/oauth-authorization-server", issuer.metadata, methods=["GET"]),
        ]
    )


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise _RefusedError(400, "invalid_request")
    return body


def _form(request: Request, body: bytes) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded" or request.url.query:
        raise _RefusedError(400, "invalid_request")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise _RefusedError(400, "invalid_request") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _RefusedError(400, "invalid_request")
    return form


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Return the client and its secret, from the header or from the form, not from both."""
    said = request.headers.get("authorization")
    in_form = "client_secret" in form or (said is None and "client_id" in form)
    if said is not None:
        scheme, _, text = said.partition(" ")
        if scheme.lower() != "basic" or in_form:
            raise _RefusedError(400, "invalid_request")
        try:
            name, _, secret = b64decode(text.strip(), validate=True).decode().partition(":")
        except ValueError:
            raise _RefusedError(401, "invalid_client") from None
        client, secret = unquote_plus(name), unquote_plus(secret)
    else:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not client or not secret or "\0" in client:
        raise _RefusedError(401, "invalid_client")
    return client, secret


def _person(text: str | None) -> UUID | None:
    """Return for whom a citizens' portal asks: it has made sure who that is."""
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise _RefusedError(400, "invalid_request") from None


def _answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    said = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(orjson.dumps(body), status, said, "application/json")
