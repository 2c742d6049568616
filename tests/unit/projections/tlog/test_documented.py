"""docs/audit.md lists every kind of leaf, what it can be about, every field, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from projections import leaves

ROOT = Path(__file__).resolve().parents[4]
TEXT = (ROOT / "docs/audit.md").read_text("utf-8")
SOURCES = [
    path
    for package in ("projections", "ops", "streams")
    for path in sorted((ROOT / package).rglob("*.py"))
    if re.search(r"leave|leaf|record\(", path.read_text("utf-8"))
    and path.name != "tables.py"  # a leaf there is a district
]


def bodies() -> Iterator[tuple[str, ast.Dict]]:
    """Give every literal that has a ``what``, as the bodies of leaves do."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Dict) and "what" in names(node):
                yield str(path.relative_to(ROOT)), node


def names(node: ast.Dict) -> set[str]:
    return {
        key.value
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table below a title."""
    section = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    assert section, title
    table = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def words(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_every_kind_has_its_row() -> None:
    assert [row[0] for row in rows("Kinds of leaves")] == [f"`{kind}`" for kind in leaves.KINDS]


def test_every_field_that_code_writes_is_documented() -> None:
    documented = set().union(*(words(row[0]) for row in rows("Fields")))
    missing = {f"{path}: {name}" for path, node in bodies() for name in names(node) - documented}

    assert sorted(missing) == []


def test_everything_a_leaf_can_be_about_is_documented() -> None:
    documented = set().union(*(words(row[1]) for row in rows("Kinds of leaves")))
    missing = set()
    for path, node in bodies():
        for key, value in zip(node.keys, node.values, strict=True):
            is_what = isinstance(key, ast.Constant) and key.value == "what"
            if is_what and isinstance(value, ast.Constant) and value.value not in documented:
                missing.add(f"{path}: {value.value!r}")

    assert sorted(missing) == []


def test_nothing_is_documented_that_no_code_writes() -> None:
    source = "\n".join(path.read_text("utf-8") for path in SOURCES)
    documented = set().union(*(words(row[1]) for row in rows("Kinds of leaves")))

    assert sorted(word for word in documented if word.partition(" ")[0] not in source) == []


def test_names_of_people_are_documented_as_such() -> None:
    row = next(row for row in rows("Fields") if "`person`" in row[0])

    assert words(row[0]) == leaves.PEOPLE
