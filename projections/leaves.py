"""Effects on record: one leaf each, written in the transaction that makes the effect.

The effect and its leaf are one commit: a crash before it leaves neither, after it both. The table
keeps ids as they are; ``projections.tlog.build`` publishes a leaf with people as pseudonyms. What
each kind says is listed in ``docs/audit.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import orjson
import psycopg

from schemas.errors import PermanentError
from schemas.ids import canonical_json

KINDS: Final = (
    "chunk",
    "decision",
    "read",
    "refusal",
    "operator",
    "key",
    "configuration",
    "replay",
    "payments",
    "draft_law",
    "feed",
)
# Ids of people stand under these names only, at any depth; they are published as pseudonyms.
PEOPLE: Final = frozenset({"person", "persons", "alias", "household", "members"})
# Somebody's own words stand under this name; published as a keyed digest: they may name anybody.
WORDS: Final = "reason"
MOST_BYTES: Final = 4096  # of a published leaf
_ENVELOPE: Final = 160  # what a published leaf has around its body, at most
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NATIONAL: Final = re.compile(r"(?<!\w)\d{14}(?!\w)")
REMOVED: Final = "(a number was taken out)"

INSERT: Final = "INSERT INTO kept.audit_leaves (kind, body) VALUES (%s, %s)"
COPY: Final = "COPY kept.audit_leaves (kind, body) FROM STDIN"


class LeafError(PermanentError):
    """A leaf that may not be written, and so neither may its effect; the text names the field."""


def leave(connection: psycopg.Connection[Any], kind: str, body: Mapping[str, object]) -> None:
    """Put an effect on record, in the transaction that is open.

    Args:
        connection: to the hub's database; in autocommit the leaf is committed by itself.
        kind: one of ``KINDS``.
        body: JSON values, UUIDs, dates and times; ids of people under ``PEOPLE`` only. A list that
            makes it too long goes in as its count and digest.

    Raises:
        LeafError: the body is not what a leaf may be; nothing was written.
    """
    connection.execute(INSERT, row(kind, body))


def row(kind: str, body: Mapping[str, object]) -> tuple[str, str]:
    """Return what ``INSERT`` and ``COPY`` take: the kind, and the body as JSON text.

    Raises:
        LeafError: the body is not what a leaf may be.
    """
    if kind not in KINDS:
        raise LeafError(f"{kind} is no kind of leaf; see docs/audit.md")
    try:
        text = canonical_json(body)
    except TypeError as error:
        raise LeafError(f"a leaf of kind {kind} holds what is no JSON value") from error
    plain = orjson.loads(text)
    if not isinstance(plain, dict):
        raise LeafError(f"a leaf of kind {kind} is not a JSON object")
    checked = _object(kind, plain)
    text = canonical_json(checked)
    while len(text) > MOST_BYTES - _ENVELOPE:
        _shorten(kind, checked)
        text = canonical_json(checked)
    return kind, text.decode()


def digest_of(values: Iterable[object]) -> dict[str, object]:
    """Return what a leaf says of a list that is too long for it.

    >>> digest_of(["a", "b"])["count"]
    2
    """
    listed = list(values)
    return {"count": len(listed), "sha256": sha256(canonical_json(listed)).hexdigest()}


def _shorten(kind: str, body: dict[str, Any]) -> None:
    """Replace the longest list by its count and digest."""
    lists = {name: len(canonical_json(v)) for name, v in body.items() if isinstance(v, list)}
    longest = max(lists, key=lambda name: (lists[name], name), default=None)
    if longest is None or lists[longest] < 100:  # noqa: PLR2004 - bytes that a digest takes
        raise LeafError(f"a leaf of kind {kind} is longer than {MOST_BYTES} bytes")
    body[longest] = digest_of(body[longest])


def _object(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _people(kind, name, value) if name in PEOPLE else _plain(kind, name, value)
        for name, value in values.items()
    }


def _plain(kind: str, name: str, value: Any) -> Any:
    if isinstance(value, str):
        # PostgreSQL's JSON has no zero character; a leaf is not lost for that.
        return _NATIONAL.sub(REMOVED, value).replace("\0", "")
    if isinstance(value, dict):
        return _object(kind, value)
    if isinstance(value, list):
        return [_plain(kind, name, each) for each in value]
    if isinstance(value, float):
        # Two languages may write the same float differently; then nobody could check the leaf.
        raise LeafError(f"a leaf of kind {kind} has a fraction under {name}")
    return value


def _people(kind: str, name: str, value: Any) -> Any:
    """Return ids as they are.

    Raises:
        LeafError: it is no id; what it is may be a name, so the text does not repeat it.
    """
    if isinstance(value, list):
        return [_people(kind, name, each) for each in value]
    is_digest = isinstance(value, dict) and value.keys() == {"count", "sha256"}
    if value is None or is_digest or (isinstance(value, str) and _UUID.fullmatch(value)):
        return value
    raise LeafError(f"a leaf of kind {kind} has under {name} what is no id")
