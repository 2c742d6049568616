"""A proof file: one leaf in the log, and for an event its record in the chunk of that leaf. Pure.

It is a tlog-proof whose ``extra`` line holds the leaf and the record's place as canonical JSON.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any, NamedTuple

from hub_verify.leaf import Leaf, read_leaf
from hub_verify.note import Checkpoint, Key, open_checkpoint, strict64
from hub_verify.tree import HASH_BYTES, check_inclusion, leaf_hash
from hub_verify.verdict import WrongError

_FIRST = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})")
_EXTRA = "extra "
_VERSION = 1
_MOST_BYTES = 20_000_000
_WIRE_BYTES = 5  # a magic byte and the schema's id: Confluent wire format
_LAST_OFFSET = 2**63 - 1  # of Kafka
_ID_BYTES = 16  # the event's id comes first in every event


class Record(NamedTuple):
    """The record that a proof is about; offset and value are unknown if it holds a hash only."""

    hash: bytes
    offset: int | None
    value: bytes | None

    @property
    def event(self) -> str | None:
        """The event's id, as it stands in the record."""
        if self.value is None or len(self.value) < _WIRE_BYTES + _ID_BYTES:
            return None
        digits = self.value[_WIRE_BYTES : _WIRE_BYTES + _ID_BYTES].hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Proved(NamedTuple):
    """What a proof file proves."""

    checkpoint: Checkpoint
    leaf: Leaf
    record: Record | None


def check_proof(content: bytes, key: Key, record: tuple[int, bytes] | None = None) -> Proved:
    """Check a proof file.

    Args:
        content: the file.
        key: the log's.
        record: offset and value of a record that must be the one that is proved.

    Raises:
        WrongError: it proves nothing; the text says why.
    """
    if len(content) > _MOST_BYTES:
        raise WrongError("the proof is too long")
    head, blank, note = content.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise WrongError("the proof is not ASCII before its checkpoint") from None
    if not blank or lines[0] != _FIRST or len(lines) < 3:  # noqa: PLR2004 - first, extra, index
        raise WrongError("it is no tlog-proof of version 1")
    if not lines[1].startswith(_EXTRA):
        raise WrongError("the proof does not bring its leaf along")
    number = _INDEX.fullmatch(lines[2])
    if number is None:
        raise WrongError("the proof has no index, or it is not written as it must be")
    index, path = (
        int(number[1]),
        [_hash(strict64(line, "a hash of the proof")) for line in lines[3:]],
    )
    checkpoint = open_checkpoint(note, key)
    extra = _extra(strict64(lines[1].removeprefix(_EXTRA), "the extra data"))
    entry = extra["leaf"].encode()
    check_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root)
    leaf = read_leaf(entry, index)
    found = _record(extra["record"], leaf) if "record" in extra else None
    if record is not None:
        found = _same(found, *record)
    return Proved(checkpoint, leaf, found)


def _extra(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
        again = json.dumps(
            found, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()
    except (ValueError, RecursionError):
        raise WrongError("the extra data is no JSON") from None
    if again != content:
        raise WrongError("the extra data is not written as it must be")
    is_ours = isinstance(found, dict) and found.get("v") == _VERSION and type(found["v"]) is int
    if not is_ours or not {"leaf", "v"} <= found.keys() <= {"leaf", "record", "v"}:
        raise WrongError("the extra data has not the fields of version 1")
    if not isinstance(found["leaf"], str):
        raise WrongError("the leaf is no text")
    return dict(found)


def _record(given: Any, leaf: Leaf) -> Record:
    if leaf.kind != "chunk":
        raise WrongError("the leaf is of no chunk, so no record is in it")
    first, last, records = (leaf.body.get(n) for n in ("first_offset", "last_offset", "records"))
    if not (type(first) is type(last) is type(records) is int and first >= 0):
        raise WrongError("the leaf does not say which records are in the chunk")
    shapes = ({"hash", "index", "path"}, {"index", "offset", "path", "value"})
    if not isinstance(given, dict) or given.keys() not in shapes:
        raise WrongError("the record's part has not its fields")
    if "value" in given:
        offset, text = given["offset"], given["value"]
        if type(offset) is not int or not first <= offset <= min(last, _LAST_OFFSET):
            raise WrongError("the record's offset is outside the chunk")
        value = strict64(text, "the record") if text else b""
        record = Record(record_hash(offset, value), offset, value)
    else:
        record = Record(_hash(_hex(given["hash"])), None, None)
    index, path = given["index"], given["path"]
    if type(index) is not int or not isinstance(path, list):
        raise WrongError("the record's part has no index and path")
    hashes = [_hash(_hex(each)) for each in path]
    try:
        check_inclusion(record.hash, index, records, hashes, _hex(leaf.body.get("root")))
    except WrongError as error:
        raise WrongError(f"in the chunk: {error}") from None
    return record


def record_hash(offset: int, value: bytes) -> bytes:
    """Return the hash of one record in the tree of its chunk."""
    return sha256(b"\x00" + offset.to_bytes(8, "big") + value).digest()


def _same(found: Record | None, offset: int, value: bytes) -> Record:
    if found is None:
        raise WrongError("the proof is about no record")
    if not 0 <= offset <= _LAST_OFFSET:
        raise WrongError("no record has that offset")
    hashed = record_hash(offset, value)
    if hashed != found.hash:
        raise WrongError("the proof is about another record")
    return Record(hashed, offset, value)


def _hash(content: bytes) -> bytes:
    if len(content) != HASH_BYTES:
        raise WrongError("a hash has another length")
    return content


def _hex(text: Any) -> bytes:
    try:
        found = bytes.fromhex(text)
    except (TypeError, ValueError):
        found = b""
    if not found or found.hex() != text:
        raise WrongError("a hash is not written as it must be")
    return found
