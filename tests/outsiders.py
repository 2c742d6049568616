"""Builds and asks the Go program of ``tests/outsider``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_SOURCE = Path(__file__).parent / "outsider"
_OWN = {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}


def build(into: Path) -> Outsider:
    """Compile the program; its modules are in Go's cache, or come through Go's proxy."""
    program = into / "outsider"
    go = Path(sys.executable).with_name("go")
    built = subprocess.run(
        [go, "build", "-o", program, "."],
        cwd=_SOURCE,
        env=os.environ | _OWN,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return Outsider(program)


class Outsider:
    """Asks questions and gets verdicts: an empty text is good, another says what is wrong."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def ask(self, questions: Iterable[tuple[str | Path, ...]]) -> list[str]:
        text = "".join("\t".join(map(str, question)) + "\n" for question in questions)
        ended = subprocess.run(
            [self._program], input=text, capture_output=True, text=True, check=True, timeout=300
        )
        answers = ended.stdout.splitlines()
        assert len(answers) == text.count("\n")
        return ["" if answer == "ok" else answer.removeprefix("bad\t") for answer in answers]

    def log(self, vkey: str, folder: Path) -> str:
        return self.ask([("log", vkey, folder)])[0]

    def proof(self, vkey: str, file: Path) -> str:
        return self.ask([("proof", vkey, file)])[0]
