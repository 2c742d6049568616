"""Keys, notes and checkpoints: what is accepted, and every way in which they are not."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest

from hub_verify.note import Checkpoint, Key, open_checkpoint, open_note
from hub_verify.verdict import WrongError
from projections.tlog.note import Signer
from tests.audit_logs import ORIGIN, OTHER, SIGNER, VKEY, resigned, signed

KEY = Key.parse(VKEY)
ROOT = sha256(b"root").digest()
NOTE = signed(20, ROOT)
TEXT, _, SIGNATURE = NOTE.partition(b"\n\n")
UNKNOWN = "— somebody.else " + b64encode(b"abcd" + bytes(64)).decode() + "\n"
# A witness' cosignature/v1: key id, time (here in the year 2199), signature. We know no witness.
_RAW = b"wxyz" + (7_258_118_399).to_bytes(8, "big") + bytes(64)
COSIGNED = f"— witness.example {b64encode(_RAW).decode()}\n"

# The example of C2SP signed-note v1.0.0.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_the_example_of_the_specification() -> None:
    assert open_note(EXAMPLE.encode(), Key.parse(EXAMPLE_KEY)) == "This is an example message.\n"


def test_a_checkpoint_says_size_and_root() -> None:
    assert open_checkpoint(NOTE, KEY) == Checkpoint(20, ROOT)


# Judged by the specification: signatures of unknown keys are passed over, also if they share the
# name or the id with a known key; the same line twice says nothing more.
@pytest.mark.parametrize(
    "more",
    [
        UNKNOWN.encode(),
        SIGNATURE,
        signed(20, ROOT, OTHER).partition(b"\n\n")[2],
        b"\xe2\x80\x94 other.name " + SIGNATURE.rpartition(b" ")[2],
        UNKNOWN.encode() * 15,
        COSIGNED.encode(),
    ],
    ids=["unknown", "twice", "same name, other id", "same id, other name", "sixteen", "cosigned"],
)
def test_what_changes_nothing_is_accepted(more: bytes) -> None:
    assert open_checkpoint(NOTE + more, KEY) == Checkpoint(20, ROOT)
    assert open_checkpoint(TEXT + b"\n\n" + more + SIGNATURE, KEY) == Checkpoint(20, ROOT)


def _signature(raw: bytes, name: str = ORIGIN) -> bytes:
    return TEXT + f"\n\n— {name} {b64encode(raw).decode()}\n".encode()


TRUE = SIGNER.key.sign(TEXT + b"\n")
B64 = b64encode(ROOT)


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (b"", "no text"),
        (NOTE[:-1], "does not end with a line"),
        (NOTE + b"\n", "no text, no signatures"),
        (NOTE.replace(b"\n", b"\r\n"), "control characters"),
        (NOTE.replace(b"20", b"2\x00"), "control characters"),
        (NOTE.replace(b"20", b"2\xff"), "UTF-8"),
        (NOTE.replace(b"\n\n", b"\n"), "no text"),
        (TEXT + b"\n\n", "no text, no signatures"),
        (TEXT + b"\n\n" + UNKNOWN.encode(), "not signed by the key"),
        (signed(20, ROOT, OTHER), "not signed by the key"),
        (_signature(OTHER.key_id + TRUE), "not signed by the key"),
        (_signature(SIGNER.key_id + TRUE, "other.name"), "not signed by the key"),
        (_signature(SIGNER.key_id + TRUE[:-1]), "does not belong"),
        (_signature(SIGNER.key_id + TRUE[:-1] + bytes([TRUE[-1] ^ 1])), "does not belong"),
        (_signature(SIGNER.key_id + OTHER.key.sign(TEXT + b"\n")), "does not belong"),
        (_signature(SIGNER.key_id), "too short"),
        (NOTE + _signature(SIGNER.key_id + bytes(64)).partition(b"\n\n")[2], "does not belong"),
        (NOTE.replace("—".encode(), b"-"), "signature line"),
        (NOTE + b"nonsense\n", "signature line"),
        (NOTE.replace(b"=\n", b"\n"), "base64"),
        (NOTE + UNKNOWN.encode() * 70, "too many"),
        (NOTE.replace(b"20\n", b"21\n"), "does not belong"),
        (resigned(b"hub.test/audit\n020\n" + B64 + b"\n"), "no number"),
        (resigned(b"hub.test/audit\n+20\n" + B64 + b"\n"), "no number"),
        (resigned(b"hub.test/audit\n-1\n" + B64 + b"\n"), "no number"),
        (resigned(b"hub.test/audit\n\xd9\xa3\n" + B64 + b"\n"), "no number"),
        (resigned(b"hub.test/audit\n" + b"9" * 19 + b"\n" + B64 + b"\n"), "no number"),
        (resigned(b"hub.test/other\n20\n" + B64 + b"\n"), "another log"),
        (resigned(b"hub.test/audit\n20\n" + B64[:-4] + b"\n"), "no hash"),
        (resigned(b"hub.test/audit\n20\n" + B64[:-1] + b"\n"), "base64"),
        (resigned(b"hub.test/audit\n20\n" + B64[:-2] + b"9=\n"), "base64"),
        (resigned(b"hub.test/audit\n20\n " + B64 + b"\n"), "base64"),
        (resigned(b"hub.test/audit\n0\n" + B64 + b"\n"), "empty log"),
        (resigned(b"hub.test/audit\n20\n" + B64 + b"\nmore\n"), "three lines"),
        (resigned(b"hub.test/audit\n20\n"), "three lines"),
        (b"a" * 1_000_001, "too long"),
    ],
)
def test_what_is_refused(note: bytes, why: str) -> None:
    with pytest.raises(WrongError, match=why):
        open_checkpoint(note, KEY)


def test_an_empty_log_has_the_hash_of_nothing() -> None:
    assert open_checkpoint(signed(0, sha256(b"").digest()), KEY).size == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hub.test/audit",
        VKEY.replace("hub", "bub"),
        VKEY.replace(SIGNER.key_id.hex(), "00000000"),
        VKEY.replace(SIGNER.key_id.hex(), SIGNER.key_id.hex().upper()),
        VKEY[:-4],
        f"{ORIGIN}+{SIGNER.key_id.hex()}+" + b64encode(b"\x02" + SIGNER.public).decode(),
        VKEY.replace("hub.test", "hub test"),
    ],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(WrongError, match="key"):
        Key.parse(text)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak", "\u00a0"])
def test_an_origin_that_cannot_be_a_keys_name(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Signer.of(origin, bytes(32))


def test_the_hub_reads_its_own_checkpoint_and_no_other() -> None:
    assert tuple(SIGNER.read(NOTE)) == (20, ROOT)
    with pytest.raises(ValueError, match="key"):
        OTHER.read(NOTE)
    with pytest.raises(ValueError, match="no checkpoint"):
        SIGNER.read(resigned(b"hub.test/other\n20\n" + B64 + b"\n"))
