"""Epochs as files: whole before they have a name, never written over, gone when destroyed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from projections.epochs import EpochFolder, EpochMissingError, OneEpoch
from schemas.errors import PermanentError
from tests.disks import full_disk


@pytest.fixture
def folder(tmp_path: Path) -> EpochFolder:
    return EpochFolder(tmp_path / "secrets" / "epochs")


def test_a_key_is_for_its_owner_alone_and_never_written_over(folder: EpochFolder) -> None:
    assert folder.create(3)
    key = folder.key(3)
    assert not folder.create(3)

    assert EpochFolder(folder.folder).key(3) == key
    assert len(key) == 32
    assert folder.path(3).stat().st_mode & 0o777 == 0o600
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    assert os.listdir(folder.folder) == ["3"]  # noqa: PTH208 - drafts, too


def test_a_crash_before_the_name_leaves_no_key(
    folder: EpochFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", dies)
        with pytest.raises(KeyboardInterrupt):
            folder.create(1)
    assert folder.numbers() == []
    assert folder.create(1)


def test_what_was_destroyed_is_overwritten_first(
    folder: EpochFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.create(1)
    before = folder.path(1).read_bytes()
    kept = folder.folder / "another name of the same bytes"
    os.link(folder.path(1), kept)

    folder.destroy(1)
    folder.destroy(1)  # twice is once

    assert len(kept.read_bytes()) == len(before)
    assert kept.read_bytes() != before
    with pytest.raises(EpochMissingError, match="epochs/1"):
        folder.key(1)


def test_an_old_key_gives_no_block_back_before_it_is_written_over(folder: EpochFolder) -> None:
    """Over where it lies: if the file were emptied first, the new bytes would lie elsewhere."""
    folder.create(1)
    before = folder.path(1).read_bytes()

    with full_disk(0), pytest.raises(OSError, match="File too large"):
        folder.destroy(1)

    assert folder.path(1).read_bytes() == before  # whole, for the next try to write over
    folder.destroy(1)
    assert not folder.path(1).exists()


def test_another_process_forgets_what_was_destroyed(folder: EpochFolder) -> None:
    folder.create(1)
    other = EpochFolder(folder.folder)
    other.key(1)
    folder.destroy(1)

    other.key(1)  # still in memory
    other.forget()

    with pytest.raises(EpochMissingError):
        other.key(1)


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "not hex"])
def test_a_file_that_is_no_key_is_refused(folder: EpochFolder, text: str) -> None:
    folder.make()
    folder.path(1).write_text(text)

    with pytest.raises(PermanentError, match=r"holds|cannot be read"):
        folder.key(1)


def test_the_key_of_before_epochs_becomes_the_first(folder: EpochFolder) -> None:
    old = folder.folder.parent / "wrapping_key"
    old.parent.mkdir(parents=True)
    old.write_text("ab" * 32)

    assert folder.adopt(old)
    assert not folder.adopt(old)

    assert folder.key(0) == bytes.fromhex("ab" * 32)
    assert not old.exists()


def test_one_epoch_knows_no_other() -> None:
    assert OneEpoch(b"w" * 32).key(0) == b"w" * 32
    with pytest.raises(EpochMissingError):
        OneEpoch(b"w" * 32).key(1)
