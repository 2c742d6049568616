"""Sign access tokens (RFC 9068) with the hub's own Ed25519 key, and publish its public half."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from projections.http.tokens import LEEWAY_SECONDS

AUDIENCE: Final = "registry-hub"
GOOD_FOR_SECONDS: Final = 300
_ALGORITHM: Final = "Ed25519"  # RFC 9864; what was called EdDSA


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes tokens of one issuer."""

    issuer: str
    key: OKPKey = field(repr=False)
    before: OKPKey | None = field(default=None, repr=False)  # the key before this one
    before_until: float = 0.0  # until when what it signed may count; seconds since 1970

    def token(self, client: str, person: UUID | None, now: int, jti: str) -> str:
        """Return a token for ``client``, which may act for ``person``; ``now`` in seconds."""
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": client,
            "client_id": client,
            "iat": now,
            "nbf": now,
            "exp": now + GOOD_FOR_SECONDS,
            "jti": jti,
        }
        if person is not None:
            claims["person"] = str(person)
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[_ALGORITHM])

    def key_set(self, now: float = inf) -> dict[str, Any]:
        """Return the public keys as a key set (RFC 7517): the one before while it may count."""
        keys = [self.key]
        if self.before is not None and now < self.before_until:
            keys.append(self.before)
        said = {"use": "sig", "alg": _ALGORITHM}
        return {"keys": [{**key.as_dict(private=False), **said} for key in keys]}


def signer(
    issuer: str, seed: bytes, before: bytes | None = None, replaced_at: float = 0.0
) -> Signer:
    """Return the signer of an issuer.

    Args:
        issuer: as its tokens name it.
        seed: 32 bytes.
        before: the seed that this one replaced; it signs nothing, what it signed goes on counting.
        replaced_at: when; seconds since 1970.
    """
    until = replaced_at + GOOD_FOR_SECONDS + LEEWAY_SECONDS
    return Signer(issuer, _key(seed), None if before is None else _key(before), until)


def _key(seed: bytes) -> OKPKey:
    """Return a key; its id is its thumbprint."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    parts = {"kty": "OKP", "crv": "Ed25519", "d": _base64(seed), "x": _base64(public)}
    thumbprint = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": parts["x"]}).thumbprint()
    return OKPKey.import_key({**parts, "kid": thumbprint})


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
