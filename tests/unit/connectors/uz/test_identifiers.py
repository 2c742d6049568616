from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.uz.identifiers import validate_district, validate_pinfl, validate_stir
from schemas.errors import InvalidRecord

PUBLISHED = "30211975910033"


def rule_of(error: pytest.ExceptionInfo[InvalidRecord]) -> tuple[str, str | None]:
    return error.value.rule, error.value.field


@pytest.mark.parametrize("text", [PUBLISHED, " 3021197 5910033\t", "\u00a030211975910033"])
def test_the_published_example_is_valid_and_white_space_is_dropped(text: str) -> None:
    assert validate_pinfl(text) == PUBLISHED


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("3021197591003", "pinfl_length"),
        ("302119759100333", "pinfl_length"),
        ("3021197591003x", "pinfl_digits"),
        ("\u06633021197591003", "pinfl_digits"),  # an Arabic digit is a digit to str.isdigit
        ("30211975910034", "pinfl_check_digit"),
        ("30211975910", "pinfl_length"),
    ],
)
def test_a_broken_pinfl_names_its_rule(text: str, rule: str) -> None:
    with pytest.raises(InvalidRecord) as error:
        validate_pinfl(text, field="mother_pinfl")

    assert rule_of(error) == (rule, "mother_pinfl")


@pytest.mark.parametrize(
    "stem", ["3310297591003", "0021197591003", "7021197591003", "3000000591003"]
)
def test_an_impossible_birth_date_is_refused(stem: str) -> None:
    with pytest.raises(InvalidRecord) as error:
        validate_pinfl(f"{stem}{digit(stem)}")

    assert rule_of(error) == ("pinfl_date", "pinfl")


@pytest.mark.parametrize(
    ("stem", "valid"), [("5290200591003", True), ("3290200591003", False), ("1290200591003", False)]
)
def test_the_first_digit_gives_the_century(stem: str, valid: bool) -> None:
    """29 February is in 2000, not in 1900 or 1800."""
    pinfl = f"{stem}{digit(stem)}"

    if valid:
        assert validate_pinfl(pinfl) == pinfl
    else:
        with pytest.raises(InvalidRecord, match="pinfl_date"):
            validate_pinfl(pinfl)


def test_the_check_digit_can_be_let_off_but_not_the_date() -> None:
    assert validate_pinfl("30211975910034", check_digit=False) == "30211975910034"
    with pytest.raises(InvalidRecord, match="pinfl_date"):
        validate_pinfl("33102975910033", check_digit=False)


@given(st.text(max_size=20))
def test_no_text_breaks_the_check_or_shows_in_its_error(text: str) -> None:
    with pytest.raises(InvalidRecord) as error:
        validate_pinfl(text + "x")

    assert str(error.value) == f"{error.value.rule}: pinfl"
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "person", "valid"),
    [
        ("412345678", True, True),
        ("712 345 678", None, True),
        ("212345678", False, True),
        ("312345678", True, False),
        ("412345678", False, False),
        ("112345678", None, False),
        ("812345678", None, False),
        ("41234567", True, False),
        ("4123456789", True, False),
        ("41234567a", True, False),
    ],
)
def test_the_first_digit_of_a_stir_says_who_it_is(
    text: str, person: bool | None, valid: bool
) -> None:
    if valid:
        assert validate_stir(text, person=person) == text.replace(" ", "")
    else:
        with pytest.raises(InvalidRecord) as error:
            validate_stir(text, person=person)
        assert rule_of(error) == ("stir", "stir")


@pytest.mark.parametrize("code", ["17", "1703", "1703202"])
def test_a_district_has_two_four_or_seven_digits(code: str) -> None:
    assert validate_district(code) == code


@pytest.mark.parametrize(
    ("code", "rule"),
    [("", "missing"), ("170", "code"), ("17032", "code"), ("17o3", "code"), (" 17", "code")],
)
def test_a_district_of_another_shape_is_refused(code: str, rule: str) -> None:
    with pytest.raises(InvalidRecord) as error:
        validate_district(code)

    assert rule_of(error) == (rule, "district")


def digit(stem: str) -> int:
    return sum(int(d) * (7, 3, 1)[i % 3] for i, d in enumerate(stem)) % 10
