"""Packs by name and draft laws from files: numbers are data, and a wrong file says where."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from streams.rules.load import (
    PACKS,
    InvalidPackError,
    Shape,
    load_pack,
    read_parameters,
)
from streams.rules.uz import PACK
from streams.rules.uz.law import SHAPES
from tests.unit.streams.rules.world import couple, named

HEAD = 'name = "draft"\nbase = "uz"\n'
SET = """
[[minimum_income_per_head]]
valid_from = 2026-03-01
source = "draft"
unit = "soum_a_month"
value = 800_000
"""
BASE = '[currency]\ncode = "X"\nunit = "soum"\nminor = "tiyin"\nminor_per_unit = 100\n'


def draft(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "draft.toml"
    path.write_text(content, "utf-8")
    return path


def test_a_pack_is_loaded_once() -> None:
    assert load_pack("uz") is PACK
    assert PACKS == ("uz",)


def test_money_is_written_in_the_unit_and_held_in_the_minor_one() -> None:
    (minimum,) = PACK.parameters["minimum_income_per_head"]

    assert (minimum.values, minimum.unit) == (70_000_000, "tiyin_a_month")
    assert PACK.parameters["pension_age"][0].values == {"M": 60, "F": 55}
    assert PACK.parameters["unable_groups"][0].values == (1, 2)


def test_every_set_names_its_source_and_sets_are_in_order() -> None:
    assert set(PACK.parameters) == set(SHAPES)
    for sets in PACK.parameters.values():
        assert all(dated.source.strip() for dated in sets)
        days = [dated.valid_from for dated in sets]
        assert days == sorted(set(days))


def test_the_set_in_force_is_the_latest_begun() -> None:
    in_force = PACK.parameters.in_force

    assert in_force(date(2025, 6, 30))["material_assistance"].values == 38_000_000
    assert in_force(date(2025, 7, 1))["material_assistance"].values == 42_000_000
    assert "material_assistance" not in in_force(date(2021, 7, 31))
    assert PACK.parameters.value("material_assistance", date(2000, 1, 1)) == 38_000_000


def test_no_rule_holds_a_number_of_the_law() -> None:
    """Amounts, ages and thresholds stand in the file of parameters, not in the code."""
    sources = sorted(PACK.texts.parent.glob("*.py"))
    allowed = {"0", "1", "2", "3", "100"}

    assert len(sources) > 8
    for path in sources:
        code = re.sub(r'"""[\s\S]*?"""|"[^"\n]*"|#.*', "", path.read_text("utf-8"))
        assert set(re.findall(r"\b\d[\d_]*\b", code)) <= allowed, path.name


def test_a_draft_adds_to_its_base_and_leaves_it_alone(tmp_path: Path) -> None:
    pack = load_pack(draft(tmp_path, HEAD + SET))
    world = couple(1_500_000)

    assert pack.name == "draft"
    assert [dated.values for dated in pack.parameters["minimum_income_per_head"]] == [
        70_000_000,
        80_000_000,
    ]
    assert pack.parameters["child_benefit"] == PACK.parameters["child_benefit"]
    assert world.needs() == named({"family_at_risk 1he": None})
    assert replace(world, pack=pack).needs() == named(
        {"family_low_income 1he": None, "material_assistance 1he": 420_000}
    )
    assert replace(world, pack=pack).needs(date(2026, 2, 28)) == world.needs(date(2026, 2, 28))


def test_a_set_of_the_same_day_replaces(tmp_path: Path) -> None:
    pack = load_pack(draft(tmp_path, HEAD + SET.replace("2026-03-01", "2025-01-01")))

    assert [dated.values for dated in pack.parameters["minimum_income_per_head"]] == [80_000_000]
    assert pack.parameters["minimum_income_per_head"][0].source == "draft"


def test_a_pension_age_may_be_drafted(tmp_path: Path) -> None:
    content = '[[pension_age]]\nvalid_from = 2026-01-01\nsource = "draft"\n'
    content += 'unit = "years"\nM = 63\nF = 58\n'
    pack = load_pack(str(draft(tmp_path, HEAD + content)))

    assert pack.parameters.value("pension_age", date(2026, 3, 10)) == {"M": 63, "F": 58}
    assert pack.lonely_from_age == 55


WRONG = [
    ("name = 'draft'\n", r"base: one of uz"),
    ("name = 'draft'\nbase = 'xx'\n", r"base: one of uz"),
    ("base = 'uz'\n", r"name: small letters"),
    ("name = 'Draft 1'\nbase = 'uz'\n", r"name: small letters"),
    ("name = 'uz'\nbase = 'uz'\n", r"name: uz is the name of a pack in force"),
    ("name = ", r"Invalid value"),
    (HEAD + "[[unknown]]\nvalue = 1\n", r"unknown: no such parameter"),
    (HEAD + "[income_months]\nvalue = 1\n", r"income_months: write its sets as \[\[income_months"),
    (HEAD + SET.replace("value =", "amount ="), r"minimum_income_per_head, set 1: amount: no such"),
    (HEAD + SET.replace('source = "draft"\n', ""), r"head, set 1: missing: source"),
    (HEAD + SET.replace('"draft"', '" "'), r"head, set 1: source: say where"),
    (HEAD + SET.replace("2026-03-01", '"2026-03-01"'), r"set 1: valid_from: a date is expected"),
    (HEAD + SET.replace("2026-03-01", "2026-03-01T00:00:00"), r"valid_from: a date is expected"),
    (HEAD + SET.replace("soum_a_month", "soum"), r"set 1: unit: soum_a_month is expected"),
    (HEAD + SET.replace("800_000", "8.5"), r"set 1: value: a whole number from 0 is expected"),
    (HEAD + SET.replace("800_000", "-1"), r"set 1: value: a whole number from 0 is expected"),
    (HEAD + SET.replace("800_000", "true"), r"set 1: value: a whole number from 0 is expected"),
    (HEAD + SET + SET, r"set 2: valid_from: later than that of the set before"),
    (
        HEAD
        + '[[income_months]]\nvalid_from = 2026-01-01\nsource = "d"\nunit = "months"\nvalue = 0',
        r"income_months, set 1: value: a whole number from 1 is expected",
    ),
    (
        HEAD + '[[pension_age]]\nvalid_from = 2026-01-01\nsource = "d"\nunit = "years"\nM = 60',
        r"pension_age, set 1: missing: F",
    ),
    (
        HEAD
        + '[[unable_groups]]\nvalid_from = 2026-01-01\nsource = "d"\nunit = "disability_group"\n'
        "value = 1",
        r"unable_groups, set 1: value: a list of numbers is expected",
    ),
]


@pytest.mark.parametrize(("content", "error"), WRONG)
def test_a_wrong_draft_names_file_and_place(tmp_path: Path, content: str, error: str) -> None:
    path = draft(tmp_path, content)

    with pytest.raises(InvalidPackError, match=rf"draft\.toml: .*{error}"):
        load_pack(path)


def test_a_pack_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidPackError, match=r"xx: no such rule pack; known are uz"):
        load_pack("xx")
    with pytest.raises(InvalidPackError, match=r"none\.toml: No such file"):
        load_pack(tmp_path / "none.toml")


WRONG_BASES = [
    ("", r"currency: give code, unit, minor, minor_per_unit"),
    (BASE.replace("100", '"100"'), r"currency\.minor_per_unit: '100' is not one"),
    (BASE.replace('"X"', '""'), r"currency\.code: '' is not one"),
    (BASE, r"missing: age"),
]


@pytest.mark.parametrize(("content", "error"), WRONG_BASES)
def test_a_wrong_pack_names_file_and_place(tmp_path: Path, content: str, error: str) -> None:
    with pytest.raises(InvalidPackError, match=error):
        read_parameters(draft(tmp_path, content), {"age": Shape("years")})
