"""The Go program and hub-verify come to the same verdict, on what is good and on mutants."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from random import Random

import pytest

from hub_verify.log import check_log
from hub_verify.note import Key
from hub_verify.proof import check_proof
from tests.audit_logs import OTHER, RECORDS, SIGNER, VKEY, Log, leaf, signed, write
from tests.audit_mutants import log_mutants
from tests.audit_proof_mutants import proof_mutants
from tests.outsiders import Outsider

KEY = Key.parse(VKEY)
SIZES = (1, 20, 256, 260, 300)
SEED = 5


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log")).grow(*SIZES)


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Log:
    leaves = [leaf(n, "forked" if n == 258 else "") for n in range(1, SIZES[-1] + 1)]
    return Log(tmp_path_factory.mktemp("fork")).grow(*SIZES, leaves=leaves)


def test_both_accept_what_is_good(log: Log, outsider: Outsider, tmp_path: Path) -> None:
    check_log(log.root, KEY)
    assert outsider.log(VKEY, log.root) == ""
    proofs = [log.proof(index) for index in (0, 1, 19, 255, 256, 299)]
    for offset in RECORDS:
        proofs += [log.proof(6, offset), log.proof(6, offset, with_value=False)]
    questions = []
    for number, proof in enumerate(proofs):
        check_proof(proof, KEY)
        questions.append(("proof", VKEY, write(tmp_path, {str(number): proof}) / str(number)))
    assert outsider.ask(questions) == [""] * len(proofs)


def test_both_find_any_two_checkpoints_consistent(
    log: Log, fork: Log, outsider: Outsider, tmp_path: Path
) -> None:
    def file(which: Log, name: str, size: int) -> Path:
        return write(tmp_path, {f"{name}{size}": which.notes[size]}) / f"{name}{size}"

    pairs = [(old, new) for old in SIZES for new in SIZES]
    questions = [
        ("consistency", VKEY, log.root, file(which, name, old), file(log, "log", new))
        for which, name in ((log, "log"), (fork, "fork"))
        for old, new in pairs
    ]
    answers = outsider.ask(questions)
    assert [answer == "" for answer in answers[: len(pairs)]] == [o <= n for o, n in pairs]
    forked = [answer == "" for answer in answers[len(pairs) :]]
    assert forked == [old <= new and old < 258 for old, new in pairs]


def test_go_believes_no_mutant_of_a_log(
    log: Log, fork: Log, outsider: Outsider, tmp_path: Path
) -> None:
    mutants = [m for m in islice(log_mutants(log, fork, Random(SEED)), 250) if m.for_go]
    questions = [
        ("log", VKEY, write(tmp_path / str(number), mutant.files))
        for number, mutant in enumerate(mutants)
    ]

    verdicts = dict(zip(range(len(mutants)), outsider.ask(questions), strict=True))

    assert len(mutants) > 150
    assert [mutants[number].how for number, wrong in verdicts.items() if not wrong] == []


def test_go_believes_no_mutant_of_a_proof(log: Log, outsider: Outsider, tmp_path: Path) -> None:
    mutants = [m for m in islice(proof_mutants(log, Random(SEED)), 300) if m.for_go]
    questions = []
    for number, mutant in enumerate(mutants):
        name = str(number)
        questions.append(("proof", VKEY, write(tmp_path, {name: mutant.proof}) / name))

    verdicts = outsider.ask(questions)

    assert [m.how for m, wrong in zip(mutants, verdicts, strict=True) if not wrong] == []


def test_both_pass_over_signatures_of_others(log: Log, outsider: Outsider, tmp_path: Path) -> None:
    """Judged by the specification: these say the same as the note without them."""
    note = log.notes[300]
    more = signed(300, log.tiles.checkpoint_root(), OTHER).partition(b"\n\n")[2]
    own = note.partition(b"\n\n")[2]
    for number, text in enumerate((note + more, note + own, note.replace(own, more + own))):
        folder = write(tmp_path / str(number), log.files() | {"checkpoint": text})
        check_log(folder, KEY)
        assert outsider.log(VKEY, folder) == ""
    assert SIGNER.origin == OTHER.origin
