"""The Merkle tree hash of RFC 6962, 2.1, and the path of one leaf. Pure.

A leaf's hash is SHA-256(0x00 || leaf), a node's SHA-256(0x01 || left || right), and a tree is
split at the largest power of two below its size. Joining neighbours level by level, an odd one
out moving up as it is, gives that very tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


def entry(offset: int, value: bytes | None) -> bytes:
    """Return the leaf of a chunk's tree that stands for one record: its offset, then its value."""
    return offset.to_bytes(8, "big") + (value or b"")


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the Merkle tree hash over ``leaves``.

    >>> root([]).hex()[:16]
    'e3b0c44298fc1c14'
    """
    return fold([sha256(b"\x00" + leaf).digest() for leaf in leaves])


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over subtrees, all of one size but the last, which may be smaller."""
    return levels(hashes)[-1][0] if hashes else EMPTY


def levels(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the hashes and every level above them; at least one hash."""
    found = [hashes]
    while len(level := found[-1]) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) % 2:
            above.append(level[-1])
        found.append(above)
    return found


def path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes beside the way from one leaf's hash to the root, lowest first."""
    beside = []
    for level in levels(hashes):
        if index ^ 1 < len(level):
            beside.append(level[index ^ 1])
        index //= 2
    return beside
