"""Copy the log: first what a checkpoint speaks of, then the checkpoint.

A crash leaves a copy without its newest checkpoint, or with an older one: what that one speaks of
is whole. Copied again, only what is missing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from projections.tlog.folder import read
from projections.tlog.integrator import KEPT
from projections.tlog.layout import CHECKPOINT, ENTRIES, WIDTH, place
from projections.tlog.note import Signer
from schemas.errors import HubError

Progress = Callable[[int, int], None]


def names(size: int) -> Iterator[str]:
    """Give the files that a checkpoint of this size speaks of."""
    yield from (_name(ENTRIES, index, size) for index in range(-(-size // WIDTH)))
    level = 0
    while size:
        yield from (_name(level, index, size) for index in range(-(-size // WIDTH)))
        size, level = size // WIDTH, level + 1


def export_to(source: Path, target: Path, signer: Signer, progress: Progress) -> int:
    """Copy the log; return its size.

    Raises:
        HubError: there is no log, it lacks a file, or the target holds another log.
    """
    note = read(source, CHECKPOINT)
    if note is None:
        raise HubError("nothing was published yet; see `hub audit status`")
    try:
        size = signer.read(note).size
    except ValueError as error:
        raise HubError(f"the checkpoint: {error}") from None
    wanted = list(names(size))
    for number, name in enumerate(wanted, 1):
        _copy(source, target, name)
        progress(number, len(wanted))
    for path in sorted((source / KEPT).glob("*/*")):
        if int(path.name) <= size:
            _write(target, path.relative_to(source).as_posix(), path.read_bytes())
    _write(target, CHECKPOINT, note)
    return size


def _copy(source: Path, target: Path, name: str) -> None:
    content = read(source, name)
    if content is None and ".p/" in name:  # it is full by now; so be it in the copy
        name = name.partition(".p/")[0]
        content = read(source, name)
    if content is None:
        raise HubError(f"the log lacks {name}; run `hub audit verify`")
    there = read(target, name)
    if there is not None and there != content:
        raise HubError(f"{target} holds another log: {name} differs")
    _write(target, name, content)


def _write(target: Path, name: str, content: bytes) -> None:
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)


def _name(level: int | str, index: int, size: int) -> str:
    return place(level, index, min(WIDTH, size - index * WIDTH))
