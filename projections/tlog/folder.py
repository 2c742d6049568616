"""The log's folder: files that are written once, and the checkpoint, which is replaced.

A file has its name only when it is whole and durable: written beside, fsync, renamed, the folder's
fsync. What has its name is never written again: the same bytes are left as they are, other bytes
are refused, since somebody may have seen the first. One process at a time writes (a lock that ends
with it).

A crash before the rename leaves a draft, which the next start removes; after it, a tile that no
checkpoint speaks of yet, and that is found to be the same when it is made again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from projections.folders import sync_folder
from projections.tlog.layout import CHECKPOINT
from schemas.errors import PermanentError

_DRAFT: Final = ".draft"
_LOCK: Final = ".lock"
_PARTIAL: Final = ".p"
_WRITERS: Final = 8  # to wait for the disk, not to compute


class TileConflictError(PermanentError):
    """A tile would have other bytes than those that are published."""


class Folder:
    """Where the log is kept, held by this process."""

    def __init__(self, root: Path) -> None:
        """Take the folder, and clear away what a crash left.

        Raises:
            PermanentError: another process holds it.
            OSError: it cannot be made or read.
        """
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self._lock: IO[bytes] = (root / _LOCK).open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise PermanentError("another integrator writes into the log's folder") from None
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="tiles")
        self._made: set[Path] = set()  # folders that are durable
        self._unsynced: set[Path] = set()  # folders with new names in them
        self._clear()

    def close(self) -> None:
        """Let go of the folder."""
        self._writers.shutdown()
        self._lock.close()

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files once; on return what is in each is durable, its name after ``sync``.

        Raises:
            TileConflictError: one exists with other bytes; others may have been written.
            OSError: the disk is full or broken; others may have been written.
        """
        waiting = []
        for name, content in files:
            path = self.root / name
            self._make(path.parent)
            self._unsynced.add(path.parent)
            waiting.append(self._writers.submit(_write_once, path, name, content))
        faults = [fault for each in waiting if (fault := each.exception()) is not None]
        for fault in sorted(faults, key=lambda one: isinstance(one, OSError)):
            raise fault

    def sync(self) -> None:
        """Make the names of all files written durable."""
        while self._unsynced:
            folder = next(iter(self._unsynced))
            sync_folder(folder)
            self._unsynced.discard(folder)

    def publish(self, note: bytes) -> None:
        """Replace the checkpoint; durable on return. Whatever it speaks of must be durable."""
        path = self.root / CHECKPOINT
        _write(path, note)
        sync_folder(path.parent)

    def checkpoint(self) -> bytes | None:
        """Return the checkpoint; None if none was ever published."""
        return read(self.root, CHECKPOINT)

    def remove_partials(self, full: Iterable[str]) -> None:
        """Remove the partial files of tiles that are full; a crash leaves them for ``_clear``."""
        for name in full:
            folder = self.root / f"{name}{_PARTIAL}"
            if folder.is_dir():
                _remove(folder)
                self._made.discard(folder)
                self._unsynced.discard(folder)

    def _make(self, folder: Path) -> None:
        """Make a folder durable, with those above it."""
        if folder in self._made or folder == self.root:
            return
        self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
        self._made.add(folder)

    def _clear(self) -> None:
        """Remove drafts, and partial tiles whose full tile is there."""
        for place, folders, names in os.walk(self.root):
            for name in names:
                if name.endswith(_DRAFT):
                    Path(place, name).unlink()
            for name in folders:
                if name.endswith(_PARTIAL) and Path(place, name.removesuffix(_PARTIAL)).is_file():
                    _remove(Path(place, name))


def read(root: Path, name: str) -> bytes | None:
    """Return what is in a file of the log; None if there is none."""
    try:
        return (root / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write_once(path: Path, name: str, content: bytes) -> None:
    try:
        there = path.read_bytes()
    except FileNotFoundError:
        _write(path, content)
        return
    if there != content:
        raise TileConflictError(
            f"{name} of the audit log is published with other bytes than the table gives now; "
            "`hub audit verify` says which leaf differs; nothing was overwritten"
        )


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + _DRAFT)
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
