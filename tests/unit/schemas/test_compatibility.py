"""A schema change that breaks a reader fails the build, and says where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ops.schema_check import FOLDER, findings

NEXT = "tax.income_reported.v2.avsc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "avro"))


def add_version(folder: Path, change: dict[str, Any]) -> list[str]:
    schema = json.loads((folder / "tax.income_reported.v1.avsc").read_text("utf-8"))
    schema["fields"].append(change)
    (folder / NEXT).write_text(json.dumps(schema), "utf-8")
    return [text for text in findings(folder) if "not released" not in text]


def test_the_schemas_of_this_tree_are_released_as_they_are() -> None:
    assert findings(FOLDER) == []


def test_an_optional_field_is_a_change_that_all_can_live_with(folder: Path) -> None:
    field = {"name": "currency", "type": ["null", "string"], "default": None}

    assert add_version(folder, field) == []


def test_a_field_without_default_breaks_readers_and_is_named(folder: Path) -> None:
    found = add_version(folder, {"name": "currency", "type": "string"})

    assert len(found) == 1
    assert found[0].startswith(f"{NEXT} cannot read tax.income_reported.v1.avsc")
    assert "currency" in found[0]


def test_a_released_file_never_changes(folder: Path) -> None:
    path = folder / "tax.income_reported.v1.avsc"
    path.write_text(path.read_text("utf-8").replace("gross_minor", "gross"), "utf-8")

    assert findings(folder)[0].startswith(
        "tax.income_reported.v1.avsc: was released and has changed"
    )


def test_a_released_file_that_is_gone_is_missed(folder: Path) -> None:
    (folder / "tax.income_reported.v1.avsc").unlink()

    assert findings(folder) == [
        "tax.income_reported.v1.avsc: was released and is gone; put it back"
    ]


def test_a_new_file_must_be_released(folder: Path) -> None:
    shutil.copy(folder / "tax.income_reported.v1.avsc", folder / NEXT)

    assert findings(folder) == [f"{NEXT}: not released; run `hub schema release`"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("hub.tax.IncomeReported", "recursive type hub.tax.IncomeReported"),
        ({"type": "array", "items": "null"}, "array or map of items without size"),
        (
            {"type": "map", "values": {"type": "record", "name": "Empty", "fields": []}},
            "array or map of items without size",
        ),
    ],
)
def test_shapes_that_hostile_bytes_abuse_are_refused(folder: Path, kind: Any, text: str) -> None:
    field = {"name": "next", "type": ["null", kind], "default": None}

    assert f"{NEXT}: {text}" in add_version(folder, field)
