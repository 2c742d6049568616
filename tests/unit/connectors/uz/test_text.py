from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.uz.text import normalise_name, optional_text, parse_date, required_text
from schemas.errors import InvalidRecord


@pytest.mark.parametrize("apostrophe", ["'", "`", "\u2018", "\u2019", "\u02bc", "\u02bb"])
def test_every_apostrophe_becomes_one(apostrophe: str) -> None:
    assert normalise_name(f"O{apostrophe}tkir") == "O\u02bbtkir"


def test_white_space_is_collapsed_and_the_script_stays() -> None:
    assert normalise_name(" Юлдуз\u00a0 \u2003Юлдуз ") == "Юлдуз Юлдуз"  # noqa: RUF001


def test_composed_and_decomposed_letters_become_the_same() -> None:
    assert normalise_name("И\u0306") == normalise_name("Й") == "Й"


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_name(text)

    assert normalise_name(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize("value", [None, "", "  ", "\u00a0"])
def test_blank_is_absent(value: str | None) -> None:
    assert optional_text(value, "patronymic") is None
    with pytest.raises(InvalidRecord, match="missing: surname"):
        required_text(value, "surname")


@pytest.mark.parametrize("value", ["a\x00b", "a\tb", "a\x7fb", "a\x9fb", b"\xff", 7])
def test_control_characters_and_undecodable_bytes_are_refused(value: object) -> None:
    with pytest.raises(InvalidRecord, match="text: surname"):
        optional_text(value, "surname")


def test_text_stays_as_it_is_written() -> None:
    assert required_text(" a  b ", "address") == " a  b "


@pytest.mark.parametrize(
    ("text", "day"), [("1850-01-01", date(1850, 1, 1)), ("2200-12-31", date(2200, 12, 31))]
)
def test_days_from_1850_to_2200_are_dates(text: str, day: date) -> None:
    assert parse_date(text, "born_on") == day


@pytest.mark.parametrize(
    "text",
    ["1849-12-31", "2201-01-01", "2023-02-29", "2023-2-9", "20230209", "09.02.2023", "2023-W05-1",
     "2023-02-09T00:00", " 2023-02-09", "\u0662\u0660\u0662\u0663-02-09", "0000-00-00"],
)  # fmt: skip
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(InvalidRecord) as error:
        parse_date(text, "born_on")

    assert str(error.value) == "date: born_on"
