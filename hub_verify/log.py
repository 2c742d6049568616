"""Check a whole log: every entry, every tile, every checkpoint that is kept. Reads only.

The tree is built again from the entries alone; tiles and checkpoints must say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub_verify.folder import (
    ENTRIES,
    WIDTH,
    files,
    named,
    place,
    read,
    split_entries,
    split_hashes,
)
from hub_verify.leaf import read_leaf
from hub_verify.note import Checkpoint, Key, open_checkpoint
from hub_verify.tree import Growing, leaf_hash, root_of
from hub_verify.verdict import WrongError

CHECKPOINT = "checkpoint"
KEPT = "checkpoints"


@dataclass
class Found:
    """What was checked."""

    checkpoint: Checkpoint
    kept: int = 0  # earlier checkpoints, all of the same log
    beyond: list[str] = field(default_factory=list)  # files that the checkpoint does not speak of


def check_log(
    folder: Path,
    key: Key,
    old: Mapping[str, bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """Check a folder that holds a whole log.

    Args:
        folder: the log, as downloaded.
        key: the log's.
        old: checkpoints seen earlier, by what to call them.
        progress: told how many leaves were checked, of how many.

    Raises:
        WrongError: something does not verify; the first that was found.
    """
    note = read(folder, CHECKPOINT)
    if note is None:
        raise WrongError("there is no checkpoint in the folder")
    checkpoint = open_checkpoint(note, key)
    earlier = _earlier(folder, key, checkpoint, old or {})
    hashes = _check_entries(folder, checkpoint.size, earlier, progress)
    _check_root("the checkpoint", checkpoint, hashes.tree)
    known = {ENTRIES: hashes.names} | _check_levels(folder, checkpoint.size, hashes.bundles)
    beyond = _check_others(folder, checkpoint.size, known)
    return Found(checkpoint, sum(map(len, earlier.values())), beyond)


Names = set[str]


@dataclass
class _Entries:
    """What the entries give."""

    tree: Growing = field(default_factory=Growing)
    bundles: list[bytes] = field(default_factory=list)  # level 0: all hashes of a tile
    names: Names = field(default_factory=set)


def _earlier(
    folder: Path, key: Key, newest: Checkpoint, old: Mapping[str, bytes]
) -> dict[int, list[tuple[str, Checkpoint]]]:
    """Return earlier checkpoints by size, each signed and none larger than the newest."""
    notes = dict(old)
    for path in sorted((folder / KEPT).glob("*/*")):
        name = path.relative_to(folder).as_posix()
        notes[name] = read(folder, name) or b""
    found: dict[int, list[tuple[str, Checkpoint]]] = {}
    for name, note in notes.items():
        try:
            one = open_checkpoint(note, key)
        except WrongError as error:
            raise WrongError(f"{name}: {error}") from None
        if name not in old and Path(name).name != str(one.size):
            raise WrongError(f"{name}: it is of another size")
        if one.size > newest.size:
            raise WrongError(f"rollback: {name} has {one.size} leaves, the log {newest.size}")
        found.setdefault(one.size, []).append((name, one))
    return found


def _check_entries(
    folder: Path,
    size: int,
    earlier: Mapping[int, Sequence[tuple[str, Checkpoint]]],
    progress: Callable[[int, int], None] | None,
) -> _Entries:
    found = _Entries()
    for name, one in earlier.get(0, ()):
        _check_root(name, one, found.tree)
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        name, content = _of(folder, ENTRIES, index, width)
        entries = split_entries(content, name)
        if len(entries) != named_width(name):
            raise WrongError(f"{name} has {len(entries)} entries")
        found.names.add(name)
        hashes = []
        for entry in entries[:width]:
            read_leaf(entry, found.tree.size)
            hashes.append(leaf_hash(entry))
            found.tree.add(hashes[-1])
            for other, one in earlier.get(found.tree.size, ()):
                _check_root(other, one, found.tree)
        found.bundles.append(b"".join(hashes))
        if progress is not None:
            progress(found.tree.size, size)
    return found


def _check_root(name: str, checkpoint: Checkpoint, tree: Growing) -> None:
    if tree.root() != checkpoint.root:
        raise WrongError(f"{name} has another root than its {checkpoint.size} leaves give")


def _check_levels(folder: Path, size: int, tiles: list[bytes]) -> dict[str, Names]:
    """Compare the tiles of every level with what the level below gives."""
    known: dict[str, Names] = {}
    level = 0
    while tiles:
        names = known.setdefault(str(level), set())
        above = []
        for index, wanted in enumerate(tiles):
            width = min(WIDTH, (size >> 8 * level) - index * WIDTH)
            name, content = _of(folder, level, index, width)
            names.add(name)
            hashes = split_hashes(content, name)
            if len(hashes) != named_width(name) or content[: len(wanted)] != wanted:
                raise WrongError(f"{name} has other hashes than the entries give")
            if width == WIDTH:
                above.append(root_of(hashes))
        tiles = [b"".join(above[at : at + WIDTH]) for at in range(0, len(above), WIDTH)]
        level += 1
    return known


def _check_others(folder: Path, size: int, known: Mapping[str, Names]) -> list[str]:
    """Judge the other files: older partial tiles must agree, none may have a name that none has."""
    beyond = []
    for name in files(folder):
        parts = named(name)
        if parts is None:
            raise WrongError(f"{name} is no file of a log")
        level, index, width = parts
        if name in known.get(level, ()):
            continue
        height = 0 if level == ENTRIES else int(level)
        end = size >> 8 * height
        if index * WIDTH + width > end:
            beyond.append(name)
            continue
        whole, content = _of(folder, level, index, min(WIDTH, end - index * WIDTH))
        part = read(folder, name) or b""
        split = split_entries if level == ENTRIES else split_hashes
        if split(part, name) != split(content, whole)[:width]:
            raise WrongError(f"{name} differs from {whole}")
    return beyond


def _of(folder: Path, level: int | str, index: int, width: int) -> tuple[str, bytes]:
    """Return name and content of a file; a partial one may be full by now."""
    for name in (place(level, index, width), place(level, index)):
        content = read(folder, name)
        if content is not None:
            return name, content
    raise WrongError(f"{place(level, index, width)} is missing")


def named_width(name: str) -> int:
    """Return how many items a file must have by its name."""
    parts = named(name)
    assert parts is not None, "made by place"
    return parts[2]
