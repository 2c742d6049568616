"""Read a registry's text fields: names, dates, plain text. Pure; errors name rule and field only.

A value is what a source could make of the bytes: text, None if there was nothing, or the bytes
themselves where they are not UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from schemas.errors import InvalidRecord

_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR: Final = 1850
_LAST_YEAR: Final = 2200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode category Cc
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("'`\u2018\u2019\u02bc", "\u02bb"))


def optional_text(value: object, field: str) -> str | None:
    """Return ``value`` as it stands, or None if it is absent or blank.

    Raises:
        InvalidRecord: ``text``: not UTF-8, or it holds control characters.
    """
    if value is None:
        return None
    if not isinstance(value, str) or _CONTROL.search(value):
        raise InvalidRecord("text", field)
    return value if value.strip() else None


def required_text(value: object, field: str) -> str:
    """Return ``value`` as it stands.

    Raises:
        InvalidRecord: ``text`` as in ``optional_text``; ``missing`` if absent or blank.
    """
    text = optional_text(value, field)
    if text is None:
        raise InvalidRecord("missing", field)
    return text


def normalise_name(text: str) -> str:
    """Return ``text`` as names are compared: NFC, single spaces, one apostrophe (U+02BB).

    The script stays as it is written.

    >>> normalise_name("  G`ulom   O'g'li ") == "G\u02bbulom O\u02bbg\u02bbli"
    True
    """
    return " ".join(unicodedata.normalize("NFC", text).split()).translate(_APOSTROPHES)


def parse_date(text: str, field: str) -> date:
    """Return the day that ``text`` (``YYYY-MM-DD``) states.

    Raises:
        InvalidRecord: ``missing`` if blank; ``date`` if it is none, or not within 1850 to 2200.

    >>> parse_date("2024-02-29", "born_on")
    datetime.date(2024, 2, 29)
    """
    if not text.strip():
        raise InvalidRecord("missing", field)
    if not _ISO_DATE.fullmatch(text):
        raise InvalidRecord("date", field)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidRecord("date", field) from None  # the cause would show the value
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidRecord("date", field)
    return day
