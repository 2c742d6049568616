"""Decode canonical events fast, by one regular expression for each run of fields. Pure.

``decoder`` returns a function that returns the record, or None for "ask the strict decoder". It
never takes what the strict one refuses: the expression spells out the only encoding of each value
(shortest integers, union branches and symbols in range), so a match *is* the canonical encoding,
and nothing has to be encoded again to compare. It may refuse what the strict one takes (a ``long``
of more than 62 bits, an ``int`` of more than 32, an event whose meta names another type). Measured:
a third of the strict decoder's time. ``tests/unit/schemas/test_fast_codec.py`` holds the two
against each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

Record = dict[str, Any]
Decode = Callable[[bytes], Record | None]
Convert = Callable[[bytes | None], Any]

_HEADER_BYTES: Final = 5  # of the Confluent wire format
_VARINT: Final = rb"([\x00-\x7f]|[\x80-\xff]{1,8}[\x01-\x7f])"
_FIXED: Final = rb"(.{16})"
_SYMBOLS: Final = {b"\0": "CREATED", b"\2": "CORRECTED", b"\4": "ANNULLED", b"\6": "ENDED"}
_SOURCES: Final = {
    bytes([2 * len(word)]) + word.encode(): word for word in ("civil", "tax", "health", "hub")
}
_META: Final = [
    ("id", 16),
    ("record", 16),
    ("version", "long"),
    ("source", "string"),
    ("subject", 16),
    ("type", "string"),
    ("occurred_at", "long"),
    ("recorded_at", "long"),
    ("change", list(_SYMBOLS.values())),
    ("corrects", ["null", 16]),
    ("sequence", "long"),
    ("partition_sequence", "long"),
    ("digest", 16),
    ("correlation_id", 16),
    ("causation_id", ["null", 16]),
]
_META_GROUPS: Final = len(_META) - 1  # the type is spelled out, not captured
_LONGEST_TYPE: Final = 63  # its length takes one byte


class Run(NamedTuple):
    """Fields that one expression reads, and one of variable length behind them."""

    pattern: bytes
    fields: tuple[tuple[str, Convert | None], ...]  # None: the bytes as they are
    tail: tuple[str, Convert | None] | None  # the expression's last group is its length


def varint(encoded: bytes) -> int:
    """Return the integer of a zigzag variable-length encoding."""
    number = shift = 0
    for byte in encoded:
        number |= (byte & 0x7F) << shift
        shift += 7
    return (number >> 1) ^ -(number & 1)


_repeated = lru_cache(maxsize=65_536)(varint)  # for values that come again


@cache
def decoder(name: str, text: str) -> Decode | None:
    """Return the fast decoder of a schema; None if its shape is not one it knows.

    Args:
        name: the event type.
        text: the schema as registered.
    """
    meta, *fields = ((field["name"], field["type"]) for field in json.loads(text)["fields"])
    sizes: dict[str, int] = {}
    if meta[0] != "meta" or _shape(meta[1], sizes) != _META or len(name) > _LONGEST_TYPE:
        return None
    try:
        runs = _runs([(field, _shape(kind, sizes)) for field, kind in fields])
    except KeyError:
        return None
    head = runs[0]._replace(pattern=_meta_pattern(name) + runs[0].pattern)
    return _compile(name, head, runs[1:])


def _shape(kind: Any, sizes: dict[str, int]) -> Any:
    """Return a type without names, documents and logical types: fixed types as their size."""
    match kind:
        case {"type": "record", "fields": fields}:
            return [(field["name"], _shape(field["type"], sizes)) for field in fields]
        case {"type": "fixed", "name": name, "namespace": space, "size": size}:
            sizes[f"{space}.{name}"] = size
            return size
        case {"type": "enum", "symbols": symbols}:
            return symbols
        case {"type": inner}:
            return _shape(inner, sizes)
        case [*branches]:
            return [_shape(branch, sizes) for branch in branches]
        case _:
            return sizes.get(kind, kind)


def _meta_pattern(name: str) -> bytes:
    optional = rb"(?:\x00|\x02" + _FIXED + rb")"
    sources = b"(" + b"|".join(re.escape(source) for source in _SOURCES) + b")"
    kind = re.escape(bytes([2 * len(name)]) + name.encode())
    return b"".join(
        (
            *(_FIXED, _FIXED, _VARINT, sources, _FIXED, kind, _VARINT, _VARINT),
            *(rb"([\x00\x02\x04\x06])", optional, _VARINT, _VARINT, _FIXED, _FIXED, optional),
        )
    )


def _integer(encoded: bytes | None) -> int | None:
    return None if encoded is None else _repeated(encoded)


def _short_integer(encoded: bytes | None) -> int | None:
    number = _integer(encoded)
    if number is not None and not -(2**31) <= number < 2**31:
        raise ValueError  # fastavro takes it, but not inside a union
    return number


def _boolean(encoded: bytes | None) -> bool:
    return encoded == b"\x01"


def _word(encoded: bytes | None) -> str | None:
    return None if encoded is None else encoded.decode()


_PLAIN: Final[dict[Any, tuple[bytes, Convert | None]]] = {
    16: (_FIXED, None),
    "int": (_VARINT, _short_integer),
    "long": (_VARINT, _integer),
    "boolean": (rb"([\x00\x01])", _boolean),
}
_SIZED: Final[dict[Any, Convert | None]] = {"string": _word, "bytes": None}


def _runs(fields: list[tuple[str, Any]]) -> list[Run]:
    """Cut ``fields`` behind each that has a length.

    Raises:
        KeyError: a type that no event of ours has.
    """
    runs = []
    pattern = b""
    plain: list[tuple[str, Convert | None]] = []
    for name, shape in fields:
        match shape:
            case ["null", kind]:
                left, right = rb"(?:\x00|\x02", rb")"
            case kind:
                left = right = b""
        if kind in _SIZED:
            pattern += left + _VARINT + right
            runs.append(Run(pattern, tuple(plain), (name, _SIZED[kind])))
            pattern, plain = b"", []
        else:
            body, convert = _PLAIN[kind]
            pattern += left + body + right
            plain.append((name, convert))
    if pattern or not runs:
        runs.append(Run(pattern, tuple(plain), None))
    return runs


def _compile(name: str, head: Run, rest: list[Run]) -> Decode:
    read_head = re.compile(head.pattern, re.DOTALL).match
    further = [(re.compile(run.pattern, re.DOTALL).match, run) for run in rest]

    def decode(value: bytes) -> Record | None:
        match = read_head(value, _HEADER_BYTES)
        if match is None:
            return None
        groups = match.groups()
        record = {"meta": _meta(name, groups)}
        try:
            at = _read(value, match.end(), groups[_META_GROUPS:], head, record)
            for read, run in further:
                match = read(value, at)
                if match is None:
                    return None
                at = _read(value, match.end(), match.groups(), run, record)
        except ValueError:
            return None  # too large; a length below zero or beyond the end; not UTF-8
        return record if at == len(value) else None

    return decode


def _meta(name: str, groups: tuple[bytes, ...]) -> Record:
    return {
        "id": groups[0],
        "record": groups[1],
        "version": _repeated(groups[2]),
        "source": _SOURCES[groups[3]],
        "subject": groups[4],
        "type": name,
        "occurred_at": _repeated(groups[5]),
        "recorded_at": _repeated(groups[6]),
        "change": _SYMBOLS[groups[7]],
        "corrects": groups[8],
        "sequence": varint(groups[9]),
        "partition_sequence": varint(groups[10]),
        "digest": groups[11],
        "correlation_id": groups[12],
        "causation_id": groups[13],
    }


def _read(value: bytes, at: int, groups: tuple[bytes, ...], run: Run, record: Record) -> int:
    """Put the run's fields into ``record``; return where the next run begins."""
    for (field, convert), group in zip(run.fields, groups, strict=False):
        record[field] = group if convert is None else convert(group)
    if run.tail is None:
        return at
    field, convert = run.tail
    length = groups[-1]
    if length is None:
        record[field] = None
        return at
    end = at + _repeated(length)
    if not at <= end <= len(value):
        raise ValueError
    sized = value[at:end]
    record[field] = sized if convert is None else convert(sized)
    return end
