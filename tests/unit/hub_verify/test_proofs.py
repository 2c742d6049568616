"""Proof files: of a leaf, of a record by its hash, and of a record that is in the file."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from hub_verify.command import GOOD, WRONG, run
from hub_verify.note import Key
from hub_verify.proof import check_proof
from hub_verify.tree import EMPTY, check_inclusion, leaf_hash, node_hash, root_of
from hub_verify.verdict import WrongError
from projections import merkle
from projections.tlog.proof import proof_file
from tests.audit_logs import RECORDS, VKEY, Log, leaf

KEY = Key.parse(VKEY)
CHUNK = 6  # the index of a leaf of a chunk
OFFSET = 11


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(tmp_path_factory.mktemp("log")).grow(1, 600)


def test_every_leaf_is_proved(log: Log) -> None:
    for index in (*range(0, log.size, 7), 254, 255, 256, 257, 511, 512, 513, 599):
        proved = check_proof(log.proof(index), KEY)

        assert (proved.leaf.number, proved.record) == (index + 1, None)


@pytest.mark.parametrize("offset", RECORDS)
def test_every_record_of_a_chunk_is_proved(log: Log, offset: int) -> None:
    by_hash = check_proof(log.proof(CHUNK, offset, with_value=False), KEY)
    with_value = check_proof(log.proof(CHUNK, offset), KEY)

    assert by_hash.record is not None
    assert with_value.record is not None
    assert (by_hash.record.offset, by_hash.record.event) == (None, None)
    assert (with_value.record.offset, with_value.record.value) == (offset, RECORDS[offset])
    assert with_value.record.event == str(UUID(bytes=RECORDS[offset][5:21]))
    assert by_hash.record.hash == with_value.record.hash


def test_a_record_that_is_held_is_compared(log: Log) -> None:
    proof = log.proof(CHUNK, OFFSET, with_value=False)

    proved = check_proof(proof, KEY, (OFFSET, RECORDS[OFFSET]))

    assert proved.record is not None
    assert proved.record.value == RECORDS[OFFSET]
    for offset, value in ((OFFSET + 2, RECORDS[OFFSET]), (OFFSET, RECORDS[OFFSET + 2])):
        with pytest.raises(WrongError, match="another record"):
            check_proof(proof, KEY, (offset, value))
    with pytest.raises(WrongError, match="about no record"):
        check_proof(log.proof(3), KEY, (OFFSET, RECORDS[OFFSET]))


def test_a_node_is_no_leaf() -> None:
    """Without the byte before it, two hashes could be passed off as a leaf."""
    hashes = [leaf_hash(bytes([n])) for n in range(4)]
    root = root_of(hashes)
    forged = hashes[0] + hashes[1]
    beside = node_hash(hashes[2], hashes[3])

    with pytest.raises(WrongError, match="another root"):
        check_inclusion(leaf_hash(forged), 0, 2, [beside], root)
    with pytest.raises(WrongError, match="ends before"):
        check_inclusion(hashes[0], 0, 4, [hashes[1]], root)
    with pytest.raises(WrongError, match="longer"):
        check_inclusion(hashes[0], 0, 4, [hashes[1], beside, EMPTY], root)
    with pytest.raises(WrongError, match="not in a tree"):
        check_inclusion(hashes[0], 4, 4, [hashes[1], beside], root)


def forged(log: Log, record: object) -> bytes:
    path = log.tiles.inclusion(CHUNK)
    return proof_file(leaf(CHUNK + 1), CHUNK, path, log.notes[log.size], record)  # type: ignore[arg-type]


VALUE = b64encode(RECORDS[OFFSET]).decode()
HASH = merkle.leaf_hash(merkle.entry(OFFSET, RECORDS[OFFSET])).hex()


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ([], "not its fields"),
        ({}, "not its fields"),
        ({"index": 3, "path": [], "offset": 4, "value": VALUE}, "outside the chunk"),
        ({"index": 3, "path": [], "offset": 26, "value": VALUE}, "outside the chunk"),
        ({"index": 3, "path": [], "offset": True, "value": VALUE}, "outside the chunk"),
        ({"index": 3, "path": [], "offset": OFFSET, "value": VALUE + " "}, "base64"),
        ({"index": "3", "path": [], "hash": HASH}, "index and path"),
        ({"index": True, "path": [], "hash": HASH}, "index and path"),
        ({"index": 3, "path": None, "hash": HASH}, "index and path"),
        ({"index": 3, "path": [], "hash": HASH}, "ends before"),
        ({"index": 30, "path": [], "hash": HASH}, "not in a tree"),
        ({"index": 3, "path": [HASH.upper()], "hash": HASH}, "not written"),
        ({"index": 3, "path": [], "hash": HASH[2:]}, "another length"),
        ({"index": 3, "path": [], "hash": 5}, "not written"),
    ],
)
def test_a_part_about_a_record_that_is_refused(log: Log, record: object, why: str) -> None:
    with pytest.raises(WrongError, match=why):
        check_proof(forged(log, record), KEY)


def test_a_record_in_a_leaf_of_no_chunk(log: Log) -> None:
    record = orjson.loads(orjson.dumps({"index": 0, "path": [], "hash": HASH}))
    proof = proof_file(leaf(1), 0, log.tiles.inclusion(0), log.notes[log.size], record)

    with pytest.raises(WrongError, match="of no chunk"):
        check_proof(proof, KEY)


def test_a_key_that_was_swapped_and_a_proof_of_another_tree(log: Log) -> None:
    proof = log.proof(0)
    swapped = proof.partition(b"\n\n")[0] + b"\n\n" + log.notes[1]

    with pytest.raises(WrongError, match="longer"):
        check_proof(swapped, KEY)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"c2sp.org/tlog-proof@v1\n\n", b"\xff" * 40])
def test_what_is_no_proof(content: bytes) -> None:
    with pytest.raises(WrongError):
        check_proof(content, KEY)


def test_the_command(log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proof, record = tmp_path / "proof", tmp_path / "record"
    proof.write_bytes(log.proof(CHUNK, OFFSET))
    record.write_bytes(RECORDS[OFFSET])
    asked = ["proof", str(proof), "--key", VKEY]

    assert run(asked) == GOOD
    assert run([*asked, "--record", str(record), "--offset", str(OFFSET)]) == GOOD
    assert run([*asked, "--record", str(record), "--offset", "3"]) == WRONG
    assert run([*asked, "--offset", "3"]) == WRONG
    said = capsys.readouterr().out
    assert "GOOD: leaf 7 is in the log hub.test/audit of 600 leaves" in said
    assert f"at offset {OFFSET}, 45 bytes, event {UUID(bytes=RECORDS[OFFSET][5:21])}" in said
