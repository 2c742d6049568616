"""Decode PostgreSQL's logical replication messages (pgoutput, protocol version 1). Pure.

One call, one message; nothing is remembered from one to the next. Column values stay the bytes that
the server sent.

Source:
    PostgreSQL 18, "Logical Replication Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from schemas.errors import PermanentError


class MalformedError(PermanentError):
    """The bytes are no message of protocol version 1."""


class Unchanged(Enum):
    """A TOASTed value that the change did not touch and the server did not send."""

    TOAST = "u"


Values = tuple[bytes | Unchanged | None, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """What a table looks like from here on."""

    oid: int
    namespace: str
    name: str
    identity: str  # "f": REPLICA IDENTITY FULL
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction that was committed; its changes follow."""

    commit_lsn: int
    committed_at: int  # microseconds since 2000-01-01 UTC
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """The transaction's end."""

    commit_lsn: int
    end_lsn: int  # just after the commit record: where the next one begins
    committed_at: int


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row."""

    oid: int
    new: Values


@dataclass(frozen=True, slots=True)
class Update:
    """A changed row; ``old`` is whole only under REPLICA IDENTITY FULL (``kind`` "O")."""

    oid: int
    kind: str | None  # "O" old row, "K" its key only, None nothing
    old: Values | None
    new: Values


@dataclass(frozen=True, slots=True)
class Delete:
    """A row that is gone."""

    oid: int
    kind: str  # "O" or "K"
    old: Values


@dataclass(frozen=True, slots=True)
class Truncate:
    """All rows of the tables are gone."""

    oids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """The transaction was replicated into this server from another."""

    name: str


@dataclass(frozen=True, slots=True)
class Type:
    """A data type that is not built in."""

    oid: int
    name: str


@dataclass(frozen=True, slots=True)
class Message:
    """What ``pg_logical_emit_message`` wrote."""

    transactional: bool
    lsn: int
    prefix: str
    content: bytes


Decoded = Relation | Begin | Commit | Insert | Update | Delete | Truncate | Origin | Type | Message

_BEGIN: Final = struct.Struct(">QqI")
_COMMIT: Final = struct.Struct(">BQQq")
_MESSAGE: Final = struct.Struct(">BQ")
_U16: Final = struct.Struct(">H").unpack_from
_U32: Final = struct.Struct(">I").unpack_from
_NULL, _TOAST, _TEXT = b"nut"


def decode(data: bytes) -> Decoded:
    """Return the message in ``data``, the whole of it.

    Raises:
        MalformedError: unknown, too short, or something is left over.
    """
    try:
        reader = _READERS[data[:1]]
    except KeyError:
        raise MalformedError(f"unknown replication message {data[:1]!r}") from None
    try:
        message, end = reader(data)
    except (struct.error, IndexError, UnicodeDecodeError):
        # the cause would show the row
        raise MalformedError(f"replication message {data[:1]!r} is cut short or broken") from None
    if end != len(data):
        raise MalformedError(f"replication message {data[:1]!r} has bytes left over")
    return message


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    if end < 0:
        raise IndexError
    return data[at:end].decode(), end + 1


def _values(data: bytes, at: int) -> tuple[Values, int]:
    (count,) = _U16(data, at)
    at += 2
    values: list[bytes | Unchanged | None] = []
    for _ in range(count):
        kind = data[at]
        if kind == _TEXT:
            (length,) = _U32(data, at + 1)
            begin = at + 5
            at = begin + length
            if at > len(data):
                raise IndexError
            values.append(data[begin:at])
            continue
        if kind == _NULL:
            values.append(None)
        elif kind == _TOAST:
            values.append(Unchanged.TOAST)
        else:
            raise MalformedError("a column in a format that was not asked for")
        at += 1
    return tuple(values), at


def _relation(data: bytes) -> tuple[Relation, int]:
    (oid,) = _U32(data, 1)
    namespace, at = _text(data, 5)
    name, at = _text(data, at)
    identity = chr(data[at])
    (count,) = _U16(data, at + 1)
    at += 3
    columns = []
    for _ in range(count):
        column, at = _text(data, at + 1)  # after the key flag
        columns.append(column)
        at += 8  # type and its modifier
    return Relation(oid, namespace or "pg_catalog", name, identity, tuple(columns)), at


def _begin(data: bytes) -> tuple[Begin, int]:
    return Begin(*_BEGIN.unpack_from(data, 1)), 1 + _BEGIN.size


def _commit(data: bytes) -> tuple[Commit, int]:
    _, commit_lsn, end_lsn, committed_at = _COMMIT.unpack_from(data, 1)
    return Commit(commit_lsn, end_lsn, committed_at), 1 + _COMMIT.size


def _insert(data: bytes) -> tuple[Insert, int]:
    (oid,) = _U32(data, 1)
    _expect(data, 5, b"N")
    new, at = _values(data, 6)
    return Insert(oid, new), at


def _update(data: bytes) -> tuple[Update, int]:
    (oid,) = _U32(data, 1)
    kind, old, at = None, None, 5
    if data[5:6] in (b"O", b"K"):
        kind = chr(data[5])
        old, at = _values(data, 6)
    _expect(data, at, b"N")
    new, at = _values(data, at + 1)
    return Update(oid, kind, old, new), at


def _delete(data: bytes) -> tuple[Delete, int]:
    (oid,) = _U32(data, 1)
    _expect(data, 5, b"OK")
    old, at = _values(data, 6)
    return Delete(oid, chr(data[5]), old), at


def _truncate(data: bytes) -> tuple[Truncate, int]:
    (count,) = _U32(data, 1)
    if len(data) < 6 + 4 * count:
        raise IndexError
    return Truncate(struct.unpack_from(f">{count}I", data, 6)), 6 + 4 * count


def _origin(data: bytes) -> tuple[Origin, int]:
    name, at = _text(data, 9)  # after the LSN at the origin
    return Origin(name), at


def _type(data: bytes) -> tuple[Type, int]:
    (oid,) = _U32(data, 1)
    _, at = _text(data, 5)
    name, at = _text(data, at)
    return Type(oid, name), at


def _message(data: bytes) -> tuple[Message, int]:
    flags, lsn = _MESSAGE.unpack_from(data, 1)
    prefix, at = _text(data, 1 + _MESSAGE.size)
    (length,) = _U32(data, at)
    at += 4
    if at + length > len(data):
        raise IndexError
    return Message(bool(flags & 1), lsn, prefix, data[at : at + length]), at + length


def _expect(data: bytes, at: int, kinds: bytes) -> None:
    if data[at] not in kinds:
        raise MalformedError("a row where another part was expected")


_READERS: Final[dict[bytes, Callable[[bytes], tuple[Decoded, int]]]] = {
    b"R": _relation,
    b"B": _begin,
    b"C": _commit,
    b"I": _insert,
    b"U": _update,
    b"D": _delete,
    b"T": _truncate,
    b"O": _origin,
    b"Y": _type,
    b"M": _message,
}
