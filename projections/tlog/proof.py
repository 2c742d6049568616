"""Write a proof file: a tlog-proof whose ``extra`` line brings leaf and record along. Pure.

Source: C2SP tlog-proof. ``extra`` is canonical JSON: ``v``, ``leaf``, and for an event ``record``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from projections import merkle
from schemas.ids import canonical_json

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_VERSION: Final = 1


def proof_file(
    leaf: bytes,
    index: int,
    path: Sequence[bytes],
    checkpoint: bytes,
    record: Mapping[str, object] | None = None,
) -> bytes:
    """Return the file.

    Args:
        leaf: as it stands in the log.
        index: its place there.
        path: the hashes beside the way to the checkpoint's root, its sibling first.
        checkpoint: the signed note.
        record: what ``record_part`` gives, for an event.
    """
    extra: dict[str, object] = {"v": _VERSION, "leaf": leaf.decode()}
    if record is not None:
        extra["record"] = record
    lines = [
        _FIRST,
        f"extra {b64encode(canonical_json(extra)).decode()}",
        f"index {index}",
        *(b64encode(each).decode() for each in path),
    ]
    return "\n".join(lines).encode() + b"\n\n" + checkpoint


def record_part(
    records: Mapping[int, bytes], offset: int, *, with_value: bool
) -> dict[str, object] | None:
    """Return what a proof says of one record of a chunk; None if it is not in it.

    Args:
        records: of the chunk, by offset, in order.
        offset: of the record.
        with_value: whether the record itself goes in, which holds what the event says in clear,
            or its hash only.
    """
    if offset not in records:
        return None
    hashes = [merkle.leaf_hash(merkle.entry(*one)) for one in records.items()]
    index = list(records).index(offset)
    path = [each.hex() for each in merkle.path(hashes, index)]
    if with_value:
        value = b64encode(records[offset]).decode()
        return {"index": index, "path": path, "offset": offset, "value": value}
    return {"index": index, "path": path, "hash": hashes[index].hex()}
