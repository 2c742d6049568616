"""Send one request to the health registry, with limits on time and size.

What an answer means for the caller is decided here once: not now (the wait that the server asks
for is kept, and the request sent again), not at all, or an answer.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Final

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from schemas.errors import PermanentError, TransientError

ATTEMPTS: Final = 5  # of a request that the server puts off; then it is the relay's to go on
LONGEST_WAIT_SECONDS: Final = 30.0
_NO_WAIT_STATED_SECONDS: Final = 1.0
_HEADERS: Final = {
    "Accept": "application/fhir+json, application/json",
    "Accept-Encoding": "identity",  # so that the size limit is one on memory
}


class NotNowError(TransientError):
    """The server asks us to come again later."""

    def __init__(self, status: int, delay_seconds: float) -> None:
        super().__init__(f"the health registry answered {status}: not now")
        self.delay_seconds = delay_seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes


class Wire:
    """A connection to one origin. Redirects are not followed, the environment is not read."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        timeout_seconds: float,
        limit_bytes: int,
    ) -> None:
        self._client = httpx.Client(
            headers=_HEADERS, timeout=timeout_seconds, trust_env=False, verify=_tls()
        )
        self._clock = clock  # seconds, monotonic
        self._timeout_seconds = timeout_seconds
        self._limit_bytes = limit_bytes
        self._retrying = Retrying(
            retry=retry_if_exception_type(NotNowError),
            wait=_wait,
            stop=stop_after_attempt(ATTEMPTS),
            sleep=sleep,
            reraise=True,
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send the request and return the answer, whatever its status below 500 but 429.

        Raises:
            NotNowError: 429 or 503, however often we waited as asked.
            TransientError: no answer, or not a whole one, or another 5xx.
            PermanentError: the answer is over the size limit.
        """
        request = self._client.build_request(method, url, headers=headers, data=form)
        return self._retrying(self._once, request, auth)

    def close(self) -> None:
        self._client.close()

    def _once(self, request: httpx.Request, auth: httpx.Auth | None) -> Answer:
        deadline = self._clock() + self._timeout_seconds
        try:
            response = self._client.send(request, auth=auth, stream=True)
            try:
                _check(response)
                body = bytearray()
                for block in response.iter_bytes():
                    body += block
                    if len(body) > self._limit_bytes:
                        raise PermanentError(
                            f"an answer of the health registry is over {self._limit_bytes} bytes; "
                            "lower the page size"
                        )
                    if self._clock() > deadline:
                        raise TransientError("the health registry's answer takes too long")
                return Answer(response.status_code, bytes(body))
            finally:
                response.close()
        except httpx.TransportError as error:
            raise TransientError("the health registry does not answer") from error
        except httpx.DecodingError as error:
            raise TransientError("the health registry's answer is broken") from error


@cache
def _tls() -> ssl.SSLContext:
    """Return the one TLS context of this process; making one reads all root certificates."""
    return httpx.create_ssl_context(trust_env=False)


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}:
        raise NotNowError(status, _delay_seconds(response.headers))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise TransientError(f"the health registry answered {status}")


def _delay_seconds(headers: httpx.Headers) -> float:
    """Return the wait that Retry-After asks for (RFC 9110, 10.2.3): seconds, or a date.

    A date is held against the server's own Date, so that our clock does not matter.
    """
    stated = headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:9])
    until, now = _http_date(stated), _http_date(headers.get("Date", ""))
    if until is None or now is None:
        return _NO_WAIT_STATED_SECONDS
    return max(0.0, (until - now).total_seconds())


def _http_date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.delay_seconds if isinstance(error, NotNowError) else _NO_WAIT_STATED_SECONDS
    return min(asked, LONGEST_WAIT_SECONDS)
