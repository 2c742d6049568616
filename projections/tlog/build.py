"""A numbered row of the table becomes the bytes of a leaf. Pure.

Canonical JSON: sorted names, no spaces, UTF-8. The same row gives the same bytes for ever: what is
changed here gets another ``v``, and rows that are published keep theirs.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from projections.leaves import PEOPLE, WORDS
from schemas.ids import canonical_json, text, uuid8

VERSION: Final = 1
DOMAIN: Final = b"audit\0"


class Row(NamedTuple):
    """A row of ``kept.audit_leaves``, as the integrator reads it."""

    number: int
    at: str  # UTC, with microseconds: 2026-01-31T12:00:00.000000Z
    kind: str
    body: str  # JSON


def builder(audit_key: bytes) -> Callable[[Row], bytes]:
    """Return what turns a row into a leaf, people as pseudonyms under ``audit_key``."""
    hide = pseudonyms(audit_key)

    def build(row: Row) -> bytes:
        body = _hidden(orjson.loads(row.body), hide)
        return canonical_json(
            {"v": VERSION, "number": row.number, "at": row.at, "kind": row.kind, "body": body}
        )

    return build


def pseudonyms(audit_key: bytes) -> Callable[[str], str]:
    """Return what tells the pseudonym of an id, or of anything that is not to be read."""
    keyed = hmac.new(audit_key, DOMAIN, "sha256")

    def pseudonym(hidden: str) -> str:
        digest = keyed.copy()
        digest.update(hidden.encode())
        return text(uuid8(digest.digest()))

    return pseudonym


def _hidden(value: Any, pseudonym: Callable[[str], str]) -> Any:
    """Return JSON with people's ids and somebody's own words replaced, at any depth."""
    if isinstance(value, dict):
        return {
            name: _people(each, pseudonym)
            if name in PEOPLE or name == WORDS
            else _hidden(each, pseudonym)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_hidden(each, pseudonym) for each in value]
    return value


def _people(value: Any, pseudonym: Callable[[str], str]) -> Any:
    """Return what stands under a person's name: every text in it is an id."""
    if isinstance(value, str):
        return pseudonym(value)
    if isinstance(value, list):
        return [_people(each, pseudonym) for each in value]
    return value  # nobody, or the count and digest of a list
