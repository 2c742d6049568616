"""docs/security.md names no test and no file that does not exist, and leaves no chapter out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
TEST = re.compile(r"`((?:unit|integration|fault|acceptance)/[\w/]+\.py)(?:::(\w+))?`")
# In the third column; what ends with a slash is a folder.
FILE = re.compile(r"`((?:schemas|connectors|streams|projections|ops|hub_verify)/[\w./]*)`")
ROW = re.compile(r"^\| [\d.]*[^|]*\|[^|]*\|[^|]*\|[^|]*\|$", re.MULTILINE)


def promises() -> list[str]:
    return [row for row in ROW.findall(TEXT) if re.match(r"\| \d", row)]


@pytest.mark.parametrize("named", sorted(set(TEST.findall(TEXT))), ids="::".join)
def test_every_test_that_is_named_exists(named: tuple[str, str]) -> None:
    path, function = named
    file = ROOT / "tests" / path
    assert file.is_file(), f"{path} does not exist"
    defined = {
        node.name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert any(name.startswith("test_") for name in defined)
    assert not function or function in defined, f"{path} has no {function}"


def test_every_file_that_is_named_exists() -> None:
    assert [name for name in FILE.findall(TEXT) if not (ROOT / name).exists()] == []


def test_every_chapter_is_there() -> None:
    assert re.findall(r"^## V(\d+) ", TEXT, re.MULTILINE) == [str(n) for n in range(1, 18)]


def test_every_promise_has_a_test_or_says_that_it_has_none() -> None:
    words = ("**none yet**", "**not met**", "nothing to test", "`make check`")
    silent = [
        row for row in promises() if not TEST.search(row) and not any(w in row for w in words)
    ]

    assert len(promises()) > 60
    assert silent == []
