"""Who has every disk of the hub tries to open what is sealed of one person.

Takes every place in PostgreSQL's raw files (tables, old pages, write-ahead log) where something
stands behind an id of the person that may be a wrapped key, and every epoch's file that is left.
Knows the format by docs/contract.md, and asks no server for a key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ops.settings import Settings
from schemas.errors import PermanentError
from schemas.sealing import open_bytes
from tests.acceptance.forms import contents

CLASSES: Final = ("identity", "contact", "health", "quarantine")  # what the law lets us erase
_WRAPPED: Final = 12 + 32 + 16
_BEHIND: Final = 120  # bytes behind an id in which its key may stand


class Block(NamedTuple):
    """Something sealed, as it stands in topics and tables."""

    owner: bytes
    sensitivity: str
    event: bytes
    sealed: bytes


def stolen_keys(settings: Settings, owners: Collection[bytes]) -> dict[tuple[bytes, str], bytes]:
    """Return every key of ``owners`` that can be unwrapped with what lies on the disks."""
    with psycopg.connect(settings.keys_dsn, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # what is in memory is on the disk sooner or later
    folder = settings.home / "secrets" / "epochs"
    epochs = [AESGCM(bytes.fromhex(path.read_text())) for path in folder.iterdir()]
    assert epochs, "without any epoch nothing is proved"
    found: dict[tuple[bytes, str], bytes] = {}
    for _, content in contents(settings.home / "postgres", ()):
        for owner in owners:
            for place in _places(content, owner):
                behind = content[place + 16 : place + 16 + _BEHIND]
                found |= _unwrapped(behind, owner, epochs)
    return found


def opened(blocks: Collection[Block], keys: Mapping[tuple[bytes, str], bytes]) -> bytes:
    """Return in one piece what the keys open of the blocks."""
    found = []
    for block in blocks:
        key = keys.get((block.owner, block.sensitivity))
        if key is None:
            continue
        try:
            found.append(open_bytes(key, block.event, block.sensitivity, block.sealed))
        except PermanentError:
            continue
    return b"\n".join(found)


def _places(content: bytes, owner: bytes) -> Iterator[int]:
    place = content.find(owner)
    while place >= 0:
        yield place
        place = content.find(owner, place + 1)


def _unwrapped(
    behind: bytes, owner: bytes, epochs: Collection[AESGCM]
) -> dict[tuple[bytes, str], bytes]:
    found: dict[tuple[bytes, str], bytes] = {}
    for sensitivity in CLASSES:
        if sensitivity.encode() not in behind:
            continue
        for start in range(len(behind) - _WRAPPED + 1):
            wrapped = behind[start : start + _WRAPPED]
            for epoch in epochs:
                try:
                    key = epoch.decrypt(wrapped[:12], wrapped[12:], owner + sensitivity.encode())
                except InvalidTag:
                    continue
                found[owner, sensitivity] = key
    return found
