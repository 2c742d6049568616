"""The list of archives, and what is done when one is not as listed."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from ops.stack import artifacts
from ops.stack.artifacts import Artifact
from schemas.errors import PermanentError, TransientError

CONTENT = b"an archive"
PIN = Artifact(hashlib.sha256(CONTENT).hexdigest(), "g", "a", "1", "jar")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the network would give for the one archive that is listed."""
    source = tmp_path / "remote"
    source.write_bytes(CONTENT)

    class Remote:
        def __init__(self, folder: Path) -> None:
            self.folder = folder

        def project(self, *_: str) -> Remote:
            return self

        at_version = artifact = project

        def resolve(self) -> Path:
            return Path(shutil.copy(source, self.folder / "copy"))

    monkeypatch.setattr(artifacts, "_context", Remote)
    monkeypatch.setattr(artifacts, "pinned", lambda: [PIN])
    return source


def test_the_committed_list_pins_every_archive_and_names_no_host() -> None:
    text = artifacts.LIST.read_text()
    pins = artifacts.pinned()

    assert len(pins) > 90
    assert all(re.fullmatch("[0-9a-f]{64}", pin.sha256) for pin in pins)
    assert len({pin.file_name for pin in pins}) == len(pins)
    assert "http" not in text.replace("jetty-http", "")
    assert [pin.line() for pin in pins] == [
        line for line in text.splitlines() if not line.startswith("#")
    ]


def test_a_full_cache_needs_no_network(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert artifacts.fetch(tmp_path / "cache", verify=False) == 1
    monkeypatch.setattr(artifacts, "_context", lambda _: pytest.fail("asked the network"))

    assert artifacts.fetch(tmp_path / "cache", verify=True) == 0


def test_a_damaged_archive_is_fetched_again(served: Path, tmp_path: Path) -> None:
    artifacts.fetch(tmp_path / "cache", verify=False)
    (tmp_path / "cache" / PIN.file_name).write_bytes(b"an archive, cut")

    assert artifacts.damaged(tmp_path / "cache", [PIN]) == [PIN]
    assert artifacts.fetch(tmp_path / "cache", verify=True) == 1
    assert (tmp_path / "cache" / PIN.file_name).read_bytes() == CONTENT


def test_an_archive_with_another_hash_is_refused_and_not_kept(served: Path, tmp_path: Path) -> None:
    served.write_bytes(b"something else")

    with pytest.raises(PermanentError, match="is not the file"):
        artifacts.fetch(tmp_path / "cache", verify=False)

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_silent_network_is_told_as_transient(served: Path, tmp_path: Path) -> None:
    served.unlink()

    with pytest.raises(TransientError, match="what was fetched is kept"):
        artifacts.fetch(tmp_path / "cache", verify=False)


def test_a_half_unpacked_program_is_never_used(tmp_path: Path) -> None:
    archive, broken = tmp_path / "a.tar.gz", tmp_path / "b.tar.gz"
    (tmp_path / "file").write_bytes(b"x" * 200_000)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "file", "file")
    broken.write_bytes(archive.read_bytes()[:-20])

    with pytest.raises((EOFError, tarfile.TarError)):
        artifacts.unpack(broken, tmp_path / "program")

    assert not (tmp_path / "program").exists()
    assert (artifacts.unpack(archive, tmp_path / "program") / "file").exists()
