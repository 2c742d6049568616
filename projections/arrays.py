"""Ids as arrays for statements."""

from __future__ import annotations

from collections.abc import Iterable


def uuids(identifiers: Iterable[bytes]) -> str:
    """Return ids as the text of a uuid[]: several times faster than an array of objects.

    >>> uuids([bytes(16)])
    '{00000000000000000000000000000000}'
    """
    return "{" + ",".join([identifier.hex() for identifier in identifiers]) + "}"
