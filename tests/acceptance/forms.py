"""Look for a word in any of the forms in which it may lie on a disk.

Kafka keeps records packed (zstd, gzip), so its files are searched packed and unpacked.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

_SOME_ZEROS: Final = bytes(256)  # that may belong to what stands before them
_SEGMENT: Final = re.compile(r"\d{20}\.log")  # of Kafka; also one that waits to be unlinked


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
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        if is_segment(path):
            content = b"\0".join([content, *_records(content)])
        # Kafka and PostgreSQL lay files out in advance: megabytes of zeros at the end.
        yield path, content.rstrip(b"\0") + _SOME_ZEROS


def is_segment(path: Path) -> bool:
    """Return whether Kafka keeps records in this file."""
    return _SEGMENT.match(path.name) is not None


def _records(segment: bytes) -> Iterator[bytes]:
    """Yield key, value and headers of every record: a segment is laid out as an answer is."""
    # Loaded here: kafka-python warns while it loads, and pytest filters that only later.
    from kafka.record import MemoryRecords  # noqa: PLC0415

    found = MemoryRecords(segment)
    while (batch := found.next_batch()) is not None:
        for record in batch:
            yield b"\0".join([record.key or b"", record.value or b""])
            yield from (value for _, value in record.headers)
