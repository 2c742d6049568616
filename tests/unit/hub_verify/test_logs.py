"""Whole logs and proofs of consistency, at many sizes; and what may lie beside them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from hub_verify.command import GOOD, UNTRIED, WRONG, run
from hub_verify.consistency import check_by_tiles
from hub_verify.folder import named, place
from hub_verify.log import check_log
from hub_verify.note import Checkpoint, Key, open_checkpoint
from hub_verify.tree import EMPTY, check_consistency
from hub_verify.verdict import WrongError
from projections.tlog import layout
from tests.audit_logs import OTHER, VKEY, Log, leaf, signed, write

KEY = Key.parse(VKEY)
SIZES = (1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 777)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log")).grow(0, *SIZES)


def test_every_checkpoint_on_the_way_is_of_the_log(log: Log) -> None:
    found = check_log(log.root, KEY)

    assert (found.checkpoint.size, found.kept, found.beyond) == (777, len(SIZES) + 1, [])


def test_any_two_checkpoints_are_consistent_by_the_tiles(log: Log) -> None:
    notes = [open_checkpoint(note, KEY) for _, note in sorted(log.notes.items())]
    for old in notes:
        for new in notes:
            if old.size <= new.size:
                check_by_tiles(log.root, old, new)
            else:
                with pytest.raises(WrongError, match="rollback"):
                    check_by_tiles(log.root, old, new)


def test_a_checkpoint_of_another_log_is_a_fork(log: Log, tmp_path: Path) -> None:
    leaves = [leaf(n, "forked" if n == 5 else "") for n in range(1, 778)]
    fork = Log(tmp_path).grow(*SIZES, leaves=leaves)
    for size in SIZES:
        old = open_checkpoint(fork.notes[size], KEY)
        new = open_checkpoint(log.notes[777], KEY)
        if size < 5:
            check_by_tiles(log.root, old, new)
        else:
            with pytest.raises(WrongError, match="fork"):
                check_by_tiles(log.root, old, new)


@pytest.mark.parametrize("old", SIZES)
def test_a_proof_of_consistency_is_neither_longer_nor_shorter(log: Log, old: int) -> None:
    proof = log.tiles.consistency(old)
    trees = [(n, log_root(log, n)) for n in (old, 777)]

    check_consistency(trees[0], trees[1], proof)
    if old == 777:
        return
    for wrong in (proof[:-1], [*proof, EMPTY], proof[1:], [EMPTY, *proof], [EMPTY, *proof[1:]]):
        with pytest.raises(WrongError):
            check_consistency(trees[0], trees[1], wrong)


def log_root(log: Log, size: int) -> bytes:
    return open_checkpoint(log.notes[size], KEY).root


def test_two_roots_for_one_size_are_a_fork() -> None:
    with pytest.raises(WrongError, match="two roots for 3"):
        check_consistency((3, bytes(32)), (3, EMPTY), [])


def test_nothing_is_consistent_with_everything() -> None:
    check_consistency((0, EMPTY), (9, bytes(32)), [])


def test_tiles_that_the_checkpoint_does_not_speak_of_are_counted(log: Log, tmp_path: Path) -> None:
    later = ("checkpoints/2026-11-22/777", "checkpoints/2026-11-22/513")
    files = {n: c for n, c in log.files().items() if n not in later}

    found = check_log(write(tmp_path, files | {"checkpoint": log.notes[512]}), KEY)

    assert found.checkpoint.size == 512
    assert found.beyond == [
        "tile/0/002",
        "tile/0/002.p/1",
        "tile/0/003.p/9",
        "tile/1/000.p/3",
        "tile/entries/002",
        "tile/entries/002.p/1",
        "tile/entries/003.p/9",
    ]


def test_a_full_tile_does_for_a_partial_one(log: Log, tmp_path: Path) -> None:
    """The log moved on while it was downloaded."""
    files = {n: c for n, c in log.files().items() if ".p/" not in n and "checkpoints" not in n}
    keep = {n: c for n, c in log.files().items() if n.startswith(("tile/1/", "tile/0/001"))}
    files |= keep | {"checkpoint": log.notes[511]}

    assert check_log(write(tmp_path, files), KEY).checkpoint.size == 511


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/1",
        "tile/00/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/x000/001",
        "tile/0/000/",
        "tile/0/\u0660\u0660\u0660",
        "tile/a/000",
        "tile/100/000",
    ],
)
def test_what_no_file_of_a_log_is_called(name: str) -> None:
    assert named(name) is None


def test_names_lead_back_to_places() -> None:
    for level, index, width in ((0, 0, 256), (3, 1234067, 256), ("entries", 999_999, 1)):
        assert place(level, index, width) == layout.place(level, index, width)
        assert named(place(level, index, width)) == (str(level), index, width)


def test_a_leaf_at_another_place_is_noticed_even_if_it_is_signed(tmp_path: Path) -> None:
    """A log that hashes well and says something else than its place."""
    log = Log(tmp_path).grow(2, leaves=[leaf(1), leaf(3)])

    with pytest.raises(WrongError, match="leaf 1 has another number"):
        check_log(log.root, KEY)


def test_an_empty_log(tmp_path: Path) -> None:
    assert check_log(Log(tmp_path).grow(0).root, KEY).checkpoint == Checkpoint(0, EMPTY)


def test_the_command_says_it_in_words_and_as_exit_code(
    log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, old, fork = tmp_path / "key", tmp_path / "old", tmp_path / "fork"
    key.write_text(VKEY + "\n")
    old.write_bytes(log.notes[513])
    fork.write_bytes(signed(513, sha256(b"fork").digest()))
    new = log.root / "checkpoint"
    asked = [
        (["log", log.root, "--key", key], GOOD),
        (["log", log.root, "--key", VKEY, "--old", old], GOOD),
        (["log", log.root, "--key", VKEY, "--old", fork], WRONG),
        (["log", log.root, "--key", OTHER.verifier_key], WRONG),
        (["log", tmp_path / "nowhere", "--key", VKEY], UNTRIED),
        (["log", log.root, "--key", tmp_path / "nowhere"], UNTRIED),
        (["log", log.root, "--key", "no+key"], WRONG),
        (["consistency", old, new, "--log", log.root, "--key", key], GOOD),
        (["consistency", new, old, "--log", log.root, "--key", key], WRONG),
        (["consistency", fork, new, "--log", log.root, "--key", key], WRONG),
    ]
    for arguments, code in asked:
        assert run([str(one) for one in arguments]) == code, arguments
    said = capsys.readouterr().out
    assert "GOOD: the log hub.test/audit grew from 513 to 777 leaves" in said
    assert "WRONG: rollback: 513 leaves after 777" in said
