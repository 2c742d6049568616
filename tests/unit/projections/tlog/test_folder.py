"""Files of the log are written once, whole, and never with other bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from projections.tlog.folder import Folder, TileConflictError
from schemas.errors import PermanentError


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with closing(Folder(tmp_path)) as made:
        yield made


def test_the_same_bytes_are_left_as_they_are(folder: Folder) -> None:
    folder.write([("tile/0/000", b"one")])
    before = (folder.root / "tile/0/000").stat()
    folder.write([("tile/0/000", b"one")])

    assert (folder.root / "tile/0/000").stat().st_ino == before.st_ino


def test_other_bytes_are_refused(folder: Folder) -> None:
    folder.write([("tile/0/000", b"one")])
    with pytest.raises(TileConflictError, match="tile/0/000"):
        folder.write([("tile/0/000", b"two"), ("tile/0/001", b"two")])

    assert (folder.root / "tile/0/000").read_bytes() == b"one"


def test_one_process_holds_it(folder: Folder) -> None:
    with pytest.raises(PermanentError, match="another integrator"):
        Folder(folder.root)


def test_what_a_crash_left_is_cleared_away(folder: Folder) -> None:
    folder.write([("tile/0/000.p/7", b"a"), ("tile/0/000", b"ab"), ("tile/0/001.p/7", b"a")])
    (folder.root / "tile/0/002.draft").write_bytes(b"half")
    (folder.root / "checkpoint.draft").write_bytes(b"half")
    folder.close()

    with closing(Folder(folder.root)):
        found = {each.relative_to(folder.root).as_posix() for each in folder.root.rglob("*")}
    assert found == {
        ".lock",
        "tile",
        "tile/0",
        "tile/0/000",
        "tile/0/001.p",
        "tile/0/001.p/7",
    }


def test_partial_tiles_go_when_the_full_one_is_there(folder: Folder) -> None:
    folder.write([("tile/0/000.p/7", b"a"), ("tile/0/000", b"ab")])
    folder.remove_partials(["tile/0/000", "tile/0/999"])
    folder.sync()

    assert not (folder.root / "tile/0/000.p").exists()
    folder.write([("tile/0/000.p/8", b"a")])  # the folder is made again
    assert (folder.root / "tile/0/000.p/8").exists()


def test_nothing_has_its_name_before_it_is_durable(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync of a file comes before its name; fsync of the folder after, at ``sync``."""
    seen: list[str] = []
    folder.write([("tile/0/000", b"one")])

    def fsync(handle: int) -> None:
        seen.append(Path(f"/proc/self/fd/{handle}").readlink().name)

    monkeypatch.setattr(os, "fsync", fsync)
    folder.write([("tile/0/001", b"two")])
    assert seen == ["001.draft"]
    folder.sync()
    assert seen == ["001.draft", "0"]
    folder.publish(b"note")
    assert seen == ["001.draft", "0", "checkpoint.draft", folder.root.name]


def test_a_disk_that_fails_leaves_no_name(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        folder.write([("tile/0/000", b"one")])
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(OSError, match="Input/output"):
            folder.write([("tile/0/001", b"two")])
        with pytest.raises(OSError, match="Input/output"):
            folder.publish(b"note")

    assert not (folder.root / "tile/0/001").exists()
    assert folder.checkpoint() is None
    folder.write([("tile/0/001", b"two")])
    folder.publish(b"note")
    assert folder.checkpoint() == b"note"
