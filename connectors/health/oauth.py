"""Get a bearer token with OAuth2 client credentials (RFC 6749, 4.4), and keep it while it lasts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import httpx

from connectors.health.wire import Wire
from schemas.errors import PermanentError

MARGIN_SECONDS: Final = 30  # a token is renewed this long before it ends
DEFAULT_SECONDS: Final = 60  # RFC 6749, 5.1: expires_in may be left out
_FORM: Final = {"grant_type": "client_credentials"}


class Tokens:
    """The token of one client. Nothing of it is ever shown."""

    def __init__(
        self,
        wire: Wire,
        url: str,
        client_id: str,
        client_secret: str,
        clock: Callable[[], float],
    ) -> None:
        self._wire = wire
        self._url = url
        self._auth = httpx.BasicAuth(client_id, client_secret)
        self._clock = clock  # seconds, monotonic
        self._token: str | None = None
        self._renew_at = 0.0

    def token(self) -> str:
        """Return a token that is good for some time yet.

        Raises:
            TransientError: the authorisation server does not answer, or not now.
            PermanentError: it refuses us, or answers what cannot be read.
        """
        if self._token is None or self._clock() >= self._renew_at:
            self._token, seconds = self._fetch()
            self._renew_at = self._clock() + max(seconds - MARGIN_SECONDS, seconds / 2)
        return self._token

    def forget(self) -> None:
        """Drop a token that was refused."""
        self._token = None

    def _fetch(self) -> tuple[str, float]:
        answer = self._wire.send("POST", self._url, auth=self._auth, form=_FORM)
        if answer.status != httpx.codes.OK:
            raise PermanentError(
                f"the health registry refuses a token ({answer.status}); check client id and secret"
            )
        return _read(answer.body)


def _read(raw: bytes) -> tuple[str, float]:
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        token, kind = body.get("access_token"), body.get("token_type", "Bearer")
        seconds = body.get("expires_in", DEFAULT_SECONDS)
        if (
            isinstance(token, str)
            and token.isascii()
            and token.isprintable()
            and str(kind).lower() == "bearer"
            and isinstance(seconds, int | float)
            and seconds > 0
        ):
            return token, float(seconds)
    raise PermanentError("the health registry's token endpoint answered no bearer token")
