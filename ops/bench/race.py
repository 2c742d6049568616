"""Run one contestant over the whole topic into empty tables, and say how fast it was.

The clock starts when the contestant holds its first record (it notes that itself; joining the group
and starting up are not measured) and stops at PostgreSQL's own time of the last commit that wrote a
fact. Nothing is asked of the contestant; the count of rows is looked at twice a second.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from ops.bench import cpu
from ops.bench.contestants import Contestant
from ops.bench.job import Job
from ops.settings import Settings
from ops.stack.record import Record, boot_id, start_ticks
from ops.stack.stack import Stack
from schemas.errors import HubError

POLL_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 15.0
_RECORD: Final = "contestant"
_PROJECT: Final = Path(__file__).resolve().parents[2]
Tick = Callable[[int], None]  # told how many facts are committed


class RaceError(HubError):
    """A contestant ended, stood still, or did not end with the rows it should."""


@dataclass(frozen=True, slots=True)
class Arena:
    """What all runs share."""

    settings: Settings
    topic: str
    types: dict[int, str]
    records: int  # on the topic
    distinct: int  # of them; the facts that must be there in the end
    stall_seconds: float = 60.0  # without a new row


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to."""

    batch: int
    events: int  # records read for the facts counted
    seconds: float  # from the first record in hand to the last commit
    startup_seconds: float  # from the start of the process to the first record in hand
    own_cpu: float  # seconds of processor time that the contestant used from then on
    postgres_cpu: float  # and PostgreSQL for it, with the looks at the count of rows

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


@contextmanager
def empty_tables(settings: Settings, name: str, template: str = "hub") -> Iterator[str]:
    """Give the name of a database with the hub's empty tables; dropped afterwards.

    Args:
        settings: of the stack.
        name: of the database.
        template: the database that is copied; nobody may be connected to it.
    """
    database, copied = sql.Identifier(name), sql.Identifier(template)
    with psycopg.connect(settings.local_dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, copied))
        connection.execute("CHECKPOINT")  # nobody pays for what was written before
        try:
            yield name
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def run(
    arena: Arena,
    contestant: Contestant,
    *,
    batch: int,
    database: str,
    tick: Tick,
    share: float = 1.0,
) -> Run:
    """Let ``contestant`` apply the topic, or the first ``share`` of it.

    Raises:
        RaceError: it ended or stood still before every fact was there.
    """
    facts = int(arena.distinct * share)
    settings = arena.settings
    folder = settings.home / "bench" / database
    folder.mkdir(parents=True)
    job = Job(
        dsn=settings.dsn(database),
        topic=arena.topic,
        group=database,
        batch=batch,
        types=arena.types,
        first_record_file=str(folder / "first_record"),
    )
    job.write(folder / "job.json")
    postgres = Stack(settings).record("postgres")
    assert postgres is not None, "it runs"
    postgres_before = cpu.seconds_with_children(postgres.pid)
    started = time.time()
    with (
        _process(settings, contestant, job, folder) as process,
        psycopg.connect(job.dsn, autocommit=True) as connection,
    ):
        connection.execute("SET max_parallel_workers_per_gather = 0")
        try:
            _wait(connection, process, facts, arena.stall_seconds, tick)
        except RaceError as error:
            said = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RaceError(f"{contestant.title} {error}; it said:\n{said}") from None
        own_cpu = cpu.seconds(process.pid)
        postgres_cpu = cpu.seconds_with_children(postgres.pid) - postgres_before
        if contestant.is_ours:
            _check_progress(connection, arena, whole=facts == arena.distinct)
        counted, ended = _reached(connection, facts)
    first_record, cpu_before = job.first_record()
    return Run(
        batch,
        events=round(counted * arena.records / arena.distinct),
        seconds=ended - first_record,
        startup_seconds=first_record - started,
        own_cpu=own_cpu - cpu_before,
        postgres_cpu=postgres_cpu,
    )


@contextmanager
def _process(
    settings: Settings, contestant: Contestant, job: Job, folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the contestant until the block ends."""
    own = replace(settings, hub_dsn_override=job.dsn).as_environment()
    environment = {
        "PATH": os.defpath,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(folder),
        "PYTHONPATH": str(_PROJECT),
    }
    command = [sys.executable, "-m", contestant.module, str(folder / "job.json")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | own,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to hand on
        )
        record = Record(
            name=_RECORD,
            pid=process.pid,
            start_ticks=start_ticks(process.pid) or 0,
            boot=boot_id(),
            command=command,
            port=0,
            version="",
        )
        record.write(Stack(settings).record_path(_RECORD))  # stopped with the servers if we die
        try:
            yield process
        finally:
            _stop(process)
            Stack(settings).record_path(_RECORD).unlink(missing_ok=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(
    connection: psycopg.Connection,
    process: subprocess.Popen[bytes],
    facts: int,
    stall_seconds: float,
    tick: Tick,
) -> None:
    """Return once ``facts`` are committed."""
    before, moved = -1, time.monotonic()
    while True:
        now = _count(connection)
        tick(now)
        if now >= facts:
            return
        if now != before:
            before, moved = now, time.monotonic()
        if process.poll() is not None or time.monotonic() - moved > stall_seconds:
            how = "stood still" if process.returncode is None else "ended"
            raise RaceError(f"{how} at {now} of {facts} facts")
        time.sleep(POLL_SECONDS)


def _count(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM live.facts").fetchone()
    assert row is not None
    return int(row[0])


def _check_progress(connection: psycopg.Connection, arena: Arena, *, whole: bool) -> None:
    """Wait until our worker says of every record what became of it, and check what it says."""
    if not whole:
        return
    deadline = time.monotonic() + _STOP_SECONDS
    while True:
        said = connection.execute(
            "SELECT sum(events), sum(suppressed), sum(quarantined) FROM live.progress"
            " WHERE topic = %s",
            [arena.topic],
        ).fetchone()
        if said == (arena.distinct, arena.records - arena.distinct, 0):
            return
        if time.monotonic() > deadline:
            raise RaceError(f"our worker counts applied, suppressed, quarantined as {said}")
        time.sleep(POLL_SECONDS)


def _reached(connection: psycopg.Connection, facts: int) -> tuple[int, float]:
    """Return how many facts the commit that reached ``facts`` made them, and when it was."""
    row = connection.execute(
        """
        SELECT total, extract(epoch FROM at)::float8
        FROM (SELECT at, sum(n) OVER (ORDER BY at) AS total
              FROM (SELECT pg_xact_commit_timestamp(xmin) AS at, count(*) AS n
                    FROM live.facts GROUP BY xmin) AS transactions) AS times
        WHERE total >= %s ORDER BY total LIMIT 1
        """,
        [facts],
    ).fetchone()
    assert row is not None, "counted before"
    return int(row[0]), float(row[1])
