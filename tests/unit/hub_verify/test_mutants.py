"""A thousand changes to a published log and to proofs of it: none is believed."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from hub_verify.log import check_log
from hub_verify.note import Key
from hub_verify.proof import check_proof
from hub_verify.verdict import WrongError
from tests.audit_logs import VKEY, Log, changed, leaf, write
from tests.audit_mutants import log_mutants
from tests.audit_proof_mutants import proof_mutants

KEY = Key.parse(VKEY)
SIZES = (1, 20, 256, 260, 300)
SEED = 20261122


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log")).grow(*SIZES)


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Log:
    leaves = [leaf(n, "forked" if n == 258 else "") for n in range(1, SIZES[-1] + 1)]
    return Log(tmp_path_factory.mktemp("fork")).grow(*SIZES, leaves=leaves)


def test_the_log_and_its_fork_verify_by_themselves(log: Log, fork: Log) -> None:
    assert check_log(log.root, KEY).checkpoint.size == check_log(fork.root, KEY).checkpoint.size
    assert check_log(log.root, KEY, {"seen": log.notes[260]}).kept == len(SIZES) + 1


def test_no_mutant_of_a_log_is_believed(log: Log, fork: Log, tmp_path: Path) -> None:
    seen = {"seen": log.notes[260], "seen last": log.notes[300]}
    judged, whole = Counter[str](), log.files()
    write(tmp_path, whole)
    for mutant in islice(log_mutants(log, fork, Random(SEED)), 600):
        with changed(tmp_path, whole, mutant.files), pytest.raises(WrongError):
            survived(mutant.how, check_log(tmp_path, KEY, seen))
        judged[mutant.how] += 1
    check_log(tmp_path, KEY, seen)  # as it was

    assert len(judged) == 24
    assert min(judged.values()) >= 9


def test_no_mutant_of_a_proof_is_believed(log: Log) -> None:
    judged = Counter[str]()
    for mutant in islice(proof_mutants(log, Random(SEED)), 500):
        with pytest.raises(WrongError):
            survived(mutant.how, check_proof(mutant.proof, KEY))
        judged[mutant.how] += 1

    assert len(judged) == 12
    assert min(judged.values()) >= 9


def survived(how: str, found: object) -> None:
    """Say which one it was; called only if it was believed."""
    raise AssertionError(f"{how} survived: {found}")
