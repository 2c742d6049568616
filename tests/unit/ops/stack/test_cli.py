"""The hub command's own manners: exit codes, one line per failure, lazy loading."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ops import cli
from ops.lazy import NotInThisBuildError, load
from schemas.errors import PermanentError, TransientError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermanentError("slot lost; run hub init"), 4, "slot lost; run hub init"),
        (TransientError("Kafka is silent"), 3, "Kafka is silent; try again"),
        (NotInThisBuildError("x is not in this build"), 2, "not in this build"),
        (psycopg.OperationalError("connection to Karimov lost"), 3, "PostgreSQL does not answer"),
        (psycopg.errors.DiskFull("Karimov"), 3, "no space is left on a disk"),
        (OSError(errno.ENOSPC, "full", "Karimov"), 3, "no space is left on a disk"),
        (OSError(errno.EIO, "broken", "Karimov"), 70, "a fault of the hub itself"),
        (ValueError("Karimov"), 70, "a fault of the hub itself: ValueError"),
    ],
)
def test_a_failure_is_one_line_and_an_exit_code(
    error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    assert cli.guarded(fail) == code

    told = capsys.readouterr().err
    assert said in told
    assert "Karimov" not in told


@pytest.mark.parametrize("target", ["ops.no_such:f", "ops.no_such.deeper:f", "ops.cli:no_such"])
def test_a_part_that_is_absent_is_told_apart(target: str) -> None:
    with pytest.raises(NotInThisBuildError):
        load(target)


def test_a_fault_inside_a_part_is_not_taken_for_its_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_part.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError):
        load("broken_part:f")


def test_help_loads_no_command_and_no_driver() -> None:
    program = (
        "import sys; sys.argv = ['hub', '--help']\n"
        "from ops.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'kafka', 'psycopg', 'faust', 'httpx', 'jgo'}, loaded\n"
        "assert 'ops.stack.commands' not in sys.modules\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize("arguments", [["nonsense"], ["up", "--nonsense"], ["run", "nonsense"]])
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments], capture_output=True, check=False
    )

    assert done.returncode == 2
