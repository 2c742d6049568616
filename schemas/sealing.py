"""Seal and open blocks of personal data. Pure: keys come in as arguments.

Layout: ``0x01 | nonce (12) | AES-256-GCM ciphertext and tag``; plain text is a length (4 bytes,
big endian), the bytes, and zero bytes up to a multiple of 64, so that the size says little;
associated data is the event id and the class, so that a block cannot be moved to another event.
The nonce is random: at most 2^32 blocks a key (NIST SP 800-38D, 8.3), and a key serves one person
and class.
"""

from __future__ import annotations

import os
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import PermanentError
from schemas.ids import canonical_json

CLASSES: Final = ("identity", "contact", "health", "tax", "needs", "quarantine")

_FORMAT: Final = b"\x01"
_BUCKET: Final = 64


def seal(key: bytes, event_id: bytes, sensitivity: str, value: object) -> bytes:
    """Return ``value`` sealed under ``key`` for the event and sensitivity class."""
    return seal_bytes(key, event_id, sensitivity, canonical_json(value))


def seal_bytes(key: bytes, event_id: bytes, sensitivity: str, plain: bytes) -> bytes:
    """Return ``plain`` sealed; see ``seal``."""
    nonce = os.urandom(12)
    framed = len(plain).to_bytes(4, "big") + plain
    padded = framed + bytes(-len(framed) % _BUCKET)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, padded, event_id + sensitivity.encode())


def open_sealed(key: bytes, event_id: bytes, sensitivity: str, block: bytes) -> object:
    """Return the value that was sealed.

    Raises:
        PermanentError: the block is not of this format, key, event or class.
    """
    return orjson.loads(open_bytes(key, event_id, sensitivity, block))


def open_bytes(key: bytes, event_id: bytes, sensitivity: str, block: bytes) -> bytes:
    """Return the sealed bytes as they were; see ``open_sealed``."""
    if block[:1] != _FORMAT:
        raise PermanentError(f"sealed block of unknown format (class {sensitivity})")
    try:
        padded = AESGCM(key).decrypt(block[1:13], block[13:], event_id + sensitivity.encode())
    except InvalidTag as error:
        raise PermanentError(
            f"sealed block does not open (class {sensitivity}): wrong key, event or class"
        ) from error
    return padded[4 : 4 + int.from_bytes(padded[:4], "big")]
