"""A million people on this machine: memory of every process, and how fast each step is.

    python -m ops.bench.volume --people 100000
    python -m ops.bench.volume --people 1000000      about five to six events a person

Servers of its own, a made-up country (``families``) on the topics, then the hub's own processes as
`hub run` starts them: workers until every event is stored, the assessor until everybody is judged,
the needs connector until everything has left, and `hub replay`. The peak of each process's memory
is the kernel's (``VmHWM``). Exit code 1: one of ours passed the limit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import psycopg
import typer
from rich.console import Console

from ops.bench import report, volume_load
from ops.bench.families import Families
from ops.bench.servers import own_stack
from ops.initialise import initialise
from ops.settings import Settings

LIMIT_BYTES: Final = 1 << 30
_ON: Final = date(2026, 9, 10)
_THROUGH: Final = date(2026, 8, 31)
_PROJECT: Final = Path(__file__).resolve().parents[2]
_LOOK_SECONDS: Final = 0.5
_STILL_SECONDS: Final = 300.0
_SERVERS: Final = ("postgres", "java")


class StandsStillError(RuntimeError):
    """Nothing moved for too long."""


@dataclass(slots=True)
class Volume:
    """What was measured."""

    people: int
    events: int = 0
    steps: dict[str, dict[str, float]] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)  # bytes, by kind of process
    replay: dict[str, Any] = field(default_factory=dict)

    def over(self) -> list[str]:
        """Return which of our processes passed the limit."""
        return [
            name
            for name, peak in self.peaks.items()
            if peak > LIMIT_BYTES and not name.startswith(_SERVERS)
        ]


@dataclass(slots=True)
class Trial:
    """One country on one stack."""

    settings: Settings
    found: Volume
    say: Callable[[str], None]
    running: dict[int, str] = field(default_factory=dict)  # by process

    def publish(self) -> None:
        ids = initialise(self.settings)
        began = time.monotonic()
        months = tuple(date(2026, month, 1) for month in range(2, 9))
        families = Families(self.found.people, _ON, seed=7, months=months)
        for written in volume_load.publish(self.settings, ids, families, _THROUGH):
            self.found.events = written
            self._tell("published", written, began, 200_000)
        self._step("publish", self.found.events, time.monotonic() - began)

    def ingest(self, workers: int) -> None:
        total = self.found.events + 3 * self.settings.partitions
        with self._running(*[f"worker-{n}" for n in range(workers)], "sequencer"):
            began = self._wait("SELECT coalesce(sum(events), 0) FROM live.progress", 1)
            self._wait("SELECT coalesce(sum(events), 0) FROM live.progress", total)
            self._step("ingest", total, time.monotonic() - began)

    def assess(self, assessors: int) -> None:
        with self._running(*[f"assessor-{n}" for n in range(assessors)], "sequencer"):
            began = self._wait("SELECT count(*) FROM live.assessments", 1)
            self._wait("SELECT NOT EXISTS (SELECT FROM live.causes)", True)
            households = self._one("SELECT count(*) FROM live.assessments")
            self._step("assess live", households, time.monotonic() - began)

    def send(self) -> None:
        """Let everything said leave; it is sent once the connector is silent about more."""
        with self._running("connector needs", "sequencer"):
            began = time.monotonic()
            self._wait("SELECT (SELECT count(*) FROM kept.outbox WHERE number IS NULL) = 0", True)
            said = self._one("SELECT count(*) FROM kept.outbox")
            from ops.progress import Observer  # noqa: PLC0415 - heavy

            with Observer(self.settings) as observer:
                while observer.look().outbox_waiting:
                    time.sleep(_LOOK_SECONDS)
            self._step("send", said, time.monotonic() - began)

    def replay_all(self) -> None:
        with self._running("sequencer"):
            process = self._start("replay", ["replay", "-o", "json"], subprocess.PIPE)
            said, _ = process.communicate()
            if process.returncode not in {0, 1}:
                raise StandsStillError(f"hub replay ended with {process.returncode}")
            self.found.replay = json.loads(said)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the memory of every process until the block ends."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(_LOOK_SECONDS):
                for name, peak in _peaks(self.running, self.settings.home):
                    self.found.peaks[name] = max(self.found.peaks.get(name, 0), peak)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    @contextmanager
    def _running(self, *names: str) -> Iterator[None]:
        """Run components until the block ends."""
        processes = [self._start(name, ["run", *name.partition("-")[0].split()]) for name in names]
        try:
            yield
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(60)

    def _start(
        self, name: str, arguments: Sequence[str], out: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        own = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(Path.home()), "TZ": "UTC"}
        with (self.settings.home / "logs" / f"volume-{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ops.cli", *arguments],
                cwd=_PROJECT,
                env=own | {"PYTHONPATH": str(_PROJECT)} | self.settings.as_environment(),
                stdout=out if out != subprocess.DEVNULL else log,
                stderr=log,
                start_new_session=True,
            )
        self.running[process.pid] = name
        return process

    def _wait(self, query: str, goal: Any) -> float:
        """Return when the query first gave ``goal`` or more; what moved is told."""
        began = moved = told = time.monotonic()
        before = None
        with psycopg.connect(self.settings.hub_dsn, autocommit=True) as connection:
            while True:
                row = connection.execute(query.encode()).fetchone()
                now, at = row[0] if row else None, time.monotonic()
                if now is not None and now >= goal:
                    return at
                causes = connection.execute("SELECT last_value FROM kept.audit_leaves_id_seq")
                mark = (now, causes.fetchone())
                moved, before = (at if mark != before else moved), mark
                if at - moved > _STILL_SECONDS:
                    raise StandsStillError(query)
                if at - told > 20:  # noqa: PLR2004
                    told = at
                    self.say(f"  {query[:60]}: {now}, {at - began:.0f} s")
                time.sleep(_LOOK_SECONDS)

    def _one(self, query: str) -> int:
        with psycopg.connect(self.settings.hub_dsn) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def _tell(self, what: str, count: int, began: float, each: int) -> None:
        if count % each < volume_load.PAGE:
            self.say(f"  {what} {count:,}, {count / (time.monotonic() - began):,.0f}/s")

    def _step(self, name: str, count: int, seconds: float) -> None:
        rate = count / max(seconds, 1e-9)
        self.found.steps[name] = {"count": count, "seconds": round(seconds, 1), "rate": round(rate)}
        self.say(f"{name}: {count:,} in {seconds:.1f} s, {rate:,.0f}/s")


def _peaks(ours: dict[int, str], home: Path) -> Iterator[tuple[str, int]]:
    """Return name and peak of every process that is ours, a child of ours, or a server's."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            status = (place / "status").read_text(encoding="ascii", errors="replace")
            command = (place / "cmdline").read_bytes()
        except OSError:
            continue
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        peak = int(fields.get("VmHWM", "0").split()[0] or 0) * 1024
        parent = int(fields.get("PPid", "0"))
        if (name := ours.get(int(place.name))) is not None:
            yield name, peak
        elif (name := ours.get(parent)) is not None:
            yield f"{name}, its processes", peak
        elif os.fsencode(home) in command or _works_in(place, home):
            yield fields["Name"].strip(), peak


def _works_in(place: Path, home: Path) -> bool:
    try:
        return (place / "cwd").readlink().is_relative_to(home)
    except OSError:
        return False


def main(
    people: Annotated[int, typer.Option(min=1000, help="How many are born.")] = 100_000,
    workers: Annotated[int, typer.Option(min=1, help="Workers while events are stored.")] = 2,
    assessors: Annotated[int, typer.Option(min=1, help="Assessors.")] = 2,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/volume.json"),
) -> None:
    """Measure the hub on many people: memory of each process, rates of each step."""
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def say(what: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {what}", highlight=False)

    found = Volume(people)
    with own_stack(say) as settings:
        trial = Trial(replace(settings, today_override=_ON), found, say)
        try:
            with trial.watched():
                trial.publish()
                trial.ingest(workers)
                trial.assess(assessors)
                trial.send()
                trial.replay_all()
        finally:
            for pid in trial.running:
                _end(pid)
    for name, peak in sorted(found.peaks.items(), key=lambda item: -item[1]):
        say(f"{name}: {peak / (1 << 20):,.0f} MiB at its peak")
    say(json.dumps(found.replay))
    content = {name: getattr(found, name) for name in ("people", "events", "steps", "replay")}
    report.write(output, [{"name": "volume", **content, "peak_bytes": found.peaks}])
    if over := found.over():
        say(f"over {LIMIT_BYTES >> 20} MiB: {', '.join(over)}")
        raise typer.Exit(1)


def _end(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    typer.run(main)
