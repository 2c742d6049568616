"""Hashes and proofs out of the log's folder, for a tree of any size up to the checkpoint's.

RFC 6962, 2.1.1 and 2.1.2. Reads what is published and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from projections import merkle
from projections.tlog import layout
from projections.tlog.folder import read
from projections.tlog.layout import ENTRIES, WIDTH
from projections.tlog.tree import Edge
from schemas.errors import PermanentError

_KEPT: Final = 256  # tiles in memory, half a megabyte of hashes

Tile = list[Sequence[bytes]]  # the hashes of a tile, and every level above them


class MissingTileError(PermanentError):
    """The folder lacks what its checkpoint speaks of."""


@dataclass(slots=True)
class Tiles:
    """The tree of the first ``size`` leaves."""

    root: Path
    size: int
    _tile: Callable[[int, int], Tile] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._tile = lru_cache(_KEPT)(self._load)

    def entry(self, index: int) -> bytes:
        """Return the bytes of a leaf.

        Raises:
            MissingTileError: the folder lacks it.
        """
        return self.bundle(index // WIDTH)[index % WIDTH]

    def bundle(self, index: int) -> list[bytes]:
        """Return the entries of a bundle, as far as the tree goes.

        Raises:
            MissingTileError: the folder lacks it.
        """
        width = min(WIDTH, self.size - index * WIDTH)
        try:
            found = layout.entries(self._read(ENTRIES, index, width))[:width]
        except ValueError as error:
            raise MissingTileError(f"{layout.place(ENTRIES, index)}: {error}") from None
        if len(found) != width:
            raise MissingTileError(f"{layout.place(ENTRIES, index, width)} is too short")
        return found

    def checkpoint_root(self) -> bytes:
        """Return the root of the tree."""
        return self.subtree(0, self.size) if self.size else merkle.EMPTY

    def inclusion(self, index: int) -> list[bytes]:
        """Return the proof that the leaf of ``index`` is in the tree, its sibling first."""
        found: list[bytes] = []
        low, high = 0, self.size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                found.append(self.subtree(middle, high))
                high = middle
            else:
                found.append(self.subtree(low, middle))
                low = middle
        return found[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """Return the proof that the first ``old`` leaves were the whole tree once."""
        found: list[bytes] = []
        low, high, is_whole = 0, self.size, True
        while 0 < old < high:
            middle = low + _split(high - low)
            if old <= middle:
                found.append(self.subtree(middle, high))
                high = middle
            else:
                found.append(self.subtree(low, middle))
                low, is_whole = middle, False
        if not is_whole:
            found.append(self.subtree(low, high))
        return found[::-1]

    def subtree(self, low: int, high: int) -> bytes:
        """Return the hash of the leaves from ``low`` to ``high``; as a split of RFC 6962 has it."""
        width = high - low
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            level, inner = divmod(height, 8)
            at = low >> 8 * level
            return self._tile(level, at // WIDTH)[inner][at % WIDTH >> inner]
        middle = low + _split(width)
        return merkle.node_hash(self.subtree(low, middle), self.subtree(middle, high))

    def edge(self) -> Edge:
        """Return the tree's right edge, to go on from.

        Raises:
            MissingTileError: the folder lacks a file of it.
        """
        size, level, edge = self.size, 0, Edge(self.size, [])
        while size or not edge.levels:
            part = self._tile(level, size // WIDTH)[0] if size % WIDTH else []
            edge.levels.append(list(part))
            size, level = size // WIDTH, level + 1
        edge.entries = self.bundle(self.size // WIDTH) if self.size % WIDTH else []
        return edge

    def _load(self, level: int, index: int) -> Tile:
        width = min(WIDTH, (self.size >> 8 * level) - index * WIDTH)
        try:
            found = layout.hashes(self._read(level, index, width))[:width]
        except ValueError as error:
            raise MissingTileError(f"{layout.place(level, index)}: {error}") from None
        if len(found) != width:
            raise MissingTileError(f"{layout.place(level, index, width)} is too short")
        return merkle.levels(found)

    def _read(self, level: int | str, index: int, width: int) -> bytes:
        name = layout.place(level, index, width)
        content = read(self.root, name)
        if content is None and width < WIDTH:  # it may be full by now
            content = read(self.root, layout.place(level, index))
        if content is None:
            raise MissingTileError(f"the audit log lacks {name}, which its checkpoint speaks of")
        return content


def _split(width: int) -> int:
    """Return the largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)
