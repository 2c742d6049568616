"""Real workers on a topic and a database of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from kafka.admin import KafkaAdminClient, NewTopic

from ops.settings import Settings
from projections.migrations import migrate
from streams.chunk import Place
from streams.topics import unread
from tests.builders import TopicWriter, transactional_producer
from tests.integration.streams.worker_process import IDS

T = TypeVar("T")
PARTITIONS = 3
_PROCESS = Path(__file__).with_name("worker_process.py")
_PROJECT = Path(__file__).parents[3]


@dataclass
class Worker:
    """One worker process."""

    process: subprocess.Popen[bytes]
    log: Path

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def rss_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def messages(self) -> list[str]:
        found = []
        for line in self.log.read_text("utf-8").splitlines():
            with suppress(ValueError):
                found.append(json.loads(line)["message"])
        return found


@dataclass
class Rig:
    """A topic, a database, and whoever works between them."""

    stack: Settings
    dsn: str
    topic: str
    group: str
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    @property
    def client_config(self) -> dict[str, Any]:
        return self.stack.kafka("admin")

    def start(self, **changed: Any) -> Worker:
        wiring = {
            "dsn": self.dsn,
            "topics": {"tax": self.topic},
            "session_seconds": 6.0,
            "group": self.group,
        } | changed
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, str(_PROCESS), json.dumps(wiring)],
                stdout=out,
                stderr=out,
                env=os.environ | self.stack.as_environment() | {"PYTHONPATH": str(_PROJECT)},
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def writer(self) -> TopicWriter:
        producer = transactional_producer(self.client_config, f"{self.topic}-writer")
        return TopicWriter(producer, self.topic, IDS)

    def positions(self) -> dict[Place, int]:
        stored = {
            (row[0], row[1]): row[2]
            for row in self.rows("topic, partition, next FROM live.progress")
        }
        return {Place(self.topic, n): stored.get((self.topic, n), 0) for n in range(PARTITIONS)}

    def caught_up(self) -> bool:
        return not unread(self.client_config, self.positions())

    def stored(self) -> int:
        count: int = self.rows("coalesce(sum(events), 0)::bigint FROM live.progress")[0][0]
        return count

    def rows(self, select: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(f"SELECT {select}".encode(), parameters).fetchall()

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statement.encode())

    def administer(self, act: Callable[[KafkaAdminClient], T]) -> T:
        admin = KafkaAdminClient(**self.client_config)
        try:
            return act(admin)
        finally:
            admin.close()

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.last_words()
            time.sleep(0.05)

    def last_words(self) -> str:
        return "\n".join(
            f"{worker.log.name}: {worker.log.read_text('utf-8')[-2000:]}" for worker in self.workers
        )

    def close(self) -> None:
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            worker.process.terminate()
        for worker in self.workers:
            try:
                worker.process.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
        self.administer(lambda admin: admin.delete_topics([self.topic]))


def open_rig(stack: Settings, dsn: str, topic: str, folder: Path) -> Rig:
    """Return a rig with its tables and an empty topic."""
    migrate(dsn)
    rig = Rig(stack, dsn, topic, f"group-{topic}", folder)
    rig.administer(lambda admin: admin.create_topics([NewTopic(topic, PARTITIONS, 1)]))
    return rig
