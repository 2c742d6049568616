"""Bearer tokens: who asks, as a signed JWT says it (RFC 9068), checked as RFC 8725 wants. No I/O.

The token says which client asks, and perhaps for which person a citizens' portal acts. To which
agency the client belongs and what it may see is never read from a token.

What a header names beside ``alg``, ``typ`` and ``kid`` is refused: keys come from the issuer's key
set only, never from where a token points.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from joserfc import jws, jwt
from joserfc._rfc7515.model import JWSAlgModel
from joserfc.errors import JoseError
from joserfc.jwk import Key

# EdDSA is what most issuers still call Ed25519 (RFC 9864). No RSA, no shared secret, no "none".
ALGORITHMS: Final = ("Ed25519", "EdDSA", "ES256")
TYPE: Final = "at+jwt"  # RFC 9068, 2.1
MOST_BYTES: Final = 4_096
MOST_SECONDS: Final = 3_600  # that a token may be good for
LEEWAY_SECONDS: Final = 60  # RFC 8725 leaves it open; clocks of agencies differ by less
_MOST_CACHED: Final = 10_000
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_CLIENT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HEADER: Final = frozenset({"alg", "typ", "kid"})
_LARGEST_TIME: Final = 253_402_300_799  # the year 9999

FindKey = Callable[[str], Key | None]  # by key id, from the issuer's key set only


class TokenError(Exception):
    """A token that says nothing to us; ``rule`` names why and repeats nothing of it."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a token says."""

    client: str
    person: UUID | None  # for whom a citizens' portal acts
    expires_at: int  # seconds since 1970


class _Registry(jws.JWSRegistry):
    """The algorithms that count; joserfc warns of the old name at every token."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise TokenError("token_algorithm")
        return self.algorithms[name]


_REGISTRY: Final = _Registry(algorithms=list(ALGORITHMS))


@dataclass(slots=True)
class Tokens:
    """Checks tokens; safe to share between threads. A good one is remembered until it expires."""

    issuer: str
    audience: str
    find_key: FindKey
    clock: Callable[[], float]  # seconds since 1970
    is_due: Callable[[], bool] = lambda: False  # a look at the issuer's keys
    _seen: dict[bytes, Bearer] = field(default_factory=dict, init=False)
    _forgot: int = field(default=0, init=False)  # how often
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def remembered(self, token: str) -> Bearer | None:
        """Return what a token says that was good and is; None: it must be checked."""
        if len(token) > MOST_BYTES or self.is_due():
            return None
        bearer = self._seen.get(_name(token))
        return bearer if bearer and self.clock() < bearer.expires_at + LEEWAY_SECONDS else None

    def bearer(self, token: str) -> Bearer:
        """Return what ``token`` says.

        Raises:
            TokenError: it is not one of the issuer's for us, or not now.
            TransientError: the issuer's keys are not known yet.
        """
        if len(token) > MOST_BYTES or not _COMPACT.fullmatch(token):
            raise TokenError("token_malformed")
        now, name = self.clock(), _name(token)
        if self.is_due():
            self.find_key("")  # a withdrawn key ends what it signed, also where nobody new comes
        forgot = self._forgot
        bearer = self._seen.get(name)
        if bearer is not None:
            if now < bearer.expires_at + LEEWAY_SECONDS:
                return bearer
            raise TokenError("token_expired")
        bearer = self._check(token, now)
        with self._lock:
            if len(self._seen) >= _MOST_CACHED:
                self._forget(now)
            if forgot == self._forgot:  # else the key that it was checked with may have gone
                self._seen[name] = bearer
        return bearer

    def forget(self) -> None:
        """Forget every token; called when the issuer's keys change."""
        with self._lock:
            self._seen.clear()
            self._forgot += 1

    def _forget(self, now: float) -> None:
        alive = {name: one for name, one in self._seen.items() if now < one.expires_at}
        self._seen = alive if len(alive) < _MOST_CACHED // 2 else {}

    def _check(self, token: str, now: float) -> Bearer:
        try:
            decoded = jwt.decode(token, self._key, algorithms=ALGORITHMS, registry=_REGISTRY)
        except TokenError:
            raise
        except (JoseError, ValueError, TypeError, RecursionError, KeyError) as error:
            raise TokenError("token_signature") from error
        return self._bearer(decoded.claims, now)

    def _key(self, guest: Any) -> Key:
        """Return the key for a header; called by joserfc before it verifies."""
        header = guest.headers()
        if not header.keys() <= _HEADER:
            raise TokenError("token_header")
        if header.get("alg") not in ALGORITHMS:
            raise TokenError("token_algorithm")
        kind = header.get("typ")
        if not isinstance(kind, str) or kind.lower().removeprefix("application/") != TYPE:
            raise TokenError("token_type")
        name = header.get("kid")
        key = self.find_key(name) if isinstance(name, str) else None
        if key is None:
            raise TokenError("token_key")
        if not _fits(header["alg"], key):
            raise TokenError("token_algorithm")
        return key

    def _bearer(self, claims: dict[str, Any], now: float) -> Bearer:
        if claims.get("iss") != self.issuer:
            raise TokenError("token_issuer")
        audience = claims.get("aud")
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            raise TokenError("token_audience")
        expires, issued = _time(claims, "exp"), _time(claims, "iat")
        if now >= expires + LEEWAY_SECONDS:
            raise TokenError("token_expired")
        if "cnf" in claims:  # bound to a key that its sender would have to prove (RFC 7800)
            raise TokenError("token_bound")
        if issued > now + LEEWAY_SECONDS or expires - issued > MOST_SECONDS:
            raise TokenError("token_times")
        if _time(claims, "nbf", issued) > now + LEEWAY_SECONDS:
            raise TokenError("token_not_yet")
        client = claims.get("client_id")
        if not isinstance(client, str) or not _CLIENT.fullmatch(client):
            raise TokenError("token_client")
        return Bearer(client, _person(claims.get("person")), expires)


def _name(token: str) -> bytes:
    """Return under what a token is remembered: not the token itself."""
    return sha256(token.encode("utf-8", "replace")).digest()


def _fits(algorithm: str, key: Key) -> bool:
    """Whether a key is of the kind its algorithm needs: never what the token says alone."""
    said = key.as_dict(private=False)
    curve = "P-256" if algorithm == "ES256" else "Ed25519"
    return said.get("crv") == curve and said.get("use", "sig") == "sig"


def _time(claims: dict[str, Any], name: str, default: int | None = None) -> int:
    found = claims.get(name, default)
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise TokenError("token_times")
    if not 0 <= found <= _LARGEST_TIME:
        raise TokenError("token_times")
    return int(found)


def _person(claim: object) -> UUID | None:
    if claim is None:
        return None
    try:
        return UUID(claim) if isinstance(claim, str) else _refuse()
    except ValueError:
        return _refuse()


def _refuse() -> UUID:
    raise TokenError("token_person")
