"""One request on its way through: who it is from, and whether it is on record. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from projections.http.tokens import Bearer

MOST_URL_BYTES: Final = 2_048
MOST_HEADER_BYTES: Final = 16_384
MOST_HEADERS: Final = 64
# Any fourteen digits, however they are separated by what a person or an encoder puts between them.
_NATIONAL: Final = re.compile(rb"(?:[0-9][\s+._/-]?){14}")
_UUID: Final = re.compile(rb"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOST_DECODINGS: Final = 4
MALFORMED: Final = "hub.malformed"  # in a scope: what came, or what came after it, is no HTTP
_PRINTABLE: Final = re.compile(rb"[\x21-\x7e]*")
# Of these each counts once; a second one may be read by a proxy where we read the first.
_SINGLE: Final = frozenset(
    {
        b"authorization",
        b"hub-purpose",
        b"hub-basis",
        b"idempotency-key",
        b"if-none-match",
        b"content-type",
        b"content-length",
        b"host",
    }
)


@dataclass(slots=True)
class Incoming:
    """What is known of a request before anybody looks into it."""

    request: str  # its id: ours, by chance
    place: str  # from where, for counting only; never written down
    bearer: Bearer | None = None
    is_on_record: bool = False  # its leaf is committed


def of(scope: Scope) -> Incoming:
    """Return what ``scope`` carries."""
    found: Incoming = scope["hub"]
    return found


def fault_of(scope: Scope) -> str | None:
    """Return the problem that the URL or the headers of a request are, by name."""
    if scope.get(MALFORMED) or _is_framed_in_two_ways(scope):
        return "request-malformed"
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    if len(path) + len(query) > MOST_URL_BYTES:
        return "url-too-long"
    if holds_number(path) or holds_number(query):
        return "number-in-url"
    if not (_PRINTABLE.fullmatch(path) and _PRINTABLE.fullmatch(query)):
        return "url-malformed"
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(headers) > MOST_HEADERS or sum(len(n) + len(v) for n, v in headers) > MOST_HEADER_BYTES:
        return "headers-too-large"
    names = [name for name, _ in headers if name in _SINGLE]
    return "parameter-repeated" if len(names) != len(set(names)) else None


def _is_framed_in_two_ways(scope: Scope) -> bool:
    """Return whether a proxy may see another end of the body than we do (RFC 9112, 6.1)."""
    names = {name for name, _ in scope["headers"]}
    is_chunked = b"transfer-encoding" in names
    return is_chunked and (b"content-length" in names or scope["http_version"] < "1.1")


def holds_number(text: bytes) -> bool:
    """Return whether fourteen digits in a row are in part of a URL; an id of ours is none.

    >>> holds_number(b"/v1/persons/3021%31975910033"), holds_number(b"/v1/persons/3021197591003")
    (True, False)
    >>> holds_number(b"5d1c33f0-8a51-8e02-9b77-303021197591")
    False
    """
    for _ in range(_MOST_DECODINGS):
        if _NATIONAL.search(_UUID.sub(b"/id/", text)):
            return True
        decoded = unquote_to_bytes(text)
        if decoded == text:
            return False
        text = decoded
    return True  # encoded over and over: whoever does that hides something
