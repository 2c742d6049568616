"""Open sealed blocks, by docs/contract.md, section Sealing. Pure but for ``read_keys``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ops.verify.ids import raw

_FORMAT = 1
_NONCE = 12
_LENGTH = 4
_PADDED_TO = 64


class NotOpenedError(Exception):
    """A block that its key does not open; the text says why, never what it holds."""


class Keys:
    """The keys of all persons and classes; erased ones are known to be erased."""

    def __init__(self, active: dict[tuple[str, str], bytes], erased: set[tuple[str, str]]) -> None:
        self._active = active
        self._erased = erased
        self._ciphers: dict[tuple[str, str], AESGCM] = {}

    @property
    def erased(self) -> frozenset[tuple[str, str]]:
        """Every owner and class whose key is gone, or may never be."""
        return frozenset(self._erased)

    def is_erased(self, owner: str, class_: str) -> bool:
        return (owner, class_) in self._erased

    def cipher(self, owner: str, class_: str) -> AESGCM:
        """Return what opens the blocks of one owner and class.

        Raises:
            NotOpenedError: there is no such key.
        """
        place = (owner, class_)
        cipher = self._ciphers.get(place)
        if cipher is None:
            if place not in self._active:
                raise NotOpenedError(f"no key for class {class_} of {owner}")
            cipher = self._ciphers[place] = AESGCM(self._active[place])
        return cipher


def open_block(keys: Keys, owner: str, class_: str, event_id: str, sealed: bytes) -> Any:
    """Return the JSON object that was sealed.

    Raises:
        NotOpenedError: another format, key, event or class, or changed bytes.
    """
    if len(sealed) <= 1 + _NONCE or sealed[0] != _FORMAT:
        raise NotOpenedError("not a sealed block of format 1")
    nonce, cipher_text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    bound_to = raw(event_id) + class_.encode()
    try:
        plain = keys.cipher(owner, class_).decrypt(nonce, cipher_text, bound_to)
    except InvalidTag as error:
        raise NotOpenedError("the key, the event id, the class or the bytes differ") from error
    length = int.from_bytes(plain[:_LENGTH], "big")
    body, padding = plain[_LENGTH : _LENGTH + length], plain[_LENGTH + length :]
    if len(plain) % _PADDED_TO or len(body) != length or padding.strip(b"\0"):
        raise NotOpenedError("length or padding is wrong")
    opened = orjson.loads(body)
    if orjson.dumps(opened, option=orjson.OPT_SORT_KEYS) != body:
        raise NotOpenedError("the sealed JSON is not canonical")
    return opened


def read_keys(dsn: str, epochs: Path) -> Keys:
    """Read and unwrap every key of the key store; each says under which epoch it is wrapped."""
    ciphers: dict[int, AESGCM] = {}
    active: dict[tuple[str, str], bytes] = {}
    erased: set[tuple[str, str]] = set()
    with psycopg.connect(dsn) as connection, connection.cursor(binary=True) as cursor:
        cursor.execute("SELECT owner::text, class, state, wrapped, epoch FROM sealing_keys")
        for owner, class_, state, wrapped, epoch in cursor:
            if state == "active":
                if epoch not in ciphers:
                    ciphers[epoch] = _epoch(epochs / str(epoch))
                active[owner, class_] = _unwrapped(ciphers[epoch], owner, class_, wrapped)
            else:
                erased.add((owner, class_))
    return Keys(active, erased)


def _epoch(path: Path) -> AESGCM:
    try:
        return AESGCM(bytes.fromhex(path.read_text(encoding="ascii")))
    except (OSError, ValueError) as error:
        raise NotOpenedError(f"the epoch key {path} cannot be read") from error


def _unwrapped(unwrap: AESGCM, owner: str, class_: str, wrapped: bytes) -> bytes:
    bound_to = raw(owner) + class_.encode()
    try:
        return unwrap.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to)
    except InvalidTag as error:
        raise NotOpenedError(f"the key of class {class_} of {owner} cannot be unwrapped") from error
