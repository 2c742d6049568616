"""A load that was not answered, or not recorded, gives no figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ops.bench import querying
from ops.bench.arrivals import EVENLY
from ops.bench.querying import HEALTH, _Load
from ops.bench.race import RaceError
from ops.settings import Settings
from ops.stack.stack import Stack


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> _Load:
    settings = Settings(home=Path("/nowhere"), cache=Path("/nowhere"))
    monkeypatch.setattr(_Load, "_cpu", lambda _: (1.0, 1.0))
    return _Load(settings, Stack(settings), [uuid4()], ["token a", "token b"])


def answered(monkeypatch: pytest.MonkeyPatch, leaves: int, *wrong: int) -> list[dict[str, Any]]:
    jobs = []

    def run(_: Path, job: dict[str, Any]) -> dict[str, Any]:
        jobs.append(job)
        count = len(job["times"])
        statuses = [*wrong, *[200] * (count - len(wrong))]
        return {"latencies": [0.01] * count, "statuses": statuses, "cpu": 0.1, "bytes": 5}

    monkeypatch.setattr(querying, "_run", run)
    monkeypatch.setattr(_Load, "_leaves", lambda _: leaves)
    return jobs


def test_every_question_has_a_right_and_a_token(
    load: _Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = answered(monkeypatch, 200)

    asked = load.ask(EVENLY, 1.0, 1)

    [job] = jobs
    assert len(asked.latencies) == len(job["requests"]) == len(job["times"]) == load.reads == 200
    for number, request in enumerate(job["requests"]):
        assert request.endswith("\r\n\r\n")
        assert f"Authorization: Bearer token {'ab'[number % 2]}\r\n" in request
        assert "Hub-Purpose: social-support\r\n" in request
    kinds = {request.split()[1].rpartition("/")[2] for request in job["requests"]}
    assert kinds == {kind for kind, _ in querying.MIX}


def test_an_answer_that_is_wrong_gives_no_figure(
    load: _Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, 200, 503, 0)

    with pytest.raises(RaceError, match=r"2 of 200 answers were \[0, 503\]"):
        load.ask(EVENLY, 1.0, 1)


def test_a_read_without_a_leaf_gives_no_figure(
    load: _Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, 199)

    with pytest.raises(RaceError, match="200 reads left 199 leaves"):
        load.ask(EVENLY, 1.0, 1)


def test_asking_for_health_is_not_on_record(load: _Load, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, 0)

    load.ask(HEALTH, 1.0, 1)

    assert load.reads == 0
