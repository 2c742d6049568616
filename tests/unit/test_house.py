"""The documents say what is there, and the house rules hold that no other tool checks."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from ops.cli import COMMANDS
from ops.settings import Settings
from schemas.catalogue import catalogue
from schemas.errors import RULES
from schemas.topics import TOPICS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "connectors", "streams", "projections", "ops", "hub_verify")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LONGEST = 300


def text_of(*names: str) -> str:
    return "\n".join((ROOT / name).read_text("utf-8") for name in names)


def test_every_event_type_is_in_the_contract() -> None:
    contract = text_of("docs/contract.md")

    assert [name for name in catalogue() if name not in contract] == []


def test_every_field_of_every_event_is_in_the_contract() -> None:
    lines = [line for line in text_of("docs/contract.md").splitlines() if line.startswith("|")]

    for row in catalogue().values():
        if row.name == "hub.quarantine_released":
            continue  # an operator's decision that is not built yet
        line = next(line for line in lines if row.name in line)
        missing = [field for field in row.fields if not re.search(rf"\b{field}\b", line)]
        assert missing == [], row.name


def test_every_quarantine_rule_is_in_the_contract() -> None:
    contract = text_of("docs/contract.md")

    assert [rule for rule in RULES if f"`{rule}`" not in contract] == []


def test_every_word_of_an_operators_leaf_is_documented() -> None:
    told = text_of("docs/audit.md")
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    source = "\n".join(path.read_text("utf-8") for path in files)
    words = set(re.findall(r'\brecord\(\s*connection,\s*"([a-z-]+)"', source))

    assert len(words) > 8
    assert [word for word in sorted(words) if f"`{word}`" not in told] == []


def test_every_topic_is_documented() -> None:
    documents = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)

    assert [topic.name for topic in TOPICS if topic.name not in documents] == []


def test_every_command_is_documented() -> None:
    documents = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)

    assert [name for name in COMMANDS if f"hub {name}" not in documents] == []


def test_every_setting_is_documented() -> None:
    source = inspect.getsource(Settings)
    documents = text_of("docs/local-stack.md")

    settings = set(re.findall(r'"(HUB_[A-Z_]+)"', source))
    assert sorted(name for name in settings if name not in documents) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text("utf-8"))

    local = [link for link in links if not link.startswith(("http:", "https:"))]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_every_file_that_the_life_of_an_event_names_exists() -> None:
    named = re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text_of("docs/life-of-an-event.md"))

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_no_source_file_has_grown_too_long() -> None:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]

    long = [path for path in paths if len(path.read_text("utf-8").splitlines()) > LONGEST]
    assert [str(path.relative_to(ROOT)) for path in long] == []
