"""A log and a proof from somebody who means harm: a verdict in one line, whatever they hold."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from hub_verify.command import GOOD, WRONG, run
from hub_verify.leaf import read_leaf
from hub_verify.verdict import WrongError
from projections.tlog.build import Row
from tests.audit_logs import BUILD, OTHER, RECORDS, VKEY, Log, signed

HEAD = b'{"at":"x","body":{},"kind":"read","number":1,'


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (b"[" * 60_000, "no JSON"),
        (b'{"a":' * 10_000, "no JSON"),
        (HEAD + b'"v":1,"v":1}', "two readings"),
        (HEAD.replace(b"{}", b'{"who":"a","who":"b"}') + b'"v":1}', "two readings"),
        (HEAD + b'"v":' + b"1" * 5000 + b"}", "no JSON"),
        (b"\xff" * 65_535, "no JSON"),
        (b"", "no JSON"),
        (b"null", "not the fields"),
        (HEAD + b'"v":true}', "version True"),
        (HEAD + b'"v":1.0}', "version 1.0"),
        (HEAD.replace(b":1,", b":true,") + b'"v":1}', "another number"),
    ],
    ids=range(11),
)
def test_an_entry_that_is_no_leaf(tmp_path: Path, entry: bytes, why: str) -> None:
    """The log is truly signed and hashes well; what stands in it is none of ours."""
    with pytest.raises(WrongError, match=why):
        read_leaf(entry, 0)
    log = Log(tmp_path).grow(1, leaves=[entry])

    assert run(["log", str(log.root), "--key", VKEY]) == WRONG


def test_a_file_without_end_is_not_read_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Log(tmp_path).grow(1)
    os.truncate(log.root / "tile/entries/000.p/1", 1 << 40)  # no block of it is on the disk

    assert run(["log", str(log.root), "--key", VKEY]) == WRONG
    assert capsys.readouterr().out == "WRONG: tile/entries/000.p/1 is too long\n"


@pytest.mark.parametrize("name", ["\x1b[2J", "\u202e", "a\nGOOD: ", os.fsdecode(b"\xff\xfe")])
def test_a_name_does_nothing_to_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    log = Log(tmp_path).grow(1)
    (log.root / "tile" / name).write_bytes(b"")

    assert run(["log", str(log.root), "--key", VKEY]) == WRONG
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isprintable()
    assert line.startswith("WRONG: tile/")


def test_a_leaf_does_nothing_to_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = '{"what": "\\u001b[2J\\u009b1m\\u202e", "\\u001b[1m": 1}'
    log = Log(tmp_path / "log").grow(1, leaves=[BUILD(Row(1, "now", "read\x1b[2J", body))])
    (tmp_path / "proof").write_bytes(log.proof(0))

    assert run(["proof", str(tmp_path / "proof"), "--key", VKEY]) == GOOD
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("offset", ["-1", str(1 << 63), str(1 << 70)])
def test_an_offset_that_no_record_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], offset: str
) -> None:
    log = Log(tmp_path / "log").grow(7)
    (tmp_path / "proof").write_bytes(log.proof(6, min(RECORDS), with_value=False))
    (tmp_path / "record").write_bytes(RECORDS[min(RECORDS)])
    asked = ["proof", str(tmp_path / "proof"), "--key", VKEY]

    assert run([*asked, "--record", str(tmp_path / "record"), f"--offset={offset}"]) == WRONG
    assert capsys.readouterr().out == "WRONG: no record has that offset\n"


def test_a_key_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")

    assert run(["log", str(tmp_path), "--key", str(tmp_path / "key")]) == WRONG
    assert "no text" in capsys.readouterr().out


def test_a_checkpoint_of_the_future_or_of_another_root_is_a_fork(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signed by another key of that name it says nothing; by the key itself it is false."""
    log = Log(tmp_path).grow(3)
    for note, why in (
        (signed(3, sha256(b"x").digest(), OTHER), "not signed by the key"),
        (signed(3, sha256(b"x").digest()), "another root"),
        (signed(9, sha256(b"x").digest()), "missing"),
    ):
        (log.root / "checkpoint").write_bytes(note)
        assert run(["log", str(log.root), "--key", VKEY]) == WRONG
        assert why in capsys.readouterr().out
