"""A country planned in parts and kept on disk keeps what a small one keeps."""

from __future__ import annotations

import pickle
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ops.simulator import parts
from ops.simulator.contract import Keys
from ops.simulator.country import Country, Places
from ops.simulator.expecting import Expected
from ops.simulator.faults import CIVIL_FAULTS, HEALTH_FAULTS, TAX_FAULTS

UNTIL = date(2026, 9, 30)
KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
PEOPLE, DAYS = 1000, 8


def country(home: Path, say: parts.Say = lambda _: None) -> Country:
    places = Places(home=home, civil_dsn="", tax_folder=home)
    return Country(PEOPLE, DAYS, 1, UNTIL, places=places, keys=KEYS, say=say)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LARGEST_PART", 300)


@pytest.fixture
def days(tmp_path: Path) -> list[Expected]:
    whole = country(tmp_path)
    return [whole.expected(number) for number in range(DAYS + 1)]


def test_no_two_parts_state_the_same_record(days: list[Expected]) -> None:
    ids = Counter(event.id for day in days for event in day.events)
    ids.update(fault.id for day in days for fault in day.faults)

    assert max(ids.values()) == 1
    assert 4.5 * PEOPLE < len(ids) < 6 * PEOPLE


def test_everybody_has_a_number_of_their_own(days: list[Expected]) -> None:
    births = [e for day in days for e in day.events if e.type == "civil.birth_registered"]
    people = {e.subject for day in days for e in day.events if "person_identifier" in e.type}

    assert len(people) > PEOPLE / 2
    assert len({birth.subject for birth in births}) > 0.95 * len(births)


def test_numbers_of_files_rise_and_each_month_is_closed_once(tmp_path: Path) -> None:
    whole = country(tmp_path)
    files = [file for day in range(DAYS + 1) for file in whole._days.tax(day)]

    numbers = [file.number for file in files]
    assert numbers == sorted(numbers)
    assert len({file.name for file in files}) == len(files)
    assert {file.repeats for file in files} - {None} <= {file.name for file in files}
    closing = [file for file in files if file.closes and not file.repeats and not file.refused_for]
    assert len({file.closes for file in closing}) == len(closing) == 4
    for file in closing:  # nothing of a closed month comes after, but for corrections
        later = [f for f in files if f.number > file.number and f.kind == "income"]
        rows = [row for f in later for row in f.rows if row.cells["month"] == file.closes]
        assert all(row.cells["change"] != "N" or row.fault for row in rows)


def test_instants_never_fall_over_all_parts(tmp_path: Path) -> None:
    whole = country(tmp_path)
    versions = [v for day in range(DAYS + 1) for v in whole._days.health(day)]

    instants = [version.updated_at for version in versions]
    assert instants == sorted(instants)
    assert len({(v.type, v.id, v.number) for v in versions}) == len(versions)


def test_what_was_planned_is_read_again_and_what_was_half_planned_is_not(tmp_path: Path) -> None:
    steps: list[str] = []
    first = country(tmp_path, steps.append).expected(2)
    planned = len(steps)

    assert country(tmp_path, steps.append).expected(2) == first
    assert (planned, len(steps)) == (4, 4)

    (tmp_path / "simulator" / "parts" / "index.json").unlink()
    (tmp_path / "simulator" / "parts" / "civil-0002-00.pickle").write_bytes(b"half")
    assert country(tmp_path, steps.append).expected(2) == first
    assert len(steps) == 8


def test_a_fault_comes_back_from_a_file_as_itself() -> None:
    for table in (CIVIL_FAULTS, TAX_FAULTS, HEALTH_FAULTS):
        for faults in table.values():
            for fault in faults:
                again = pickle.loads(pickle.dumps(fault))
                names = again.cause, again.rule, again.field
                assert names == (fault.cause, fault.rule, fault.field)
                assert again.spoil("30211975910033") == fault.spoil("30211975910033")
