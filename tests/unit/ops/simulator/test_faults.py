"""Each planted fault breaks one rule, and only that one."""

from collections.abc import Callable
from datetime import date

import pytest

from ops.simulator.faults import CIVIL_FAULTS, HEALTH_FAULTS, TAX_FAULTS, Fault, pinfl_faults
from ops.simulator.pinfl import check_digit, pinfl


def _is_date(number: str) -> bool:
    century = 18 + (int(number[0]) - 1) // 2
    try:
        date(century * 100 + int(number[5:7]), int(number[3:5]), int(number[1:3]))
    except ValueError:
        return False
    return True


# The rules for national numbers, in the order in which they can be asked at all.
RULES: dict[str, Callable[[str], bool]] = {
    "pinfl_length": lambda n: len(n) == 14,
    "pinfl_digits": lambda n: n.isascii() and n.isdigit(),
    "pinfl_check_digit": lambda n: check_digit(n[:13]) == int(n[13]),
    "pinfl_date": _is_date,
}
CONTRACT_RULES = {
    *RULES,
    *("stir", "missing", "date", "date_order", "number", "code", "text", "identifier_missing"),
}
ALL = [
    f for table in (CIVIL_FAULTS, TAX_FAULTS, HEALTH_FAULTS) for fs in table.values() for f in fs
]


def test_the_published_example_is_valid() -> None:
    assert pinfl("M", date(1997, 11, 2), 591, 3) == "30211975910033"
    assert all(holds("30211975910033") for holds in RULES.values())


@pytest.mark.parametrize(
    ("sex", "born_on", "first"),
    [
        ("M", date(1899, 5, 1), "1"),
        ("F", date(1899, 5, 1), "2"),
        ("M", date(1999, 12, 31), "3"),
        ("F", date(1999, 12, 31), "4"),
        ("M", date(2000, 1, 1), "5"),
        ("F", date(2000, 1, 1), "6"),
    ],
)
def test_the_first_digit_is_sex_and_century(sex: str, born_on: date, first: str) -> None:
    assert pinfl(sex, born_on, 1, 1)[0] == first


@pytest.mark.parametrize("fault", pinfl_faults("pinfl"), ids=lambda f: f.cause)
def test_a_broken_number_breaks_its_own_rule_first_and_no_other(fault: Fault) -> None:
    broken = str(fault.spoil("41504920123457"[:13] + str(check_digit("4150492012345"))))

    kept = ["pinfl_length", "pinfl_digits"]
    if fault.rule not in kept:
        kept = [rule for rule in RULES if rule != fault.rule]
    assert not RULES[fault.rule](broken)
    assert all(RULES[rule](broken) for rule in kept if rule != fault.rule)


def test_every_fault_names_a_rule_of_the_quarantine_table() -> None:
    assert {fault.rule for fault in ALL} <= CONTRACT_RULES
