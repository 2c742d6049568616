"""The drop folder on disk: what lies in the inbox, refusals beside it, moves to done.

Files are another party's: names are plain, nothing but regular files is opened, links are not
followed. Nothing here decides what is applied.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from connectors.tax.cursor import Applied
from connectors.tax.manifest import (
    MAX_MANIFEST_BYTES,
    SUFFIX,
    Manifest,
    RefusedError,
    parse_manifest,
)

log = logging.getLogger(__name__)

_REFUSED: Final = ".refused.json"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """A pair that lies in the inbox, with the marks by which a change is seen."""

    path: Path  # of the manifest
    mark: str
    file_mark: str | None  # None: not there
    manifest: Manifest


class Inbox:
    """``<drop>/inbox`` and ``<drop>/done``."""

    def __init__(self, drop: Path) -> None:
        self.path = drop / "inbox"
        self._done = drop / "done"
        self._drop = drop

    def deliveries(self) -> list[Delivery]:
        """Return what is to be looked at, by manifest number; a refusal still in force is not.

        A manifest that cannot be read is refused here.
        """
        found = []
        for path in sorted(self.path.glob(f"[!.]*{SUFFIX}")):  # a dot: not whole yet
            try:
                delivery = self._delivery(path)
            except FileNotFoundError:
                continue  # moved away meanwhile
            if delivery is not None:
                found.append(delivery)
        return sorted(found, key=lambda d: (d.manifest.number, d.path.name))

    def _delivery(self, path: Path) -> Delivery | None:
        mark = _mark(path)
        try:
            manifest = parse_manifest(_read(path))
        except _NotRegularError:
            refused = RefusedError("manifest", "not a regular file")
        except RefusedError as error:
            refused = error
        else:
            file_mark = self.mark_of(manifest.file)
            delivery = Delivery(path, mark, file_mark, manifest)
            return None if _is_refused(path, mark, file_mark) else delivery
        if not _is_refused(path, mark, None):
            self.refuse(path, mark, None, refused)
        return None

    def copy(self, manifest: Manifest, limit: int) -> IO[bytes]:
        """Return a private copy of the data file: unnamed, gone with the process.

        This is the claim: what is checked and published is this copy, so that nobody can replace
        the file under our hands.

        Raises:
            RefusedError: ``file_missing``, ``too_large`` or ``hash``.
        """
        copy: IO[bytes] = tempfile.TemporaryFile(dir=self._drop)  # noqa: SIM115 - handed on
        digest = hashlib.sha256()
        try:
            with _open(self.path / manifest.file) as file:
                for block in _blocks(file):
                    digest.update(block)
                    copy.write(block)
                    if copy.tell() > limit:
                        raise RefusedError("too_large", f"over {limit} bytes as delivered")
            if digest.hexdigest() != manifest.sha256:
                raise RefusedError("hash")
        except OSError as error:
            copy.close()
            if isinstance(error, FileNotFoundError | _NotRegularError):
                raise RefusedError("file_missing") from error
            raise
        except RefusedError:
            copy.close()
            raise
        return copy

    def refuse(self, path: Path, mark: str, file_mark: str | None, error: RefusedError) -> None:
        """Write down beside the manifest why it is refused; whole or not at all."""
        note = {
            "reason": error.reason,
            "text": str(error),
            "manifest_mark": mark,
            "file_mark": file_mark,
        }
        target = _note(path)
        part = target.with_name(f".{target.name}.part")
        with part.open("w", encoding="utf-8") as out:
            json.dump(note, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
        log.warning("tax_file_refused", extra={"file": path.name, "reason": error.reason})

    def holds(self, pair: Applied) -> bool:
        """Return whether the applied pair is still here: unchanged, or half moved."""
        return self.mark_of(pair.manifest) == pair.mark and self.mark_of(pair.file) in {
            None,
            pair.file_mark,
        }

    def move(self, pair: Applied) -> None:
        """Move an applied pair to done; what is no longer the same stays. Idempotent.

        The data file goes first: a crash in between leaves a manifest that still names the pair.
        """
        if not self.holds(pair):
            return
        self._done.mkdir(exist_ok=True)
        source = self.path / pair.file
        if source.exists():
            target = self._free(pair.file, ".csv")
            inode, digest = _sha256(source)
            source.rename(target)
            if digest != pair.sha256 or target.lstat().st_ino != inode:
                target.rename(source)  # another file came here just now; it is yet to be read
                return
        path = self.path / pair.manifest
        path.rename(self._free(pair.manifest, SUFFIX))
        _note(path).unlink(missing_ok=True)

    def mark_of(self, name: str) -> str | None:
        """Return the mark of a file in the inbox, None if it is not there."""
        try:
            return _mark(self.path / name)
        except FileNotFoundError:
            return None

    def _free(self, name: str, before: str) -> Path:
        """Return a path in done that nothing has; an archive is never written over."""
        target = self._done / name
        stem, dot, rest = name.rpartition(before)
        count = 1
        while target.exists():
            count += 1
            target = self._done / f"{stem}.{count}{dot}{rest}"
        return target


class _NotRegularError(OSError):
    """A link, a pipe, a folder: nothing that a delivery may be."""


def _note(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(SUFFIX) + _REFUSED)


def _is_refused(path: Path, mark: str, file_mark: str | None) -> bool:
    """Return whether a refusal was written and neither file has changed since."""
    try:
        note = json.loads(_note(path).read_text("utf-8"))
        return bool(note["manifest_mark"] == mark and note["file_mark"] == file_mark)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _mark(path: Path) -> str:
    seen = path.lstat()
    return f"{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}"


def _open(path: Path) -> IO[bytes]:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise _NotRegularError(str(path.name))
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    return os.fdopen(handle, "rb")


def _read(path: Path) -> bytes:
    with _open(path) as file:
        return file.read(MAX_MANIFEST_BYTES + 1)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _sha256(path: Path) -> tuple[int, str]:
    """Return the inode of the file that was read, and its hash."""
    digest = hashlib.sha256()
    with _open(path) as file:
        for block in _blocks(file):
            digest.update(block)
        return os.fstat(file.fileno()).st_ino, digest.hexdigest()
