"""What a leaf of the log says. Pure."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hub_verify.verdict import WrongError

_VERSION = 1
_MOST_SHOWN = 20
_NAMES = {"at", "body", "kind", "number", "v"}


class Leaf(NamedTuple):
    """One effect on record."""

    number: int  # from 1; the index in the log is one less
    at: str  # UTC
    kind: str
    body: dict[str, Any]


def read_leaf(content: bytes, index: int) -> Leaf:
    """Return the leaf that stands at ``index``.

    Raises:
        WrongError: it is none of ours, or belongs elsewhere.
    """
    try:
        found = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise WrongError(f"leaf {index} is no JSON, or has two readings") from None
    if not isinstance(found, dict) or found.keys() != _NAMES:
        raise WrongError(f"leaf {index} has not the fields of a leaf")
    if type(found["v"]) is not int or found["v"] != _VERSION:
        version = repr(found["v"])[:_MOST_SHOWN]
        raise WrongError(f"leaf {index} is of version {version}; this program knows {_VERSION}")
    if type(found["number"]) is not int or found["number"] != index + 1:
        raise WrongError(f"leaf {index} has another number")
    if not isinstance(found["body"], dict):
        raise WrongError(f"leaf {index} has no body")
    return Leaf(found["number"], str(found["at"]), str(found["kind"]), found["body"])


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; two readers may take another of two members with one name."""
    found = dict(members)
    if len(found) != len(members):
        raise ValueError
    return found
