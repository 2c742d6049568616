"""The right edge of the tree: what is needed to append to it. Pure.

Of each level it keeps the hashes that fill no tile yet, and of the lowest the entries themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from projections import merkle
from projections.tlog import layout
from projections.tlog.layout import ENTRIES, WIDTH
from projections.tlog.note import Checkpoint

File = tuple[str, bytes]  # where it lies, what is in it


@dataclass(slots=True)
class Edge:
    """A tree of ``size`` leaves."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=lambda: [[]])  # hashes of partial tiles
    entries: list[bytes] = field(default_factory=list)  # of the partial bundle

    def append(self, leaves: Iterable[bytes]) -> list[File]:
        """Add leaves; return the tiles and bundles that are full now, lowest first."""
        full: list[File] = []
        for leaf in leaves:
            self.entries.append(leaf)
            self.levels[0].append(merkle.leaf_hash(leaf))
            self.size += 1
            if len(self.entries) == WIDTH:
                index = self.size // WIDTH - 1
                full.append((layout.place(ENTRIES, index), layout.bundle(self.entries)))
                self.entries = []
                self._carry(0, full)
        return full

    def partials(self) -> list[File]:
        """Return the tiles and the bundle that are not full."""
        found = [
            (layout.place(level, index, width), b"".join(self.levels[level]))
            for level, index, width in layout.widths(self.size)
        ]
        if self.entries:
            width = len(self.entries)
            name = layout.place(ENTRIES, self.size // WIDTH, width)
            found.append((name, layout.bundle(self.entries)))
        return found

    def checkpoint(self) -> Checkpoint:
        """Return size and root."""
        carried: list[bytes] = []
        for hashes in self.levels:
            if hashes:
                carried = [merkle.fold([*hashes, *carried])]
        return Checkpoint(self.size, merkle.fold(carried))

    def _carry(self, level: int, full: list[File]) -> None:
        """Close the tile of a level; its hash goes into the level above."""
        hashes = self.levels[level]
        index = (self.size >> 8 * (level + 1)) - 1
        full.append((layout.place(level, index), b"".join(hashes)))
        self.levels[level] = []
        if level + 1 == len(self.levels):
            self.levels.append([])
        self.levels[level + 1].append(merkle.fold(hashes))
        if len(self.levels[level + 1]) == WIDTH:
            self._carry(level + 1, full)
