"""Tax files as they lie in the drop folder, read back with nothing of the simulator's own."""

import csv
import gzip
import hashlib
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ops.simulator.drop_folder import deliver, written
from ops.simulator.plan import Plan, plan
from ops.simulator.tax_rows import TaxFile, TaxRow


@pytest.fixture(scope="module")
def whole() -> Plan:
    return plan(1500, 12, 5, date(2026, 9, 30))


def files(whole: Plan) -> list[TaxFile]:
    return [file for number in sorted(whole.tax) for file in whole.tax[number]]


def verdict(inbox: Path, manifest: dict[str, object]) -> str:
    data = (inbox / str(manifest["file"])).read_bytes()
    if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        return "hash"
    text = (gzip.decompress(data) if str(manifest["file"]).endswith(".gz") else data).decode()
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["row"] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    return "good" if len(rows) == manifest["rows"] else "rows"


def test_a_file_agrees_with_its_manifest_unless_it_must_be_refused(
    whole: Plan, tmp_path: Path
) -> None:
    for file in files(whole):
        deliver(tmp_path, file)
    inbox = tmp_path / "inbox"
    manifests = [json.loads(p.read_text()) for p in inbox.glob("*.manifest.json")]

    verdicts = {str(m["file"]): verdict(inbox, m) for m in manifests}

    assert verdicts == {file.name: file.refused_for or "good" for file in files(whole)}
    assert len(list(inbox.iterdir())) == 2 * len(verdicts)


def test_a_repeat_has_the_same_bytes(whole: Plan, tmp_path: Path) -> None:
    for file in files(whole):
        deliver(tmp_path, file)

    repeats = [(file.repeats, file.name) for file in files(whole) if file.repeats]

    assert repeats
    for before, again in repeats:
        data = [(tmp_path / "inbox" / str(name)).read_bytes() for name in (before, again)]
        assert data[0] == data[1]


def test_delivering_twice_gives_the_same_bytes(whole: Plan, tmp_path: Path) -> None:
    for name in ("one", "two"):
        for file in files(whole)[:20]:
            deliver(tmp_path / name, file)

    one, two = (
        {p.name: p.read_bytes() for p in (tmp_path / name / "inbox").iterdir()}
        for name in ("one", "two")
    )
    assert one == two


def test_an_amount_is_the_same_money_in_either_unit(whole: Plan) -> None:
    units = Counter[str]()
    for file in files(whole):
        units[file.unit] += 1
        for row in file.rows[:50]:
            if file.kind == "income" and not row.fault:
                amount = Decimal(written(row, file.unit)["gross"])
                factor = 100 if file.unit == "soum" else 1
                assert amount * factor == int(row.cells["gross"])
    assert set(units) == {"soum", "tiyin"}


def test_cents_are_written_with_at_most_two_places() -> None:
    row = TaxRow(date(2026, 9, 1), "income", {"gross": "123456705", "pinfl": ""})

    assert written(row, "soum")["gross"] == "1234567.05"
    assert written(row, "tiyin")["gross"] == "123456705"
