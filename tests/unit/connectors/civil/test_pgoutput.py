from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.civil.pgoutput import (
    Begin,
    Commit,
    Delete,
    Insert,
    MalformedError,
    Message,
    Origin,
    Relation,
    Truncate,
    Type,
    Unchanged,
    Update,
    decode,
)
from tests.unit.connectors.civil import messages as wire

# One transaction as PostgreSQL 18.6 sent it: insert, update, delete, message, truncate.
_ROW = (
    "000974000000027631740000000131740000000576616c69646e6e7400000016323032362d30312d30322030333a"
    "30343a30352b3030740000000161740000000162740000000a323032302d30312d3031"
)
_ROW_2 = (
    "000974000000027631740000000132740000000576616c69646e6e7400000016323032362d30312d30322030333a"
    "30343a30352b3030740000000161740000000162740000000a323032302d30312d3032"
)
_RELATION = (
    "520000418e636976696c006469766f72636500660009017265636f72645f69640000000019ffffffff0172657669"
    "73696f6e0000000017ffffffff017374617475730000000019ffffffff017265706c616365730000000019ffffff"
    "ff017265706c616365735f7265766973696f6e0000000017ffffffff01726567697374657265645f617400000004"
    "a0ffffffff0173706f757365315f70696e666c0000000019ffffffff0173706f757365325f70696e666c00000000"
    "19ffffffff016469766f726365645f6f6e0000000019ffffffff"
)
CAPTURED = [
    bytes.fromhex(text)
    for text in (
        "420000000002d44040000303df52aa55a400000313",
        _RELATION,
        "490000418e4e" + _ROW,
        "550000418e4f" + _ROW + "4e" + _ROW_2,
        "440000418e4f" + _ROW_2,
        "4d010000000002d434606875622e686561727462656174000000000178",
        "5400000001000000418e",
        "43000000000002d440400000000002d441b0000303df52aa55a4",
    )
]


def test_a_captured_transaction_is_read() -> None:
    row = (b"v1", b"1", b"valid", None, None, b"2026-01-02 03:04:05+00", b"a", b"b", b"2020-01-01")
    later = (b"v1", b"2", *row[2:8], b"2020-01-02")

    begin, relation, *changes = [decode(message) for message in CAPTURED]

    assert begin == Begin(0x2D44040, 0x303DF52AA55A4, 0x313)
    assert isinstance(relation, Relation)
    assert (relation.namespace, relation.name, relation.identity) == ("civil", "divorce", "f")
    assert relation.columns[-1] == "divorced_on"
    assert changes == [
        Insert(0x418E, row),
        Update(0x418E, "O", row, later),
        Delete(0x418E, "O", later),
        Message(True, 0x2D43460, "hub.heartbeat", b"x"),
        Truncate((0x418E,)),
        Commit(0x2D44040, 0x2D441B0, 0x303DF52AA55A4),
    ]


def test_what_the_capture_lacks_is_read_from_messages_made_by_hand() -> None:
    row = wire.values("a", None, wire.TOAST)

    assert decode(b"O" + bytes(8) + b"standby\0") == Origin("standby")
    assert decode(b"Y" + bytes(4) + b"civil\0sex\0") == Type(0, "sex")
    assert decode(b"U" + (7).to_bytes(4, "big") + b"N" + row) == Update(
        7, None, None, (b"a", None, Unchanged.TOAST)
    )
    assert decode(wire.message("hub.x", b"", transactional=False)) == Message(
        False, 99, "hub.x", b""
    )


@given(st.binary(max_size=200))
@example(b"")
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    _read_or_refuse(data)


@given(st.sampled_from(CAPTURED), st.data())
def test_a_damaged_message_is_read_or_refused(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    _read_or_refuse(bytes(damaged))


@pytest.mark.parametrize("whole", CAPTURED, ids=lambda whole: chr(whole[0]))
def test_a_message_cut_short_or_too_long_is_refused(whole: bytes) -> None:
    for end in range(len(whole)):
        with pytest.raises(MalformedError):
            decode(whole[:end])
    with pytest.raises(MalformedError, match="left over"):
        decode(whole + b"\0")


def test_the_refusal_does_not_show_the_row() -> None:
    with pytest.raises(MalformedError) as error:
        decode(wire.insert(wire.death(pinfl="30211975910033"))[:-3])

    assert "30211975910033" not in str(error.value)
    assert error.value.__cause__ is None


def _read_or_refuse(data: bytes) -> None:
    try:
        decode(data)
    except MalformedError:
        return
