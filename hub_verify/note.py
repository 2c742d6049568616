"""Signed notes, checkpoints and the keys they are checked with. Pure.

Stricter than the format where our log never does what it allows: a checkpoint has three lines, and
base64 is written in the one way there is.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub_verify.tree import EMPTY, HASH_BYTES
from hub_verify.verdict import WrongError

_ED25519 = b"\x01"
_KEY_BYTES, _ID_BYTES, _SIGNATURE_BYTES = 32, 4, 64
_DASH = "— "
_MOST_SIGNATURES = 64
_MOST_BYTES = 1_000_000
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_LINES = 3


class Checkpoint(NamedTuple):
    """What a log says of itself."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Key:
    """The public key of one log."""

    name: str
    id: bytes
    public: Ed25519PublicKey

    @classmethod
    def parse(cls, text: str) -> Key:
        """Return the key that a line ``name+id+key`` says.

        Raises:
            WrongError: it says none.
        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not _is_name(parts[0]):  # noqa: PLR2004 - name, id, key
            raise WrongError("the key is not written as name+id+key")
        name, given, encoded = parts
        raw = strict64(encoded, "the key")
        if raw[:1] != _ED25519 or len(raw) != 1 + _KEY_BYTES:
            raise WrongError("the key is not an Ed25519 key")
        identifier = sha256(name.encode() + b"\n" + raw).digest()[:_ID_BYTES]
        if given != identifier.hex():
            raise WrongError("the key's id does not belong to its name and bytes")
        return cls(name, identifier, Ed25519PublicKey.from_public_bytes(raw[1:]))


def open_checkpoint(content: bytes, key: Key) -> Checkpoint:
    """Return what a checkpoint says, once the key's signature on it was checked.

    Raises:
        WrongError: it is not written as it must be, or the key did not sign it.
    """
    text = open_note(content, key)
    lines = text.split("\n")
    if len(lines) != _LINES + 1:
        raise WrongError("a checkpoint of this log has three lines: origin, size, root")
    origin, size, root, _ = lines
    if origin != key.name:
        raise WrongError("the checkpoint is of another log")
    if not _NUMBER.fullmatch(size):
        raise WrongError("the checkpoint's size is no number, or not written as one")
    decoded = strict64(root, "the checkpoint's root")
    if len(decoded) != HASH_BYTES:
        raise WrongError("the checkpoint's root is no hash")
    if size == "0" and decoded != EMPTY:
        raise WrongError("an empty log has another root")
    return Checkpoint(int(size), decoded)


def open_note(content: bytes, key: Key) -> str:
    """Return the text of a note that ``key`` signed; signatures of unknown keys are passed over.

    Raises:
        WrongError: it is no note, the key did not sign it, or a signature of the key is false.
    """
    if len(content) > _MOST_BYTES:
        raise WrongError("the note is too long")
    try:
        whole = content.decode()
    except UnicodeDecodeError:
        raise WrongError("the note is not UTF-8") from None
    if any(each < " " and each != "\n" for each in whole):
        raise WrongError("the note has control characters")
    text, blank, signatures = whole.rpartition("\n\n")
    if not blank or not text or not signatures.endswith("\n"):
        raise WrongError("the note has no text, no signatures, or does not end with a line")
    text += "\n"
    lines = signatures[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise WrongError("the note has too many signatures")
    found = {
        given for name, given in map(_signature, lines) if (name, given[:4]) == (key.name, key.id)
    }
    if not found:
        raise WrongError("the note is not signed by the key")
    for given in found:
        try:
            key.public.verify(given[_ID_BYTES:], text.encode())
        except InvalidSignature:
            raise WrongError("the signature does not belong to the text") from None
    return text


def strict64(text: str, what: str) -> bytes:
    """Return decoded base64 that is written in the one way there is.

    Raises:
        WrongError: it is not.
    """
    try:
        decoded = b64decode(text, validate=True)
    except (Error, ValueError):
        decoded = b""
    if not decoded or b64encode(decoded).decode() != text:
        raise WrongError(f"{what} is no base64, or not written as it must be")
    return decoded


def _signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_name(name):
        raise WrongError("a signature line is not written as it must be")
    given = strict64(encoded, "a signature")
    if len(given) <= _ID_BYTES:
        raise WrongError("a signature is too short")
    return name, given


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.split() == [name]
