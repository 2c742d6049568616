"""Take a history bundle apart: its own elements, and each entry's text as it was received. Pure.

The text is split by its brackets alone, so that an entry that cannot be read costs itself only;
and quarantine gets the very bytes. An object in which a key stands twice is no object to us: what
the two values mean is anyone's guess.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from schemas.errors import PermanentError

# A text that never ends is one token, or a cut answer would be searched again and again.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_BETWEEN: Final = re.compile(r"[\s,]*")
_ENTRIES_DEPTH: Final = 2  # inside the bundle's object and its array of entries
_LONGEST_NUMBER: Final = 40  # digits; Python refuses very long ones with an error


@dataclass(frozen=True, slots=True)
class Bundle:
    """One page of a history."""

    updated_at: datetime | None  # meta.lastUpdated: the server's clock
    next_link: str | None
    entries: tuple[str, ...]  # each as it was received


def parse_bundle(raw: bytes) -> Bundle:
    """Return the bundle in ``raw``.

    Raises:
        PermanentError: it is no bundle of type history.
    """
    try:
        envelope, entries = _split(raw.decode("utf-8-sig"))
        value = parse_json(envelope)
    except ValueError as error:
        raise _not_a_history("not JSON in UTF-8, or its entries are no objects") from error
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        raise _not_a_history("not a Bundle")
    if value.get("type") != "history":
        raise _not_a_history("not of type history")
    if value.get("entry") not in (None, []):
        raise _not_a_history("its entries stand where they were not looked for")
    meta = value.get("meta")
    updated_at = instant(meta.get("lastUpdated")) if isinstance(meta, dict) else None
    return Bundle(updated_at, _next_link(value.get("link")), entries)


def parse_json(text: str) -> Any:
    """Return the value of ``text``; an object with a key that stands twice becomes None.

    Raises:
        ValueError: not JSON, or nested too deeply.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_whole
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def instant(value: object) -> datetime | None:
    """Return the FHIR instant in ``value`` in UTC, None if it is none."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the bundle with an empty array of entries, and the text of each entry."""
    depth = 0
    entries: list[str] = []
    array: int | None = None  # where the entries begin, while inside their array
    outside: list[str] = []
    kept_to = last = start = 0
    for token in _TOKEN.finditer(text):
        symbol = token[0]
        if symbol in "{[":
            depth += 1
            if array is None and depth == _ENTRIES_DEPTH and _opens_entries(text, token.start()):
                array = last = token.end()
            elif array is not None and depth == _ENTRIES_DEPTH + 1:
                _only_commas(text[last : token.start()])
                start = token.start()
        elif symbol in "}]":
            depth -= 1
            if array is not None and depth == _ENTRIES_DEPTH:
                entries.append(text[start : token.end()])
                last = token.end()
            elif array is not None and depth == _ENTRIES_DEPTH - 1:
                _only_commas(text[last : token.start()])
                outside.append(text[kept_to:array])
                kept_to, array = token.start(), None
    if array is not None:
        raise ValueError("the entries do not end")
    return "".join((*outside, text[kept_to:])), tuple(entries)


_NAME_BEFORE: Final = re.compile(r'"entry"\s*:\s*\Z')
_LOOK_BACK: Final = 64  # white space between name and bracket, at most


def _opens_entries(text: str, bracket: int) -> bool:
    return text[bracket] == "[" and bool(
        _NAME_BEFORE.search(text[max(0, bracket - _LOOK_BACK) : bracket])
    )


def _only_commas(text: str) -> None:
    if not _BETWEEN.fullmatch(text):
        raise ValueError("an entry is no object")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _no_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _next_link(links: object) -> str | None:
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            url = link.get("url")
            if isinstance(url, str) and url:
                return url
            raise _not_a_history("its next link has no url")
    return None


def _not_a_history(why: str) -> PermanentError:
    return PermanentError(f"the health registry's answer is no history bundle: {why}")
