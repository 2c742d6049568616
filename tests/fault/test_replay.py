"""A replay while the country lives: nobody notices but by a pause, and a killed one leaves nothing.

Real servers, all components under their supervisor, a reader who asks without pause. What must be
true in the end is decided by ``hub verify``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from ops.settings import Settings
from ops.trial import Trial
from ops.verify.report import EQUAL
from ops.verify.run import verify
from tests.integration.api.conftest import GRANTS, Asking, signer_of

pytestmark = pytest.mark.long

UNTIL = date(2026, 9, 30)
PEOPLE, DAYS = 600, 12
PATIENCE_SECONDS = 120.0
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def trial(own_stack: Settings) -> Iterator[Trial]:
    settings = replace(own_stack, today_override=UNTIL)
    trial = Trial(settings=settings, people=PEOPLE, days=DAYS, seed=5, until=UNTIL)
    yield trial
    trial.stop()


@dataclass
class Scene:
    trial: Trial
    day: int = 0
    failures: list[str] = field(default_factory=list)
    answers: int = 0

    def live(self, days: int = 1) -> None:
        for _ in range(days):
            self.day += 1
            self.trial.country.day(self.day)

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.trial.settings.hub_dsn) as connection:
            return connection.execute(f"SELECT {select}".encode()).fetchall()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "ops.cli", "replay", *arguments],
            env=os.environ | self.trial.settings.as_environment() | {"PYTHONPATH": str(PROJECT)},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def admit(self) -> None:
        """Let an agency in, and a program of its."""
        basis, purpose, _ = GRANTS["social"]
        secrets = self.trial.settings.home / "secrets"
        self.hub(
            "agency",
            "add",
            "social",
            "--title",
            "Social protection",
            "--password-file",
            str(secrets / "of_social"),
        )
        self.hub("agency", "grant", "social", "--basis", basis, "--purpose", purpose)
        secret = str(secrets / "of_its_program")
        self.hub("client", "add", "social", "--agency", "social", "--secret-file", secret)

    def hub(self, *arguments: str) -> None:
        environment = self.trial.settings.as_environment() | {"PYTHONPATH": str(PROJECT)}
        command = [sys.executable, "-m", "ops.cli", *arguments]
        done = subprocess.run(
            command,
            env=os.environ | environment,
            cwd=PROJECT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def replay(self, *arguments: str) -> dict[str, Any]:
        process = self.start(*arguments, "-o", "json")
        said, fault = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, said + fault
        report: dict[str, Any] = json.loads(said)
        return report

    def schemas(self) -> set[str]:
        names = "nspname FROM pg_namespace WHERE nspname IN ('rebuild', 'retired', 'previous')"
        return {row[0] for row in self.rows(names)}

    def state(self) -> list[tuple[Any, ...]]:
        """What a replay that came to nothing must leave as it was."""
        return self.rows(
            "(SELECT number FROM kept.generation), 'live.facts'::regclass::oid::bigint,"
            " (SELECT count(*) FROM kept.audit_leaves WHERE kind = 'replay')"
        )

    def ask(self) -> None:
        """Ask for one person after the other; every answer counts."""
        persons = [row[0] for row in self.rows("DISTINCT person FROM live.needs LIMIT 20")]
        settings = self.trial.settings
        with httpx.Client(base_url=settings.api_url, timeout=20) as http:
            client = Asking(http, signer_of(settings), "social")
            for turn in iter(range(1 << 30)):
                if self._done.is_set():
                    return
                person = persons[turn % len(persons)]
                try:
                    answer = client.get(f"/v1/persons/{person}/needs")
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                    continue
                if answer.status_code != 200:
                    self.failures.append(answer.text)
                elif "needs" not in answer.json():
                    self.failures.append("no needs")
                self.answers += 1
                self._done.wait(0.02)  # a client may ask sixty times a second

    @contextmanager
    def asked_all_the_time(self) -> Iterator[None]:
        self._done = threading.Event()
        thread = threading.Thread(target=self.ask)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    @contextmanager
    def living(self) -> Iterator[None]:
        """Days go by until the block ends."""
        done = threading.Event()

        def go_on() -> None:
            while not done.wait(0.3) and self.day < DAYS - 4:
                self.live()

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def check(self) -> None:
        """Everything is said once, and all is as it should be."""
        self.trial.wait_until_settled(PATIENCE_SECONDS)
        report = verify(self.trial.settings, with_ledger=False, wait_seconds=PATIENCE_SECONDS)
        assert report.outcome == EQUAL, (report.pending, report.first, report.as_json()["kinds"])
        twice = (
            "body FROM (SELECT convert_from(body, 'UTF8')::jsonb AS body FROM kept.outbox) b"
            " GROUP BY body -> 'fields' -> 'need', body -> 'version', body -> 'id'"
            ", body HAVING count(*) > 1"
        )
        assert self.rows(twice) == []
        places = (
            "body -> 'topic', body -> 'partition', body -> 'first_offset'"
            " FROM kept.audit_leaves WHERE kind = 'chunk' GROUP BY 1, 2, 3 HAVING count(*) > 1"
        )
        assert self.rows(places) == []


def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


def test_replays_under_live_traffic(trial: Trial) -> None:
    trial.start_servers(lambda _: None)
    trial.country.backlog()
    trial.start_components(lambda _: None)
    trial.wait_for_snapshots(PATIENCE_SECONDS)
    scene = Scene(trial)
    trial.wait_until_settled(PATIENCE_SECONDS)
    scene.admit()

    for phase in ("", "fold", "index", "assess"):
        killed_in_a_phase(scene, phase)
    with scene.asked_all_the_time(), scene.living():
        report = scene.replay()
        worker = trial.stack.record("worker-1")
        assert worker is not None
        worker.send(signal.SIGKILL)
    assert report["generation"] == 2
    assert report["differences"] == {}
    assert scene.failures == []
    assert scene.answers > 0
    scene.live()
    scene.check()

    with scene.asked_all_the_time():
        scene.live()
        assert scene.replay("--back")["generation"] == 3
        scene.live()
    assert scene.failures == []
    scene.check()
    assert scene.replay("--check")["differences"] == {}
    assert scene.schemas() == {"previous"}
    leaves = scene.rows("body ->> 'what' FROM kept.audit_leaves WHERE kind = 'replay' ORDER BY id")
    assert leaves == [("swap",), ("back",)]


def killed_in_a_phase(scene: Scene, after: str) -> None:
    """Kill a replay with -9 once its phase ``after`` is over; its processes and schema go."""
    before = scene.state()
    process = scene.start("--workers", "2")
    assert process.stdout is not None
    if after:
        for line in process.stdout:
            if line.startswith(f"{after}:"):
                break
    else:
        until(lambda: "rebuild" in scene.schemas(), "it has begun")
    process.kill()
    process.wait(10)
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()

    until(lambda: scene.schemas() == set(), f"killed after {after or 'nothing'}: its schema goes")
    assert scene.state() == before
    sessions = "count(*) FROM pg_stat_activity WHERE application_name = 'hub-replay'"
    until(lambda: scene.rows(sessions) == [(0,)], "its processes end")
