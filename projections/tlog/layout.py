"""Where what lies in the log's folder, and how entries stand in a file. Pure.

Source: C2SP tlog-tiles v0.1.0. A tile is 256 hashes; a bundle is 256 entries, each with its length
in two bytes, the higher first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

WIDTH: Final = 256  # hashes of a full tile, entries of a full bundle
HASH_BYTES: Final = 32
CHECKPOINT: Final = "checkpoint"
ENTRIES: Final = "entries"
_MOST: Final = 0xFFFF


def place(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return where a tile (of ``level``) or a bundle (``ENTRIES``) lies.

    >>> place(0, 1234067), place(ENTRIES, 3, 17)
    ('tile/0/x001/x234/067', 'tile/entries/003.p/17')
    """
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    name = f"tile/{level}/{'/'.join(reversed(groups))}"
    return name if width == WIDTH else f"{name}.p/{width}"


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as they stand in a file.

    Raises:
        ValueError: one is too long for its length to be said.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > _MOST:
            raise ValueError(f"an entry of {len(entry)} bytes; {_MOST} is the most")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def entries(content: bytes) -> list[bytes]:
    """Return the entries of a file.

    Raises:
        ValueError: it ends inside an entry.
    """
    found, start = [], 0
    while start < len(content):
        begin = start + 2
        start = begin + int.from_bytes(content[start:begin], "big")
        if begin > len(content) or start > len(content):
            raise ValueError("a bundle ends inside an entry")
        found.append(content[begin:start])
    return found


def hashes(content: bytes) -> list[bytes]:
    """Return the hashes of a tile.

    Raises:
        ValueError: it ends inside a hash.
    """
    if len(content) % HASH_BYTES:
        raise ValueError("a tile ends inside a hash")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def widths(size: int) -> list[tuple[int, int, int]]:
    """Return the partial tiles of a tree: level, index, width."""
    found, level = [], 0
    while size:
        if size % WIDTH:
            found.append((level, size // WIDTH, size % WIDTH))
        size, level = size // WIDTH, level + 1
    return found
