"""A read-only gate before the schema registry: the part of Confluent's REST API that readers need.

An agency signs on with HTTP Basic, as at Kafka, and sees the subjects, versions and ids of its own
feed. What is another's and what does not exist get the same answer. Nothing can be written. The
schema registry itself listens on loopback only and knows no users; nobody else speaks to it.

Reading a schema is no reading of people's data and leaves nothing. A refusal leaves an audit leaf,
at most one a second: those in between are counted in the next.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final, Protocol

import httpx
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from schemas.errors import TransientError
from streams.feeds.names import PRINCIPAL_PREFIX, feed_topic, namespace

_MEDIA: Final = "application/vnd.schemaregistry.v1+json"
_LONGEST: Final = 200  # of a user's name or password, characters
# Which paths there are: those about an id, those about a subject.
_BY_ID: Final = re.compile(r"/schemas/ids/(\d{1,18})(?:/(schema|subjects|versions))?")
_SUBJECTS: Final = "/subjects"
_BY_SUBJECT: Final = re.compile(
    r"/subjects/([A-Za-z0-9._-]{1,200})/versions(?:/(\d{1,9}|latest)(/schema)?)?"
)


class Doorman(Protocol):
    """Who knows passwords, and puts refusals on record."""

    def opens(self, agency: str, password: str) -> bool:
        """Return whether this is the agency's password.

        A revoked agency keeps it, to read its feed to the end; who is locked out has none.

        Raises:
            TransientError: the database does not answer; nobody is let in.
        """
        ...

    def refused(self, agency: str | None, rule: str) -> None:
        """Put a refusal on record; best effort, bounded."""
        ...


class _Refused(Exception):  # noqa: N818 - a verdict
    def __init__(self, status: int, code: int, message: str, rule: str) -> None:
        self.status, self.code, self.message, self.rule = status, code, message, rule


def create_app(upstream: httpx.Client, doorman: Doorman) -> FastAPI:
    """Return the gateway.

    Args:
        upstream: speaks to the schema registry.
        doorman: see ``Doorman``.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    gate = _Gate(upstream, doorman)

    @app.middleware("http")
    async def answer(request: Request, _: Callable[..., Any]) -> Response:
        return await run_in_threadpool(gate.answer, request)

    return app


class _Gate:
    def __init__(self, upstream: httpx.Client, doorman: Doorman) -> None:
        self._upstream = upstream
        self._doorman = doorman
        self._schemas: dict[int, dict[str, Any]] = {}  # an id never means another schema

    def answer(self, request: Request) -> Response:
        agency = None
        try:
            agency = self._sign_on(request.headers.get("authorization", ""))
            if request.method not in {"GET", "HEAD"}:
                raise _Refused(403, 40301, "Only reading is allowed", "schemas-read-only")
            return _json(200, self._look_up(agency, request.url.path))
        except _Refused as no:
            self._doorman.refused(agency, no.rule)
            answer = _json(no.status, {"error_code": no.code, "message": no.message})
            if no.status == httpx.codes.UNAUTHORIZED:
                answer.headers["WWW-Authenticate"] = 'Basic realm="schemas"'
            return answer
        except (TransientError, httpx.TransportError):
            text = "The hub cannot look this up now; ask again"
            return _json(503, {"error_code": 50301, "message": text})

    def _sign_on(self, header: str) -> str:
        user, password = _basic(header)
        agency = user.removeprefix(PRINCIPAL_PREFIX)
        is_one = user.startswith(PRINCIPAL_PREFIX) and 0 < len(password) <= _LONGEST
        if not is_one or not self._doorman.opens(agency, password):
            raise _Refused(401, 40101, "Sign on with your agency's user", "schemas-signed-off")
        return agency

    def _look_up(self, agency: str, path: str) -> Any:
        if path == _SUBJECTS:
            return self._subjects(agency)
        if found := _BY_ID.fullmatch(path):
            return self._by_id(agency, int(found[1]), found[2])
        if found := _BY_SUBJECT.fullmatch(path):
            if not found[1].startswith(_prefix(agency)):
                raise _not_found("Subject not found", 40401)
            return self._ask(path)
        raise _not_found("Not found", 404)

    def _subjects(self, agency: str) -> list[str]:
        listed: list[str] = self._ask(_SUBJECTS)
        return sorted(name for name in listed if name.startswith(_prefix(agency)))

    def _by_id(self, agency: str, number: int, part: str | None) -> Any:
        known = self._schemas.get(number)
        if known is None:
            known = self._ask(f"/schemas/ids/{number}")
            self._schemas[number] = known
        schema = orjson.loads(known["schema"])
        # A schema belongs to the agency whose namespace it is in: only the relay registers any.
        is_own = isinstance(schema, dict) and _namespace(schema) == namespace(agency)
        if not is_own:
            raise _not_found("Schema not found", 40403)
        if part == "schema":
            return schema
        if part is not None:
            return self._ask(f"/schemas/ids/{number}/{part}")
        return {"schema": known["schema"], "schemaType": "AVRO"}

    def _ask(self, path: str) -> Any:
        answer = self._upstream.get(path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            if path.startswith("/schemas"):
                raise _not_found("Schema not found", 40403)
            raise _not_found("Subject not found", 40401)
        if answer.is_error:
            raise TransientError("the schema registry does not answer as it should")
        return orjson.loads(answer.content)


def _namespace(schema: dict[str, Any]) -> str:
    full_name = str(schema.get("name", ""))
    return str(schema.get("namespace") or full_name.rpartition(".")[0])


def _prefix(agency: str) -> str:
    return f"{feed_topic(agency)}-{namespace(agency)}."


def _not_found(message: str, code: int) -> _Refused:
    return _Refused(404, code, message, "schemas-not-own")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 4 * _LONGEST:
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, password) if len(user) <= _LONGEST else ("", "")


def _json(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status, media_type=_MEDIA)
