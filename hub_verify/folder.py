"""The files of a log: where each lies, and what may lie there. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hub_verify.tree import HASH_BYTES
from hub_verify.verdict import WrongError

WIDTH = 256
ENTRIES = "entries"
_LENGTH_BYTES = 2
_MOST_BYTES = WIDTH * (_LENGTH_BYTES + 0xFFFF)  # of the longest bundle there can be
_NAME = re.compile(
    r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII
)


def place(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return where a tile or a bundle of entries lies.

    >>> place(1, 1234067, 5)
    'tile/1/x001/x234/067.p/5'
    """
    name = f"{index % 1000:03d}"
    while index := index // 1000:
        name = f"x{index % 1000:03d}/{name}"
    name = f"tile/{level}/{name}"
    return name if width == WIDTH else f"{name}.p/{width}"


def named(name: str) -> tuple[str, int, int] | None:
    """Return level, index and width of the file that is called so; None if no file can be."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    level, groups, width = found[1], found[2], int(found[3] or WIDTH)
    index = int(groups.replace("/", "").replace("x", ""))
    return (level, index, width) if place(level, index, width) == name else None


def read(folder: Path, name: str) -> bytes | None:
    """Return what is in a file; None if there is none.

    Raises:
        WrongError: it cannot be read, or is longer than any file of a log.
    """
    try:
        with (folder / name).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WrongError(f"{name} cannot be read ({error.strerror})") from None
    if len(content) > _MOST_BYTES:
        raise WrongError(f"{name} is too long")
    return content


def files(folder: Path) -> Iterator[str]:
    """Give the names of all files below ``tile``."""
    for path in sorted((folder / "tile").rglob("*")):
        if not path.is_dir():
            yield path.relative_to(folder).as_posix()


def split_hashes(content: bytes, name: str) -> list[bytes]:
    """Return the hashes of a tile.

    Raises:
        WrongError: it ends inside one.
    """
    if len(content) % HASH_BYTES:
        raise WrongError(f"{name} ends inside a hash")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def split_entries(content: bytes, name: str) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        WrongError: it ends inside one.
    """
    found, at = [], 0
    while at < len(content):
        begin = at + _LENGTH_BYTES
        at = begin + int.from_bytes(content[at:begin], "big")
        if at > len(content) or begin > len(content):
            raise WrongError(f"{name} ends inside an entry")
        found.append(content[begin:at])
    return found
