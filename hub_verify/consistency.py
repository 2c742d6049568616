"""Is a new checkpoint a later state of the same log? By the few tiles that say so. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub_verify.folder import WIDTH, place, read, split_hashes
from hub_verify.note import Checkpoint
from hub_verify.tree import check_consistency, node_hash, root_of
from hub_verify.verdict import WrongError

Subtree = Callable[[int, int], bytes]


def check_by_tiles(folder: Path, old: Checkpoint, new: Checkpoint) -> None:
    """Build the proof of consistency from the log's tiles, and check it.

    Raises:
        WrongError: a rollback, a fork, or tiles that are missing or of no use.
    """
    path: list[bytes] = []
    if 0 < old.size < new.size:
        path = _prove(old.size, new.size, lambda low, high: _subtree(folder, new.size, low, high))
    check_consistency(old, new, path)


def _prove(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """Return the proof of RFC 9162, 2.1.4.1."""
    path: list[bytes] = []
    low, high, is_whole = 0, new, True
    while old < high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(subtree(middle, high))
            high = middle
        else:
            path.append(subtree(low, middle))
            low, is_whole = middle, False
    if not is_whole:
        path.append(subtree(low, high))
    return path[::-1]


def _subtree(folder: Path, size: int, low: int, high: int) -> bytes:
    width = high - low
    if width & (width - 1):
        middle = low + _split(width)
        left = _subtree(folder, size, low, middle)
        return node_hash(left, _subtree(folder, size, middle, high))
    level, inner = divmod(width.bit_length() - 1, 8)
    first = low >> 8 * level
    index, at = divmod(first, WIDTH)
    hashes = _tile(folder, level, index, min(WIDTH, (size >> 8 * level) - index * WIDTH))
    return root_of(hashes[at : at + (1 << inner)])


def _tile(folder: Path, level: int, index: int, width: int) -> list[bytes]:
    for name in (place(level, index, width), place(level, index)):
        content = read(folder, name)
        if content is not None:
            hashes = split_hashes(content, name)
            if len(hashes) < width:
                raise WrongError(f"{name} has {len(hashes)} hashes")
            return hashes
    raise WrongError(f"{place(level, index, width)} is missing")


def _split(width: int) -> int:
    """Return the largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)
