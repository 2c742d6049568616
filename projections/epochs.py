"""The keys under which the key store wraps: one file an epoch, outside every database.

A file is named by its epoch's number and holds 32 bytes as hex. It is whole and durable before it
has its name, and it is never written again but to be destroyed: overwritten, made durable, removed,
its folder made durable. What was wrapped under a destroyed epoch opens nowhere any more: not from
old pages of the database, not from its write-ahead log, not from a backup.

A file system may keep what was overwritten (copy on write, wear levelling): put the folder where
that is not so, or keep epochs in a device made for keys; ``Epochs`` is all that the store asks.
"""

from __future__ import annotations

import contextlib
import os
import secrets as random_bytes
from pathlib import Path
from typing import Final, Protocol

from projections.folders import sync_folder
from schemas.errors import PermanentError

KEY_BYTES: Final = 32
FIRST: Final = 0


class EpochMissingError(PermanentError):
    """There is no key of this epoch: it was destroyed, or its file is lost."""


class Epochs(Protocol):
    """Where the store gets its wrapping keys."""

    def key(self, number: int) -> bytes:
        """Return the key of an epoch.

        Raises:
            EpochMissingError: there is none (any more).
        """
        ...

    def forget(self) -> None:
        """Remember no key: one that was destroyed meanwhile is not known here either."""
        ...


class OneEpoch:
    """The first epoch alone, its key given."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def key(self, number: int) -> bytes:
        if number != FIRST:
            raise _missing(number)
        return self._key

    def forget(self) -> None:
        """Keep the key: there is nowhere to read it again."""


class EpochFolder:
    """Epochs as files. Safe to share between threads; each process has its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[int, bytes] = {}

    def key(self, number: int) -> bytes:
        known = self._known.get(number)
        if known is not None:
            return known
        path = self.path(number)
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii"))
        except FileNotFoundError:
            raise _missing(number) from None
        except (OSError, ValueError) as error:
            raise PermanentError(f"{path}: cannot be read ({type(error).__name__})") from error
        if len(key) != KEY_BYTES:
            raise PermanentError(f"{path}: holds {len(key)} bytes, not {KEY_BYTES}")
        self._known[number] = key
        return key

    def forget(self) -> None:
        self._known = {}

    def path(self, number: int) -> Path:
        """Return where an epoch's key stands."""
        return self.folder / str(number)

    def numbers(self) -> list[int]:
        """Return the epochs that have a file, in order."""
        if not self.folder.is_dir():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal())

    def create(self, number: int) -> bool:
        """Write a new random key, durable on return; return False if the epoch has one already."""
        self.make()
        draft = self.folder / f".{number}.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(random_bytes.token_hex(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, self.path(number))  # never over one that exists
        except FileExistsError:
            return False
        finally:
            draft.unlink()
            sync_folder(self.folder)
        return True

    def adopt(self, path: Path) -> bool:
        """Make a key file of before epochs the first epoch's; False if there is no such file."""
        self.make()
        with contextlib.suppress(FileNotFoundError):
            path.rename(self.path(FIRST))
            sync_folder(self.folder)
            sync_folder(path.parent)
            return True
        return False

    def destroy(self, number: int) -> None:
        """Overwrite and remove an epoch's key; idempotent. A crash in between: call again."""
        self._known.pop(number, None)
        path = self.path(number)
        try:
            handle = os.open(path, os.O_WRONLY)
        except FileNotFoundError:
            sync_folder(self.folder)
            return
        with os.fdopen(handle, "wb") as file:
            file.write(random_bytes.token_hex(KEY_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync_folder(self.folder)

    def make(self) -> None:
        """Make the folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)


def _missing(number: int) -> EpochMissingError:
    return EpochMissingError(
        f"there is no key of epoch {number}: it was destroyed, or secrets/epochs/{number} is lost "
        "and must be restored"
    )
