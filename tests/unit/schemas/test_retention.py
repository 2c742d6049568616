"""The retention table: every class has an answer, and a wrong table is refused with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schemas.errors import PermanentError
from schemas.retention import load
from schemas.sealing import CLASSES

GOOD = "".join(f'[{name}]\ndecision = "erase"\nlaw = "a law"\n' for name in CLASSES)


def test_the_countrys_table_answers_for_every_class() -> None:
    rules = load()

    assert set(rules) == set(CLASSES)
    assert {rule.decision for rule in rules.values()} == {"erase", "restrict", "refuse"}
    assert all(rules[name].decision == "erase" for name in ("identity", "contact", "health"))
    assert all(rule.years is None for rule in rules.values() if rule.decision == "erase")


def test_a_decision_of_a_leap_day_ends_on_a_day_that_exists() -> None:
    assert load()["tax"].until(date(2028, 2, 29)) == date(2033, 2, 28)
    assert load()["tax"].until(date(2026, 11, 22)) == date(2031, 11, 22)
    assert load()["identity"].until(date(2026, 11, 22)) is None


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[tax]", "[taxes]", "no class taxes"),
        ('[tax]\ndecision = "erase"', '[tax]\ndecision = "forget"', "retention of tax: decision"),
        ('[tax]\ndecision = "erase"', '[tax]\ndecision = "refuse"', "years belong"),
        ('[tax]\ndecision = "erase"', '[tax]\nyears = 3\ndecision = "erase"', "years belong"),
        (
            '[tax]\ndecision = "erase"',
            '[tax]\nyears = true\ndecision = "refuse"',
            "years is a number",
        ),
        ('[tax]\ndecision = "erase"', '[tax]\nyear = 3\ndecision = "erase"', "unknown field year"),
        (
            '[tax]\ndecision = "erase"',
            '[tax]\nreadable_for = ["x"]\ndecision = "erase"',
            "readable_for belongs",
        ),
        ('[tax]\ndecision = "erase"\nlaw = "a law"', '[tax]\ndecision = "erase"', "law is a line"),
        ('[tax]\ndecision = "erase"\nlaw = "a law"\n', "", "lacks tax"),
        ("[tax]", "[tax", "cannot be read"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    path = tmp_path / "retention.toml"
    path.write_text(GOOD)
    assert set(load(path)) == set(CLASSES)
    assert GOOD.count(before) == 1

    path.write_text(GOOD.replace(before, after))

    with pytest.raises(PermanentError, match=said):
        load(path)
