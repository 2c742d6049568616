"""Sign access tokens (RFC 9068) with the hub's own Ed25519 key, and publish its public half."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

AUDIENCE: Final = "registry-hub"
GOOD_FOR_SECONDS: Final = 300
_ALGORITHM: Final = "Ed25519"  # RFC 9864; what was called EdDSA


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes tokens of one issuer."""

    issuer: str
    key: OKPKey = field(repr=False)

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

    def key_set(self) -> dict[str, Any]:
        """Return the public key as a key set (RFC 7517)."""
        return {"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": _ALGORITHM}]}


def signer(issuer: str, seed: bytes) -> Signer:
    """Return the signer of an issuer; ``seed`` is 32 bytes. Its key id is its thumbprint."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    parts = {"kty": "OKP", "crv": "Ed25519", "d": _base64(seed), "x": _base64(public)}
    thumbprint = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": parts["x"]}).thumbprint()
    return Signer(issuer, OKPKey.import_key({**parts, "kid": thumbprint}))


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
