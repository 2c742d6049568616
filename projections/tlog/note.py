"""Checkpoints, signed as C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0 say. Pure."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ED25519: Final = b"\x01"


class Checkpoint(NamedTuple):
    """What the log says of itself."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs the log; the origin is the key's name too."""

    origin: str
    key: Ed25519PrivateKey

    @classmethod
    def of(cls, origin: str, seed: bytes) -> Signer:
        """Return the signer of a log.

        Raises:
            ValueError: the origin cannot be a key's name.
        """
        is_bad = not origin or "+" in origin or origin.split() != [origin]
        if is_bad or not origin.isprintable():
            raise ValueError("an origin is not empty and holds no space and no plus")
        return cls(origin, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> bytes:
        return sha256(self.origin.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def verifier_key(self) -> str:
        """The public key, as everybody who checks the log is given it."""
        public = b64encode(_ED25519 + self.public).decode()
        return f"{self.origin}+{self.key_id.hex()}+{public}"

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the signed note; the same checkpoint gives the same bytes."""
        root = b64encode(checkpoint.root).decode()
        text = f"{self.origin}\n{checkpoint.size}\n{root}\n".encode()
        signature = b64encode(self.key_id + self.key.sign(text)).decode()
        return text + f"\n— {self.origin} {signature}\n".encode()

    def read(self, note: bytes) -> Checkpoint:
        """Return what a note of our own says.

        Raises:
            ValueError: it is not ours, or not whole.
        """
        text, _, signatures = note.partition(b"\n\n")
        lines = text.decode().split("\n")
        ours = f"— {self.origin} ".encode()
        found = [line for line in signatures.split(b"\n") if line.startswith(ours)]
        if len(lines) != 3 or lines[0] != self.origin or len(found) != 1:  # noqa: PLR2004
            raise ValueError("it is no checkpoint of this log")
        signature = b64decode(found[0].removeprefix(ours), validate=True)
        try:
            self.key.public_key().verify(signature[4:], text + b"\n")
        except InvalidSignature:
            raise ValueError("its signature is not by this log's key") from None
        return Checkpoint(int(lines[1]), b64decode(lines[2], validate=True))
