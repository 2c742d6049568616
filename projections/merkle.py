"""The Merkle tree hash of RFC 6962, 2.1. Pure.

A leaf's hash is SHA-256(0x00 || leaf), a node's SHA-256(0x01 || left || right), and a tree is
split at the largest power of two below its size. Joining neighbours level by level, an odd one
out moving up as it is, gives that very tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf."""
    return sha256(b"\x00" + leaf).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the Merkle tree hash over ``leaves``.

    >>> root([]).hex()[:16]
    'e3b0c44298fc1c14'
    """
    level = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return sha256(b"").digest()
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]
