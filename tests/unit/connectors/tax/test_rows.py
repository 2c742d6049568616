"""Rows of a good file that are bad alone, and the bytes that quarantine gets."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tax.manifest import Manifest
from connectors.tax.rows import Limits, Row, check, rows
from tests.integration.connectors.tax.deliveries import csv_bytes

HEADER = b"row,change,pinfl,stir,name,employer_stir,started_on\n"


def manifest(count: int) -> Manifest:
    return Manifest(1, "employment", "2026-08", "a.csv", count, "0" * 64, "soum", None)


def read(body: bytes, count: int) -> list[Row]:
    file = BytesIO(HEADER + body)
    check(file, manifest(count), Limits())
    return list(rows(file, manifest(count), Limits()))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"2,N,p,s\n", id="cells too few"),
        pytest.param(b"2,N,p,s,n,e,d,more\n", id="cells too many"),
        pytest.param(b'2,N,p,s,"n"x,e,d\n', id="text after a quote"),
        pytest.param(b"2,N,p\rq,s,n,e,d\n", id="a bare carriage return"),
        pytest.param(b"2\n", id="only its number"),
    ],
)
def test_a_bad_row_is_bad_alone(bad: bytes) -> None:
    first, second, third = read(b"1,N,p,s,n,e,d\n" + bad + b"3,N,p,s,n,e,d\n", 3)

    assert (second.number, second.cells, second.raw) == (2, None, bad)
    assert first.cells == ["1", "N", "p", "s", "n", "e", "d"]
    assert third.cells == ["3", "N", "p", "s", "n", "e", "d"]


def test_a_quoted_cell_may_hold_line_ends_and_quotes() -> None:
    raw = b'1,N,p,s,"a\r\nb ""c"", d",e,d\r\n'

    assert read(raw, 1) == [Row(1, raw, ["1", "N", "p", "s", 'a\r\nb "c", d', "e", "d"])]


def test_blank_lines_and_a_missing_last_line_end_are_no_rows() -> None:
    found = read(b"1,N,p,s,n,e,d\n\n\r\n2,N,p,s,n,e,d", 2)

    assert [row.number for row in found] == [1, 2]


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20), max_size=8
    )
)
def test_what_is_written_is_read(names: list[str]) -> None:
    body = [[str(n), "N", "p", "s", name, "e", "d"] for n, name in enumerate(names, 1)]
    data = csv_bytes(body, HEADER.decode().strip().split(","))
    file = BytesIO(data)
    check(file, manifest(len(names)), Limits())

    found = list(rows(file, manifest(len(names)), Limits()))

    assert [row.cells and row.cells[4] for row in found] == names
    assert HEADER + b"".join(row.raw for row in found) == data
