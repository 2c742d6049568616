"""Hashes of a Merkle tree, and its proofs checked as RFC 9162 says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from hub_verify.verdict import WrongError

HASH_BYTES = 32
EMPTY = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Growing:
    """A tree that is added to: the roots of its complete subtrees, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add the hash of one leaf."""
        self._roots.append(leaf)
        self.size += 1
        full = self.size
        while full % 2 == 0:
            right = self._roots.pop()
            self._roots.append(node_hash(self._roots.pop(), right))
            full //= 2

    def root(self) -> bytes:
        """Return the root."""
        if not self._roots:
            return EMPTY
        root = self._roots[-1]
        for left in self._roots[-2::-1]:
            root = node_hash(left, root)
        return root


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaves' hashes."""
    tree = Growing()
    for each in hashes:
        tree.add(each)
    return tree.root()


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf of ``index`` is in the tree (RFC 9162, 2.1.3.2).

    Args:
        leaf: its hash.
        index: from 0.
        size: of the tree.
        path: the hashes beside the way to the root, the leaf's sibling first.
        root: of the tree.

    Raises:
        WrongError: the path does not lead to the root.
    """
    if not 0 <= index < size:
        raise WrongError(f"index {index} is not in a tree of {size} leaves")
    first, second, node = index, size - 1, leaf
    for beside in path:
        if second == 0:
            raise WrongError("the path is longer than the way to the root")
        if first & 1 or first == second:
            node = node_hash(beside, node)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            node = node_hash(node, beside)
        first, second = first >> 1, second >> 1
    if second:
        raise WrongError("the path ends before the root")
    if node != root:
        raise WrongError("the path leads to another root")


def check_consistency(
    old: tuple[int, bytes], new: tuple[int, bytes], path: Sequence[bytes]
) -> None:
    """Check that the new tree begins with all of the old one (RFC 9162, 2.1.4.2).

    Args:
        old: size and root.
        new: size and root.
        path: the proof; empty if the sizes are the same or the old tree is empty.

    Raises:
        WrongError: it does not.
    """
    (first, old_root), (second, new_root) = old, new
    if first > second:
        raise WrongError(f"rollback: {second} leaves after {first}")
    if first == second and old_root != new_root:
        raise WrongError(f"fork: two roots for {first} leaves")
    if first in (0, second):
        if path:
            raise WrongError("a proof where none is needed")
        return
    steps = [old_root, *path] if first & (first - 1) == 0 else list(path)
    if _climb(first, second, steps) != (old_root, new_root):
        raise WrongError("fork: the proof leads to other roots")


def _climb(first: int, second: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the roots of both trees that a proof leads to."""
    if not steps:
        raise WrongError("the proof of consistency is empty")
    low, high = first - 1, second - 1
    while low & 1:
        low, high = low >> 1, high >> 1
    was = now = steps[0]
    for beside in steps[1:]:
        if high == 0:
            raise WrongError("the proof of consistency is too long")
        if low & 1 or low == high:
            was, now = node_hash(beside, was), node_hash(beside, now)
            while not low & 1 and low:
                low, high = low >> 1, high >> 1
        else:
            now = node_hash(now, beside)
        low, high = low >> 1, high >> 1
    if high:
        raise WrongError("the proof of consistency is too short")
    return was, now
