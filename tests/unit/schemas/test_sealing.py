"""A sealed block opens for its key, its event and its class, unchanged, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import PermanentError
from schemas.sealing import open_bytes, open_sealed, seal, seal_bytes

KEY, EVENT = bytes(range(32)), bytes(16)


@given(plain=st.binary(max_size=300))
def test_what_was_sealed_opens(plain: bytes) -> None:
    block = seal_bytes(KEY, EVENT, "health", plain)

    assert open_bytes(KEY, EVENT, "health", block) == plain
    assert (len(block) - 29) % 64 == 0  # format, nonce, tag; then the size in steps


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda block: open_sealed(KEY, bytes(15) + b"\x01", "health", block),
        lambda block: open_sealed(KEY, EVENT, "identity", block),
        lambda block: open_sealed(bytes(32), EVENT, "health", block),
    ],
)
def test_a_block_that_was_moved_does_not_open(elsewhere: Callable[[bytes], object]) -> None:
    block = seal(KEY, EVENT, "health", {"group": 2})

    with pytest.raises(PermanentError, match="does not open"):
        elsewhere(block)


def test_no_changed_byte_opens_and_the_error_tells_nothing() -> None:
    block = seal(KEY, EVENT, "identity", {"surname": "Nobody"})

    for place in range(len(block)):
        spoilt = bytearray(block)
        spoilt[place] ^= 0x40
        with pytest.raises(PermanentError) as refused:
            open_sealed(KEY, EVENT, "identity", bytes(spoilt))
        assert "Nobody" not in str(refused.value)
    with pytest.raises(PermanentError):
        open_sealed(KEY, EVENT, "identity", block[:20])


def test_no_nonce_comes_twice() -> None:
    nonces = {seal(KEY, EVENT, "health", None)[1:13] for _ in range(5_000)}

    assert len(nonces) == 5_000
