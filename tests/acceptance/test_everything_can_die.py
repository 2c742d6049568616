"""Every process dies once, with work pending, and the outcome is that of a quiet day.

Real servers, all components under their supervisor, a simulated country whose days go on. Each
victim is killed with -9 while something is left for it to do, which is asserted first. Moments
come from a seed; set HUB_TEST_SEED for another. What must be true in the end is not decided here
but by ``hub verify``, which shares no code with what it checks.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import psycopg
import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from ops.progress import Observer, Progress
from ops.settings import Settings
from ops.stack.record import Record
from ops.trial import Trial
from ops.verify.report import EQUAL
from ops.verify.run import verify
from schemas.errors import TransientError
from tests.acceptance.leaks import leaks, tokens
from tests.acceptance.on_record import the_log_is_whole, unpublished

pytestmark = pytest.mark.long

SEED = int(os.environ.get("HUB_TEST_SEED", "7"))
UNTIL = date(2026, 9, 30)
PEOPLE, DAYS = 3_000, 30
PATIENCE_SECONDS = 180.0
MEMORY_LIMIT = 3 << 30  # of everything together


@pytest.fixture
def trial(own_stack: Settings) -> Iterator[Trial]:
    settings = replace(own_stack, today_override=UNTIL)
    trial = Trial(settings=settings, people=PEOPLE, days=DAYS, seed=SEED, until=UNTIL)
    yield trial
    trial.stop()


class Scene:
    """The country lives on, and processes die."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.chance = random.Random(SEED)
        self.day = 0

    def live(self, days: int = 2) -> None:
        for _ in range(days):
            self.day += 1
            self.trial.country.day(self.day)

    def process(self, name: str) -> Record:
        record: Record | None = None

        def runs() -> bool:
            nonlocal record
            record = self.trial.stack.record(name)
            return record is not None

        until(runs, f"{name} runs")
        assert record is not None
        return record

    def kill(self, name: str) -> None:
        record = self.process(name)
        record.send(signal.SIGKILL)
        assert record.wait_gone(10), f"{name} did not die"

    def look(self) -> Progress:
        """Return the progress; a server that has just been killed is waited for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with Observer(self.trial.settings) as observer:
                    return observer.look()
            except TransientError:
                assert time.monotonic() < deadline, "the servers did not come back"
                time.sleep(0.5)

    def behind(self) -> dict[str, int]:
        """What each registry has that was not published."""
        published = self.look().published
        return {name: due - published.get(name, 0) for name, due in self.trial.due().items()}

    @contextmanager
    def database_held(self) -> Iterator[None]:
        """No worker can commit; each that tries waits inside its transaction."""
        connection = psycopg.connect(self.trial.settings.hub_dsn)
        try:
            connection.execute("LOCK TABLE live.progress IN EXCLUSIVE MODE")
            yield
        finally:
            connection.close()  # which lets go of the lock; the server may be dead by now

    def transactions_waiting(self) -> int:
        with psycopg.connect(self.trial.settings.hub_dsn) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database() AND xact_start IS NOT NULL"
            ).fetchone()
        assert row is not None
        return int(row[0])


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.05)


def test_every_process_dies_and_nothing_is_lost_or_doubled(trial: Trial) -> None:
    trial.start_servers(lambda _: None)
    trial.country.backlog()
    scene = Scene(trial)
    trial.start_components(lambda _: None)

    connectors = ["civil", "tax", "health"]
    scene.chance.shuffle(connectors)
    caught = sum(kill_connector_at_work(scene, name) for name in connectors)
    assert caught, "no connector was killed inside an open transaction"
    kill_worker_inside_its_transaction(scene)
    for server in scene.chance.sample(["postgres", "kafka"], 2):
        kill_server_at_work(scene, server)
    trial.wait_for_snapshots(PATIENCE_SECONDS)
    kill_while_frozen(scene, "assessor", lambda seen: seen.causes > 0)
    kill_while_frozen(scene, "sequencer", lambda seen: seen.outbox_waiting > 0)
    kill_while_frozen(scene, "connector-needs", lambda seen: seen.outbox_waiting > 0)
    kill_while_frozen(scene, "integrator", lambda _: unpublished(trial.settings) > 0)
    freeze_a_worker_replace_it_and_wake_it(scene)
    scene.live(DAYS - scene.day)  # what is known of the fifty people holds on the last day
    trial.wait_until_settled(PATIENCE_SECONDS)

    memory = sum(
        record.memory_bytes()
        for name in trial.stack.recorded()
        if (record := trial.stack.record(name))
    )
    assert memory < MEMORY_LIMIT
    report = verify(trial.settings, wait_seconds=PATIENCE_SECONDS)
    assert report.outcome == EQUAL, (report.pending, report.first, report.as_json()["kinds"])
    assert the_log_is_whole(trial.settings) > 1000
    suggest_who_is_who(trial.settings)  # opens every name; none may stay behind
    assert leaks(trial.settings) == []
    (trial.stack.log_path("planted")).write_bytes(b"refused: " + min(tokens(trial.settings)))
    assert leaks(trial.settings) == ["file planted.log"], "a search that cannot find proves nothing"


def suggest_who_is_who(settings: Settings) -> None:
    environment = os.environ | settings.as_environment()
    command = [sys.executable, "-m", "ops.cli", "person", "suggest"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    with psycopg.connect(settings.hub_dsn) as connection:
        found = connection.execute("SELECT count(*) FROM live.suggestions").fetchone()
    assert found is not None
    assert found[0] > 0


def kill_connector_at_work(scene: Scene, name: str) -> bool:
    """Kill a connector that has more to publish; return whether a transaction was open."""
    component, transactional_id = f"connector-{name}", f"hub-connector-{name}"
    admin = KafkaAdminClient(**scene.trial.settings.kafka("admin"))
    record = scene.process(component)
    opened = False
    try:
        for _ in range(400):
            time.sleep(scene.chance.uniform(0.0, 0.05))
            record.send(signal.SIGSTOP)  # what it was doing stays as it is while we look
            opened = is_open(admin, transactional_id)
            if opened or not record.is_alive():
                break
            record.send(signal.SIGCONT)
    finally:
        admin.close()
        record.send(signal.SIGCONT if not opened else signal.SIGSTOP)
    if scene.behind()[name] <= 0:  # it was too quick: give it more, and freeze it first
        record.send(signal.SIGSTOP)
        scene.live()
    assert scene.behind()[name] > 0, f"{name} has nothing left to publish"
    scene.kill(component)
    return opened


def is_open(admin: KafkaAdminClient, transactional_id: str) -> bool:
    try:
        listings = admin.list_transactions(state_filters=["Ongoing"])
    except KafkaError:  # its coordinator is still loading
        return False
    return any(
        listing.transactional_id == transactional_id
        for found in listings.values()
        for listing in found
    )


def kill_worker_inside_its_transaction(scene: Scene) -> None:
    with scene.database_held():
        scene.live()
        until(lambda: scene.transactions_waiting() > 0, "a worker waits inside its transaction")
        assert not scene.look().settled
        scene.kill("worker-1")


def kill_server_at_work(scene: Scene, server: str) -> None:
    scene.process("worker-1")
    with scene.database_held():
        scene.live()
        until(lambda: not all(p.caught_up for p in scene.look().applied), "records are unapplied")
        time.sleep(scene.chance.uniform(0.0, 0.5))
        scene.trial.stack.kill(server)
    scene.trial.stack.start(server)


def kill_while_frozen(scene: Scene, name: str, pending: Callable[[Progress], bool]) -> None:
    record = scene.process(name)
    record.send(signal.SIGSTOP)
    scene.live()
    until(lambda: pending(scene.look()), f"work waits for {name}")
    record.send(signal.SIGCONT)
    time.sleep(scene.chance.uniform(0.0, 0.05))
    scene.kill(name)


def freeze_a_worker_replace_it_and_wake_it(scene: Scene) -> None:
    frozen = scene.process("worker-2")
    with scene.database_held():
        scene.live()
        until(lambda: scene.transactions_waiting() > 0, "a worker waits inside its transaction")
        frozen.send(signal.SIGSTOP)
        assert not scene.look().settled
    scene.trial.wait_until_settled(PATIENCE_SECONDS)  # by the others alone
    frozen.send(signal.SIGCONT)
    scene.live()
    scene.trial.wait_until_settled(PATIENCE_SECONDS)
    assert frozen.is_alive(), "a worker that lost its claims goes on with what it is given next"
