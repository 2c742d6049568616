"""Look for a word in any of the forms in which it may lie on a disk."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Iterator
from pathlib import Path


def forms(word: str) -> set[bytes]:
    """Return ``word`` in UTF-8, UTF-16 of both orders, hex of each, and base64 at any place."""
    plain = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")]
    found = set(plain)
    for each in plain:
        found |= {each.hex().encode(), each.hex().upper().encode()}
        found |= {_base64(each, before) for before in range(3)}
    return found


def _base64(word: bytes, before: int) -> bytes:
    """Return what is always the same in base64 of a text with ``word`` after so many bytes."""
    whole = b64encode(b"\0" * before + word + b"\0" * 3)
    first = -(-before * 8 // 6)  # the first digit that no byte before it has a part in
    last = (before + len(word)) * 8 // 6
    return whole[first:last]


def files_with(folder: Path, patterns: Collection[bytes], without: Collection[str]) -> list[str]:
    """Return the files under ``folder`` that hold one of the patterns; not those in ``without``."""
    return [
        str(path.relative_to(folder))
        for path, content in contents(folder, without)
        if any(pattern in content for pattern in patterns)
    ]


def contents(folder: Path, without: Collection[str]) -> Iterator[tuple[Path, bytes]]:
    """Yield every file under ``folder``; one that goes away meanwhile is none."""
    for path in sorted(folder.rglob("*")):
        if path.relative_to(folder).parts[0] in without or not path.is_file():
            continue
        try:
            yield path, path.read_bytes()
        except FileNotFoundError:
            continue
