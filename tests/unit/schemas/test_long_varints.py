"""Integers of more than 64 bits: the fast decoder must not take what the strict one refuses."""

from __future__ import annotations

import pytest

from schemas.catalogue import catalogue
from schemas.codec import Decoded, decode_chunk, encode
from schemas.errors import InvalidRecord
from tests.builders import record

ROW = catalogue()["tax.income_reported"]
LOWEST = b"\xff" * 9 + b"\x01"  # -2**63


@pytest.mark.parametrize("field", ["gross_minor", "version"])
@pytest.mark.parametrize("last", [b"\x02", b"\x03", b"\x7f"])
def test_an_integer_of_more_than_64_bits_is_not_canonical(field: str, last: bytes) -> None:
    each = record()
    (each["meta"] if field == "version" else each)[field] = -(2**63)
    value = encode(ROW, 1, each)
    assert value.count(LOWEST) == 1
    longer = value.replace(LOWEST, LOWEST[:-1] + last)

    taken, refused = decode_chunk([value, longer], {1: ROW})

    assert isinstance(taken, Decoded)
    assert isinstance(refused, InvalidRecord)
    assert refused.rule == "not_canonical"
