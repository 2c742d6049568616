"""Start, adopt, watch and stop the servers of one home.

``Stack`` keeps nothing in memory: who runs is read from ``home/run``, so any process can
carry on where a killed one left off. One lock per home keeps two starts apart.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.secret_files import create_all
from ops.settings import Settings
from ops.stack import artifacts, kafka, postgres, registry
from ops.stack.launch import Launch
from ops.stack.record import Record
from ops.stack.server import Server
from ops.stack.users import create_users
from schemas.errors import PermanentError

# In the order in which they can start; stopped in the reverse order.
SERVERS: dict[str, Server] = {
    server.name: server for server in (postgres.SERVER, kafka.SERVER, registry.SERVER)
}
_POLL_SECONDS = 0.1
_PORT_SECONDS = 3.0
_PORT_POLL_SECONDS = 0.1
_TAIL_LINES = 15
_LOCK_SECONDS = 180.0  # another `up` may be starting servers

SUPERVISOR = "supervisor"
COMPONENT_STATES = "components.json"  # what the supervisor reports
COMPONENT_STOP_SECONDS = 20.0  # a component ends its transaction first

Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Say nothing."""


class PortTakenError(PermanentError):
    """Somebody else listens where a server should."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The servers under ``settings.home``."""

    settings: Settings

    def up(self, say: Say = _silent) -> None:
        """Start what does not run, adopt what does, and return once each answers.

        May be called again at any time, also after any part of it was killed.

        Raises:
            PermanentError: a port is taken, an archive is wrong, a server does not start.
            TransientError: an archive cannot be fetched now.
        """
        self._make_home()
        with self.locked():
            create_all(self.settings.secrets_folder)
            artifacts.fetch(
                kafka.archives(self.settings),
                verify=False,
                done=lambda artifact: say(f"fetched {artifact.file_name}"),
            )
            for name in ("postgres", "kafka"):  # both boot at once
                self._launch(SERVERS[name], say)
            self._await(SERVERS["postgres"])
            postgres.create_databases(self.settings)
            self._launch(SERVERS["registry"], say)
            self._await(SERVERS["kafka"])
            create_users(self.settings)
            self._await(SERVERS["registry"])

    def down(self, say: Say = _silent) -> None:
        """Stop exactly what is recorded, components before servers; fine when nothing runs."""
        if not self.run_folder.is_dir():
            return
        with self.locked():
            self.stop_components(say)
            for name in reversed(SERVERS):
                if self.record(name) is not None:
                    say(f"stopping {name}")
                self.stop(name)

    def stop_components(self, say: Say = _silent) -> None:
        """Stop the supervisor, which stops its components, and then any it left behind."""
        if (supervisor := self.record(SUPERVISOR)) is not None:
            say("stopping the components")
            stop_process(supervisor, signal.SIGTERM, 2 * COMPONENT_STOP_SECONDS)
        left = [name for name in self.recorded() if name not in SERVERS]
        records = {name: self.record(name) for name in left}
        stop_processes([record for record in records.values() if record], COMPONENT_STOP_SECONDS)
        for name in left:
            self.record_path(name).unlink(missing_ok=True)
        for said in (self.run_folder / COMPONENT_STATES, *self.run_folder.glob("*.error")):
            said.unlink(missing_ok=True)

    def recorded(self) -> list[str]:
        """Return the names of all records, of living and dead processes."""
        paths = sorted(self.run_folder.glob("*.json"))
        return [path.stem for path in paths if Record.read(path) is not None]

    def start(self, name: str) -> None:
        """Start one server and return once it answers; adopts it when it runs."""
        self._make_home()
        self._launch(SERVERS[name], _silent)
        self._await(SERVERS[name])

    def stop(self, name: str) -> None:
        """Stop one server in its orderly way, by force if that takes too long."""
        server = SERVERS[name]
        if (record := self.record(name)) is not None:
            stop_process(record, server.stop_signal, server.stop_seconds)
        self.record_path(name).unlink(missing_ok=True)

    def kill(self, name: str) -> None:
        """Kill one server as a crash would; its record stays, as after a crash."""
        if (record := self.record(name)) is not None:
            record.send(signal.SIGKILL)
            record.wait_gone(SERVERS[name].stop_seconds)

    def record(self, name: str) -> Record | None:
        """Return the record of a process that runs; none when it does not."""
        record = Record.read(self.record_path(name))
        return record if record is not None and record.is_alive() else None

    @property
    def run_folder(self) -> Path:
        return self.settings.home / "run"

    def record_path(self, name: str) -> Path:
        return self.run_folder / f"{name}.json"

    def log_path(self, name: str) -> Path:
        return self.settings.home / "logs" / f"{name}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home against another start or stop; the kernel frees it if we die.

        Raises:
            PermanentError: another one has held it for minutes.
        """
        with (self.run_folder / "lock").open("w", encoding="ascii") as file:
            deadline = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise PermanentError(
                            f"another `hub up` or `hub down` is at work in {self.settings.home}; "
                            "wait for it or stop it, then run the command again"
                        ) from None
                    time.sleep(_POLL_SECONDS)
            yield

    def _make_home(self) -> None:
        home = self.settings.home
        for folder in (*reversed(home.parents), home, self.run_folder, home / "logs"):
            if not folder.exists():
                folder.mkdir(exist_ok=True)
                # PostgreSQL's user must pass, whatever the umask; what exists stays as it is.
                folder.chmod(0o755)

    def _launch(self, server: Server, say: Say) -> None:
        record = self.record(server.name)
        if record is not None:
            self._check_port_unchanged(server, record)
            say(f"{server.name} runs already, process {record.pid}")
            return
        server.prepare(self.settings)
        for port in server.ports:
            refuse_taken_port(self.settings, port)
        say(f"starting {server.name} {server.version}")
        account = server.account()
        if (log := self.log_path(server.name)).exists():
            log.replace(log.with_suffix(".log.before"))  # one run back; logs do not grow for ever
        launch(
            Launch(
                name=server.name,
                command=server.command(self.settings),
                folder=str(server.folder(self.settings)),
                log=str(self.log_path(server.name)),
                record=str(self.record_path(server.name)),
                port=self.settings.port(server.ports[0]),
                version=server.version,
                environment=server.environment(),
                user=account.user,
                group=account.group,
            )
        )

    def _check_port_unchanged(self, server: Server, record: Record) -> None:
        wanted = self.settings.port(server.ports[0])
        if record.port != wanted:
            base = self.settings.port_base + record.port - wanted
            raise PermanentError(
                f"{server.name} of this home runs on port {record.port}, but the settings say "
                f"{wanted}; set HUB_PORT_BASE={base}, or run `hub down` with it first"
            )

    def _await(self, server: Server) -> None:
        deadline = time.monotonic() + server.start_seconds
        while not server.answers(self.settings):
            died = self.record(server.name) is None
            if died or time.monotonic() > deadline:
                log = self.log_path(server.name)
                how = "ended at once" if died else f"gave no answer in {server.start_seconds:.0f} s"
                raise PermanentError(
                    f"{server.name} {how}; the end of {log}:\n{tail(log)}\n"
                    "run `hub doctor` for what is missing, then `hub up` again"
                )
            time.sleep(_POLL_SECONDS)


def launch(spec: Launch) -> None:
    """Start a process that outlives us; its record exists on return.

    Raises:
        PermanentError: it could not even be recorded.
    """
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, "-m", "ops.stack.launch"],
        input=spec.to_json(),
        cwd=root,
        env={"PATH": os.defpath, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise PermanentError(f"{spec.name} cannot be started: {result.stderr.strip()[-500:]}")


def stop_process(record: Record, number: signal.Signals, seconds: float) -> None:
    """Ask a recorded process to end, and end it by force when it does not."""
    record.send(number)
    if not record.wait_gone(seconds):
        record.send(signal.SIGKILL)
        record.wait_gone(seconds)


def stop_processes(records: list[Record], seconds: float) -> None:
    """Ask all to end at the same time, then end by force those that do not."""
    for record in records:
        record.send(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    for record in records:
        stop_process(record, signal.SIGTERM, max(0.1, deadline - time.monotonic()))


def refuse_taken_port(settings: Settings, name: str) -> None:
    """Raise if somebody goes on listening on the port that ``name`` needs.

    A server that was just killed is gone a little before the kernel has closed its sockets.
    """
    port = settings.port(name)
    deadline = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError as error:
            if time.monotonic() < deadline:
                time.sleep(_PORT_POLL_SECONDS)
                continue
            raise PortTakenError(
                f"port {port}, needed for {name}, is taken by another process; stop that one, or "
                f"choose another range with HUB_PORT_BASE (now {settings.port_base})"
            ) from error
        return


def tail(path: Path) -> str:
    """Return the last lines of a log, indented."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return "  (no log)"
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])
