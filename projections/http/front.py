"""What every request passes first, before anything looks into it; and every answer last.

    URL and headers -> token -> rate -> body -> the application -> on record? -> out

The one rule of this module: nothing leaves that is not on record. A refusal gets its leaf here,
unless the application has written it in its own transaction; an answer of a protected route that
left no leaf is withheld as a fault of ours. *Crash between leaf and answer:* a leaf too many.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from projections.http import incoming
from projections.http.incoming import Incoming
from projections.http.rates import Rate
from projections.http.refusals import Refusals, UnknownClientError
from projections.http.tokens import TokenError, Tokens
from projections.problems import MOST_BYTES, Problem, problem
from schemas.errors import TransientError

log = logging.getLogger(__name__)

# What says nothing of anybody, to anybody who asks.
_OPEN: Final = frozenset({"/v1/health", "/v1/ready", "/openapi.json"})
_OPEN_BELOW: Final = ("/problems/", "/audit/")
_BODY_SECONDS: Final = 10.0
_SERVER_FAULT: Final = 500
_REFUSED: Final = 400
_BASE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)


@dataclass(slots=True)
class Front:
    """The outermost ASGI application."""

    app: ASGIApp
    tokens: Tokens
    refusals: Refusals
    rate: Rate  # by client
    sources: Rate  # of tokens that do not count, by place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # a web socket: uvicorn refuses it
        client = scope.get("client")
        came = Incoming(secrets.token_hex(16), client[0] if client else "")
        scope["hub"] = came
        outlet = _Outlet(self, scope, came, send)
        try:
            await self._admit(scope, came)
            parts = await _body(scope, receive)
        except Problem as refused:
            await outlet.answer(refused.response(), refused.rule)
            return
        except TransientError:
            await outlet.answer(problem("unavailable", request=came.request), "")
            return
        except Exception:  # a fault of ours, before anything was asked
            log.exception("request_failed")
            await outlet.answer(problem("fault", request=came.request), "")
            return
        if parts is None:
            return  # whoever asked has gone
        try:
            await self.app(scope, parts, outlet.send)
        except Exception:  # answered as a fault by now; the connection need not end with it
            log.exception("request_failed")
            if not outlet.has_begun:
                raise

    async def _admit(self, scope: Scope, came: Incoming) -> None:
        """Find out who asks.

        Raises:
            Problem: nobody who may, or not like this, or not so often.
            TransientError: the issuer's keys are not known.
        """
        path: str = scope["path"]
        is_open = path in _OPEN or path.startswith(_OPEN_BELOW)
        fault = incoming.fault_of(scope)
        if is_open:
            if fault is not None:
                came.is_on_record = True  # nobody is known, nothing is asked: nothing to record
                raise _faulty(fault)
            return
        text = _token(scope)
        if text is None:
            raise _faulty(fault) if fault else Problem("token-missing", headers=_challenge())
        try:
            bearer = self.tokens.remembered(text)
            if bearer is None:
                bearer = await run_in_threadpool(self.tokens.bearer, text)
        except TokenError as error:
            raise self._does_not_count(came.place, error.rule) from None
        came.bearer = bearer
        client = bearer.client
        if not self.rate.allows(client):
            wait = self.rate.retry_after(client)
            raise Problem("rate-limited", headers={"Retry-After": str(wait)})
        if fault is not None:
            raise _faulty(fault)

    def _does_not_count(self, place: str, rule: str) -> Problem:
        """Return the refusal of a token; a place that sends many is told to wait.

        Only what does not count is held up. A good token passes from wherever it comes: behind a
        proxy all are one place, and one of them must not be able to lock out the others.
        """
        if self.sources.allows(place):
            return Problem("token-invalid", rule, _challenge("invalid_token"))
        wait = str(self.sources.retry_after(place))
        return Problem("rate-limited", rule, {"Retry-After": wait})

    async def record(self, scope: Scope, came: Incoming, rule: str, status: int) -> Response | None:
        """Put a refusal on record; return the answer to give instead, if there is another."""
        route = scope.get("route")
        body = {"what": getattr(route, "name", "request"), "rule": rule, "status": status}
        body["request"] = came.request
        try:
            if came.bearer is None:
                await run_in_threadpool(self.refusals.of_anybody, came.place, body)
            elif rule == "rate-limited":
                body["who"] = came.bearer.client
                await run_in_threadpool(self.refusals.of_anybody, f"client {body['who']}", body)
            else:
                await run_in_threadpool(self.refusals.of_client, came.bearer.client, body)
        except UnknownClientError:
            came.bearer = None
            headers = _challenge("invalid_token")
            return await self.record(scope, came, "client-unknown", 401) or problem(
                "client-unknown", headers=headers, request=came.request
            )
        except TransientError:
            return problem("unavailable", request=came.request)
        came.is_on_record = True
        return None


@dataclass(slots=True)
class _Outlet:
    """The way out: what leaves is on record, and says which request it answers."""

    front: Front
    scope: Scope
    came: Incoming
    out: Send
    is_replaced: bool = False
    has_begun: bool = False

    async def answer(self, response: Response, rule: str) -> None:
        """Send an answer of this module's own."""
        self.scope["hub.rule"] = rule
        await response(self.scope, _nothing, self.send)

    async def send(self, message: Message) -> None:
        """Let one part of an answer out."""
        if self.is_replaced:
            return
        if message["type"] == "http.response.start":
            instead = await self._instead(message["status"])
            if instead is not None:
                self.is_replaced = True
                await instead(self.scope, _nothing, self._out)
                return
        await self._out(message)

    async def _instead(self, status: int) -> Response | None:
        """Put on record what is not yet; return what must be answered instead."""
        came = self.came
        if came.is_on_record or status >= _SERVER_FAULT:
            return None
        path = self.scope["path"]
        if status >= _REFUSED:
            if came.bearer is None and (path in _OPEN or path.startswith(_OPEN_BELOW)):
                return None
            rule = self.scope.get("hub.rule") or "refused"
            return await self.front.record(self.scope, came, rule, status)
        if came.bearer is None:
            return None
        log.error("answer_without_a_leaf")
        return problem("fault", request=came.request)

    async def _out(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = [*message.get("headers", ()), *_BASE]
            headers.append((b"hub-request", self.came.request.encode()))
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            if self.came.bearer is not None:
                rate = self.front.rate.headers(self.came.bearer.client)
                headers += [(name.lower().encode(), text.encode()) for name, text in rate.items()]
            message = {**message, "headers": headers}
        await self.out(message)


def _token(scope: Scope) -> str | None:
    """Return the bearer token of a request (RFC 6750, 2.1); None: it has none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else None
    return None


def _challenge(error: str = "") -> dict[str, str]:
    said = f', error="{error}"' if error else ""
    return {"WWW-Authenticate": f'Bearer realm="registry-hub"{said}'}


def _faulty(fault: str) -> Problem:
    """Return the refusal of a request by its URL or headers."""
    is_last = fault == "request-malformed"  # where the next one begins is anybody's guess
    return Problem(fault, headers={"Connection": "close"} if is_last else {})


async def _body(scope: Scope, receive: Receive) -> Callable[[], Awaitable[Message]] | None:
    """Read a body whole before anybody else does.

    Raises:
        Problem: it is large, takes long, or has no end that counts.
    """
    body, is_whole = b"", False
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while not is_whole:
                message = await receive()
                if scope.get(incoming.MALFORMED):
                    raise _faulty("request-malformed")
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                is_whole = not message.get("more_body", False)
                if len(body) > MOST_BYTES:
                    raise Problem("too-large", headers={"Connection": "close"})
    except TimeoutError:
        raise Problem("too-slow", headers={"Connection": "close"}) from None
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(parts, None) or await receive()

    return replay


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
