"""Audit logs without a database: leaves, tiles, checkpoints and proofs of invented effects."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from projections import merkle
from projections.tlog.build import Row, builder
from projections.tlog.folder import Folder
from projections.tlog.note import Checkpoint, Signer
from projections.tlog.proof import proof_file, record_part
from projections.tlog.tiles import Tiles
from projections.tlog.tree import Edge

ORIGIN = "hub.test/audit"
SIGNER = Signer.of(ORIGIN, bytes(range(32)))
OTHER = Signer.of(ORIGIN, bytes(32))  # the same name, another key
VKEY = SIGNER.verifier_key
AUDIT_KEY = bytes(range(32, 64))
BUILD = builder(AUDIT_KEY)
AT = "2026-11-22T12:00:00.000000Z"
RECORDS = {n * 2 + 5: b"\x00\x00\x00\x00\x07" + bytes([n]) * 40 for n in range(11)}


def leaf(number: int, note: str = "") -> bytes:
    """Return a leaf; every seventh is of a chunk that holds ``RECORDS``."""
    if number % 7:
        return BUILD(Row(number, AT, "read", json.dumps({"what": "test", "note": note})))
    root = merkle.root(merkle.entry(*one) for one in RECORDS.items()).hex()
    body = {
        "topic": "registry.civil.events.v1",
        "partition": 0,
        "first_offset": min(RECORDS),
        "last_offset": max(RECORDS),
        "records": len(RECORDS),
        "root": root,
    }
    return BUILD(Row(number, AT, "chunk", json.dumps(body)))


@dataclass
class Log:
    """A log in a folder, published at some sizes on the way."""

    root: Path
    signer: Signer = SIGNER
    notes: dict[int, bytes] = field(default_factory=dict)

    def grow(self, *sizes: int, leaves: Iterable[bytes] | None = None) -> Log:
        """Publish at each size, and keep each checkpoint."""
        edge = Edge()
        source = iter(leaves) if leaves is not None else None
        with closing(Folder(self.root)) as folder:
            for size in sizes:
                fresh = range(edge.size + 1, size + 1)
                folder.write(
                    edge.append(leaf(n) if source is None else next(source) for n in fresh)
                )
                folder.write(edge.partials())
                note = self.notes[size] = self.signer.sign(edge.checkpoint())
                folder.write([(f"checkpoints/2026-11-22/{size}", note)])
                folder.sync()
                folder.publish(note)
        return self

    @property
    def size(self) -> int:
        return max(self.notes)

    @cached_property
    def tiles(self) -> Tiles:
        return Tiles(self.root, self.size)

    def files(self) -> dict[str, bytes]:
        """Return every file by name."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }

    def proof(self, index: int, offset: int | None = None, *, with_value: bool = True) -> bytes:
        """Return a proof file of one leaf, and of a record in its chunk."""
        record = None if offset is None else record_part(RECORDS, offset, with_value=with_value)
        path = self.tiles.inclusion(index)
        return proof_file(self.tiles.entry(index), index, path, self.notes[self.size], record)


def signed(size: int, root: bytes, signer: Signer = SIGNER) -> bytes:
    """Return a checkpoint that says so."""
    return signer.sign(Checkpoint(size, root))


def resigned(text: bytes, signer: Signer = SIGNER) -> bytes:
    """Return a note over any text, with a true signature."""
    signature = b64encode(signer.key_id + signer.key.sign(text)).decode()
    return text + f"\n— {signer.origin} {signature}\n".encode()


@contextmanager
def changed(root: Path, whole: dict[str, bytes], files: dict[str, bytes]) -> Iterator[Path]:
    """Have other files below ``root`` for a while, instead of ``whole``."""
    others = {name: files.get(name) for name in whole.keys() | files.keys()}
    others = {name: content for name, content in others.items() if content != whole.get(name)}
    try:
        for name, content in others.items():
            _put(root / name, content)
        yield root
    finally:
        for name in others:
            _put(root / name, whole.get(name))


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below ``root``."""
    for name, content in files.items():
        _put(root / name, content)
    return root
