"""A bad delivery is refused whole, with a reason beside it, until it changes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.tax.rows import Limits
from tests.integration.connectors.tax.deliveries import (
    INCOME,
    DropFolder,
    csv_bytes,
    income_rows,
)
from tests.integration.connectors.tax.relaying import Published, relay_all

GOOD = csv_bytes(income_rows(3))
NAME = "income-0001"


def renumbered(*numbers: str) -> bytes:
    rows = income_rows(len(numbers))
    return csv_bytes([[n, *row[1:]] for n, row in zip(numbers, rows, strict=True)])


def named(name: str) -> bytes:
    return csv_bytes([[*row[:4], name, *row[5:]] for row in income_rows(3)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "header", id="empty file"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, "header", id="byte order mark"),
        pytest.param(csv_bytes(income_rows(3), INCOME[::-1]), "header", id="header reversed"),
        pytest.param(csv_bytes(income_rows(3), INCOME[:-1]), "header", id="a column fewer"),
        pytest.param(GOOD.replace(b",", b";"), "header", id="semicolons"),
        pytest.param(GOOD.replace(b"\n", b"\r"), "header", id="carriage returns only"),
        pytest.param(named("Каримов").decode().encode("cp1251"), "not_utf8", id="cp1251"),
        pytest.param(GOOD.decode().encode("utf-16"), "not_utf8", id="UTF-16"),
        pytest.param(GOOD.decode().encode("utf-16-le"), "header", id="UTF-16 without mark"),
        pytest.param(renumbered("1", "3", "2"), "row_numbers", id="rows out of order"),
        pytest.param(renumbered("1", "1", "2"), "row_numbers", id="a row twice"),
        pytest.param(renumbered("0", "1", "2"), "row_numbers", id="from nought"),
        pytest.param(renumbered("1", "02", "3"), "row_numbers", id="padded"),
        pytest.param(GOOD.replace(b"\n2,", b"\n\0,"), "row_numbers", id="NUL for a number"),
        pytest.param(csv_bytes(income_rows(2)), "rows", id="a row fewer"),
        pytest.param(csv_bytes(income_rows(4)), "rows", id="a row more"),
        pytest.param(named("x" * 1_000_000), "row_too_long", id="a field of a megabyte"),
        pytest.param(GOOD.replace(b"\n2,N,", b'\n2,N,"'), "csv", id="a quote that never ends"),
        pytest.param(
            GOOD + b'4,N,"' + b"\n" * 100_000, "row_too_long", id="a quote that swallows the rest"
        ),
    ],
)
def test_a_bad_file_is_refused_whole(drop: DropFolder, data: bytes, reason: str) -> None:
    drop.deliver(1, data, rows=3)

    published = relay_all(drop.source, Published())

    assert published.records == []
    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == reason
    assert drop.names() == ([f"{NAME}.csv", f"{NAME}.manifest.json", f"{NAME}.refused.json"], [])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda z: z[:-20], id="cut"),
        pytest.param(lambda z: z[:40] + b"\xff\xff\xff" + z[43:], id="bits turned"),
        pytest.param(lambda z: z[:-8] + b"\0\0\0\0" + z[-4:], id="wrong checksum"),
        pytest.param(lambda z: z + b"rubbish", id="something after it"),
        pytest.param(lambda _: GOOD, id="no gzip at all"),
    ],
)
def test_broken_gzip_is_refused(drop: DropFolder, spoil: Callable[[bytes], bytes]) -> None:
    path = drop.deliver(1, csv_bytes(income_rows(500)), rows=500, zipped=True)
    file = drop.inbox / f"{NAME}.csv.gz"
    file.write_bytes(spoil(file.read_bytes()))
    _mend_hash(path, file)

    assert relay_all(drop.source, Published()).records == []
    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "gzip"


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(drop: DropFolder) -> None:
    path = drop.deliver(1, GOOD, rows=3, zipped=True)
    file = drop.inbox / f"{NAME}.csv.gz"
    bomb = csv_bytes([]) + b"\n" * 50_000_000
    file.write_bytes(gzip.compress(bomb))
    _mend_hash(path, file)

    relay_all(lambda: drop.source(limits=Limits(unpacked_bytes=100_000)), Published())

    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "too_large"


def test_a_file_over_the_limit_is_refused(drop: DropFolder) -> None:
    drop.deliver(1, GOOD, rows=3)

    relay_all(lambda: drop.source(limits=Limits(file_bytes=len(GOOD) - 1)), Published())

    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "too_large"


def test_another_hash_is_refused_and_the_right_file_is_then_applied(drop: DropFolder) -> None:
    drop.deliver(1, GOOD, rows=3)
    file = drop.inbox / f"{NAME}.csv"
    file.write_bytes(GOOD[:-1])
    published = relay_all(drop.source, Published())
    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "hash"

    file.write_bytes(GOOD)
    relay_all(drop.source, published)

    assert len(published.records) == 3
    assert drop.names() == ([], [f"{NAME}.csv", f"{NAME}.manifest.json"])


def test_a_manifest_without_its_file_is_refused_until_it_comes(drop: DropFolder) -> None:
    drop.deliver(1, GOOD, rows=3)
    (drop.inbox / f"{NAME}.csv").rename(drop.path / "aside")
    published = relay_all(drop.source, Published())
    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "file_missing"

    (drop.path / "aside").rename(drop.inbox / f"{NAME}.csv")
    assert len(relay_all(drop.source, published).records) == 3


def test_a_refusal_is_not_looked_at_again(drop: DropFolder) -> None:
    drop.deliver(1, csv_bytes(income_rows(2)), rows=3)
    relay_all(drop.source, Published())
    note = drop.inbox / f"{NAME}.refused.json"
    before = note.stat().st_mtime_ns, note.stat().st_ino

    relay_all(drop.source, Published())
    assert (note.stat().st_mtime_ns, note.stat().st_ino) == before

    note.unlink()  # an operator's way to have it looked at again
    relay_all(drop.source, Published())
    assert note.exists()


def test_neighbours_of_a_refused_file_go_on(drop: DropFolder) -> None:
    drop.deliver(1, GOOD, rows=4)
    drop.deliver(2, csv_bytes(income_rows(1)), rows=1)

    assert relay_all(drop.source, Published()).keys == ["income/2/1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"manifest": 0},
        {"manifest": True},
        {"manifest": "1"},
        {"manifest": 10**13},
        {"rows": -1},
        {"rows": 1_000_000},
        {"rows": 3.0},
        {"sha256": "abc"},
        {"unit": "dollar"},
        {"closes": "2026-13"},
        {"closes": ""},
        {"period": None},
        {"file": "../secret.csv"},
        {"file": "/etc/passwd"},
        {"file": ".hidden.csv"},
    ],
)
def test_a_manifest_that_does_not_hold_together_is_refused(
    drop: DropFolder, changes: dict[str, Any]
) -> None:
    path = drop.deliver(1, GOOD, rows=3)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    assert relay_all(drop.source, Published()).records == []
    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "manifest"


@pytest.mark.parametrize("field", ["manifest", "kind", "file", "rows", "sha256", "unit", "closes"])
def test_every_manifest_field_must_be_there(drop: DropFolder, field: str) -> None:
    path = drop.deliver(1, GOOD, rows=3)
    value = json.loads(path.read_text())
    del value[field]
    path.write_text(json.dumps(value))

    relay_all(drop.source, Published())

    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "manifest"
    assert field in refusal["text"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b'{"manifest": 1, "manifest": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"manifest": 1e400}',
        b" " * 70_000 + b"{}",
    ],
)
def test_a_manifest_that_is_no_json_object_is_refused(drop: DropFolder, raw: bytes) -> None:
    drop.deliver(1, GOOD, rows=3).write_bytes(raw)

    relay_all(drop.source, Published())

    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "manifest"


def test_an_unknown_kind_is_refused(drop: DropFolder) -> None:
    drop.deliver(1, GOOD, rows=3, kind="customs")

    relay_all(drop.source, Published())

    refusal = drop.refusal(NAME)
    assert refusal is not None
    assert refusal["reason"] == "kind"


@pytest.mark.parametrize("ending", [".csv", ".manifest.json"])
def test_links_and_pipes_are_never_opened(drop: DropFolder, ending: str, tmp_path: Path) -> None:
    drop.deliver(1, GOOD, rows=3)
    path = drop.inbox / f"{NAME}{ending}"
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    relay_all(drop.source, Published())
    assert drop.refusal(NAME) is not None

    path.unlink()
    os.mkfifo(path)
    assert relay_all(drop.source, Published()).records == []


def test_a_manifest_that_is_still_being_written_is_left_alone(drop: DropFolder) -> None:
    path = drop.deliver(1, GOOD, rows=3)
    path.rename(path.with_name(f".{path.name}"))

    assert relay_all(drop.source, Published()).pages == []
    assert drop.refusal(f".{NAME}") is None


def _mend_hash(manifest: Path, file: Path) -> None:
    value = json.loads(manifest.read_text())
    value["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(value))
