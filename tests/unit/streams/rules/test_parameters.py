"""Which numbers are read from a file, and which are in force."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from streams.rules.load import InvalidPackError, Shape, load_draft, load_pack, read_parameters
from streams.rules.pack import Currency, Dated, Parameters
from streams.rules.uz import PACK

HEAD = 'name = "draft"\nbase = "uz"\n'
BASE = '[currency]\ncode = "X"\nunit = "crown"\nminor = "penny"\nminor_per_unit = 20\n'
ON = date(2026, 3, 10)


def draft(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "draft.toml"
    path.write_text(content, "utf-8")
    return path


def table(name: str, unit: str, values: str) -> str:
    return f'[[{name}]]\nvalid_from = 2027-01-01\nsource = "d"\nunit = "{unit}"\n{values}\n'


def dated(values: object, unit: str) -> Dated[object]:
    return Dated(date(2027, 1, 1), "d", values, unit)


DRAFTED = [
    ("unable_groups", "disability_group", "value = [1, 3]", dated((1, 3), "disability_group")),
    ("minimum_income_per_head", "soum_a_month", "value = 0", dated(0, "tiyin_a_month")),
    (
        "minimum_income_per_head",
        "soum_a_month",
        "value = 1_000_000_000_000",
        dated(100_000_000_000_000, "tiyin_a_month"),
    ),
    ("at_risk_percent", "percent", "value = 160", dated(160, "percent")),
    ("income_months", "months", "value = 1", dated(1, "months")),
    ("pension_age", "years", "M = 1\nF = 58", dated({"M": 1, "F": 58}, "years")),
]


@pytest.mark.parametrize(("name", "unit", "values", "then"), DRAFTED)
def test_what_is_drafted_is_held(
    tmp_path: Path, name: str, unit: str, values: str, then: Dated[object]
) -> None:
    pack = load_pack(draft(tmp_path, HEAD + table(name, unit, values)))

    assert pack.parameters[name] == [*PACK.parameters[name], then]


WRONG = [
    ("name = 'draft'\nbase = []\n", "base: one of uz"),
    (HEAD + "income_months = [3]\n", "income_months: write its sets as [[income_months]]"),
    (
        HEAD + table("unable_groups", "disability_group", "value = [1, 0]"),
        "unable_groups, set 1: value: a whole number from 1 is expected",
    ),
    (
        HEAD + table("unable_groups", "disability_group", "value = []"),
        "unable_groups, set 1: value: a list of numbers is expected",
    ),
    (
        HEAD + table("pension_age", "years", "M = 60\nF = 0"),
        "pension_age, set 1: F: a whole number from 1 is expected",
    ),
    (
        HEAD + table("income_months", "months", "value = 1_000_000_000_001"),
        "income_months, set 1: value: a whole number from 1 is expected",
    ),
    (
        HEAD + table("income_months", "months", "value = 3\nb = 1\na = 1"),
        "income_months, set 1: a, b: no such field",
    ),
    (
        HEAD + "[[pension_age]]\nM = 1\nF = 1",
        "pension_age, set 1: missing: source, unit, valid_from",
    ),
]


@pytest.mark.parametrize(("content", "error"), WRONG)
def test_a_wrong_number_is_named(tmp_path: Path, content: str, error: str) -> None:
    path = draft(tmp_path, content)

    with pytest.raises(InvalidPackError) as raised:
        load_pack(path)
    assert str(raised.value) == f"{path}: {error}"


def test_a_draft_may_name_any_of_the_bases(tmp_path: Path) -> None:
    bases = {"xy": PACK, "uz": PACK}
    path = draft(tmp_path, 'name = "draft"\nbase = "xx"\n')

    with pytest.raises(InvalidPackError) as raised:
        load_draft(path, bases)
    assert str(raised.value) == f"{path}: base: one of uz, xy"


def test_a_country_has_its_own_currency_and_numbers(tmp_path: Path) -> None:
    content = BASE + table("wage", "crown_a_month", "value = 3") + table("age", "years", "value=2")
    shapes = {"wage": Shape("money_a_month"), "age": Shape("years")}

    currency, parameters = read_parameters(draft(tmp_path, content), shapes)

    assert currency == Currency("X", "crown", "penny", 20)
    assert dict(parameters) == {
        "wage": [dated(60, "penny_a_month")],
        "age": [dated(2, "years")],
    }


def test_what_a_country_leaves_out_or_has_wrong_is_named(tmp_path: Path) -> None:
    shapes = {"wage": Shape("money"), "age": Shape("years")}
    for content, error in (
        (BASE, "missing: age, wage"),
        (BASE + table("age", "months", "value = 2"), "age, set 1: unit: years is expected"),
    ):
        path = draft(tmp_path, content)
        with pytest.raises(InvalidPackError) as raised:
            read_parameters(path, shapes)
        assert str(raised.value) == f"{path}: {error}"


def test_a_day_is_worked_out_once_and_not_too_many_are_remembered() -> None:
    parameters = Parameters({"age": [Dated(ON, "d", 18)]})

    first = parameters.on_day(ON)
    assert parameters.on_day(ON) is first
    for after in range(1, 1000):
        parameters.on_day(ON + timedelta(days=after))
    assert parameters.on_day(ON) is first
    parameters.on_day(ON - timedelta(days=1))
    assert parameters.on_day(ON) == first
    assert parameters.on_day(ON) is not first
