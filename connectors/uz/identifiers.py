"""Check PINFL, STIR and district codes. Pure; an error names rule and field, never the value.

Source:
    Weights and example of the PINFL: DOMAIN.md, "Identifiers" (agrees with the published
    example; no official source was found). SOATO codes: 17, 1703, 1703202.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from schemas.errors import InvalidRecord

_PINFL_LENGTH: Final = 14
_WEIGHTS: Final = (7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7)
_CENTURY: Final = {"1": 1800, "2": 1800, "3": 1900, "4": 1900, "5": 2000, "6": 2000}
_STIR_LENGTH: Final = 9
_STIR_FIRST: Final = {True: "4567", False: "23", None: "234567"}  # by "is a person"
_DISTRICT_LENGTHS: Final = (2, 4, 7)  # region, district or city, settlement


def compact(text: str) -> str:
    """Return ``text`` without white space; national numbers are compared in this form.

    >>> compact(" 3021 1975 910033 ")
    '30211975910033'
    """
    return "".join(text.split())


def validate_pinfl(text: str, check_digit: bool = True, field: str = "pinfl") -> str:
    """Return the PINFL in ``text``, compacted.

    Args:
        text: as the registry wrote it.
        check_digit: whether a wrong check digit is refused.
        field: the registry's name of the field, for the error.

    Raises:
        InvalidRecord: ``missing``, ``pinfl_length``, ``pinfl_digits``, ``pinfl_check_digit`` or
            ``pinfl_date``; the first that applies, in this order.

    >>> validate_pinfl("30211975910033")
    '30211975910033'
    """
    pinfl = compact(text)
    if not pinfl:
        raise InvalidRecord("missing", field)
    if len(pinfl) != _PINFL_LENGTH:
        raise InvalidRecord("pinfl_length", field)
    if not _is_digits(pinfl):
        raise InvalidRecord("pinfl_digits", field)
    if check_digit and _check_digit(pinfl) != pinfl[-1]:
        raise InvalidRecord("pinfl_check_digit", field)
    century = _CENTURY.get(pinfl[0])
    if century is None:
        raise InvalidRecord("pinfl_date", field)
    try:
        date(century + int(pinfl[5:7]), int(pinfl[3:5]), int(pinfl[1:3]))
    except ValueError:
        raise InvalidRecord("pinfl_date", field) from None  # the cause would show the value
    return pinfl


def validate_stir(text: str, person: bool | None = None, field: str = "stir") -> str:
    """Return the STIR in ``text``, compacted.

    Args:
        text: as the registry wrote it.
        person: True if it must be a person's, False if an organisation's, None if either.
        field: the registry's name of the field, for the error.

    Raises:
        InvalidRecord: ``missing`` or ``stir``.

    >>> validate_stir("201 122 334", person=False)
    '201122334'
    """
    stir = compact(text)
    if not stir:
        raise InvalidRecord("missing", field)
    if len(stir) != _STIR_LENGTH or not _is_digits(stir) or stir[0] not in _STIR_FIRST[person]:
        raise InvalidRecord("stir", field)
    return stir


def validate_district(text: str, field: str = "district") -> str:
    """Return ``text``, a SOATO code; its shape is checked, not that the place exists.

    Raises:
        InvalidRecord: ``missing`` or ``code``.

    >>> validate_district("1703202")
    '1703202'
    """
    if not text.strip():
        raise InvalidRecord("missing", field)
    if len(text) not in _DISTRICT_LENGTHS or not _is_digits(text):
        raise InvalidRecord("code", field)
    return text


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _check_digit(pinfl: str) -> str:
    return str(sum(int(d) * w for d, w in zip(pinfl, _WEIGHTS, strict=False)) % 10)
