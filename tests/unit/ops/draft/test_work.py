"""What was finished is found again, if the question, the rules and the data are the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.draft import work
from ops.draft.tally import Tally
from ops.draft.work import Question, open_work

NOW = datetime(2026, 3, 10, tzinfo=UTC)
LATER = datetime(2026, 3, 11, tzinfo=UTC)
QUESTION = Question("draft.toml", "name = 'd'", "2026-03-10", "")
DATA = {"offsets": [["t", 0, "c", "i", 7]]}


@pytest.fixture
def half_done(tmp_path: Path) -> Path:
    kept, note = open_work(tmp_path, QUESTION, DATA, NOW, resume=False)
    tally = Tally()
    tally.people["1703"] = 3
    kept.keep(4, 9, tally)
    assert note == ""
    return tmp_path


def test_a_batch_is_found_again(half_done: Path) -> None:
    found, note = open_work(half_done, QUESTION, DATA, LATER, resume=True)

    assert note == "resuming: 1 batches are finished"
    assert found.done() == {4}
    assert found.total()[0] == 9
    assert found.total()[1].people == {"1703": 3}
    assert found.now == NOW  # all batches are of one moment
    assert found.draft.read_text() == QUESTION.text


def test_without_resume_it_begins_anew(half_done: Path) -> None:
    found, _ = open_work(half_done, QUESTION, DATA, LATER, resume=False)

    assert found.done() == frozenset()
    assert found.now == LATER


def test_other_data_or_rules_begin_anew_and_say_so(
    half_done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_code", lambda: "other rules")
    _, note = open_work(half_done, QUESTION, DATA, LATER, resume=True)
    assert note == "the rules changed since the last run; beginning anew"

    found, note = open_work(half_done, QUESTION, {"offsets": []}, LATER, resume=True)
    assert note == "the data changed since the last run; beginning anew"
    assert found.done() == frozenset()


@pytest.mark.parametrize(
    "changed", [{"text": "name = 'e'"}, {"on": "2026-03-11"}, {"region": "1703"}]
)
def test_another_question_has_a_folder_of_its_own(half_done: Path, changed: dict[str, str]) -> None:
    found, note = open_work(half_done, replace(QUESTION, **changed), DATA, LATER, resume=True)

    assert note == "nothing to resume; beginning"
    assert found.done() == frozenset()
    assert open_work(half_done, QUESTION, DATA, LATER, resume=True)[0].done() == {4}


def test_only_the_owner_reads_it_and_nothing_is_left(half_done: Path) -> None:
    found, _ = open_work(half_done, QUESTION, DATA, LATER, resume=True)

    assert found.folder.stat().st_mode & 0o077 == 0
    found.remove()
    assert list((half_done / "draft").iterdir()) == []


def test_a_batch_half_written_does_not_count(half_done: Path) -> None:
    found, _ = open_work(half_done, QUESTION, DATA, LATER, resume=True)
    (found.folder / ".batch-000005.json.99").write_text('{"of": 9, "tal')

    assert found.done() == {4}
