"""Start and stop the FHIR server as a process of its own.

Its record, ``home/simulator/fhir.process.json``, holds pid and start time, so that a number
which another process has taken over is never signalled.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

START_SECONDS = 20
STOP_SECONDS = 5

# Started by this very process: kept until stopped, so that their exit code is taken.
_children: dict[int, subprocess.Popen[bytes]] = {}


class FhirServerError(Exception):
    """The server did not start; its log says why."""


@dataclass(frozen=True, slots=True)
class FhirServer:
    """A server that answers."""

    url: str  # FHIR is below /fhir, tokens come from /token
    pid: int


def client_secret_file(home: Path) -> Path:
    """Return the file with the hub's client secret; a missing one is written, random."""
    path = home / "secrets" / "fhir_client_secret"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(24))
        draft.rename(path)
    return path


def command_line(home: Path, port: int, seed: int, token_seconds: int = 30) -> list[str]:
    """Return how to run the server in the foreground; for a supervisor."""
    return [
        *(sys.executable, "-m", "ops.simulator.fhir_server"),
        *("--file", str(home / "simulator" / "fhir.sqlite")),
        *("--secret-file", str(client_secret_file(home))),
        *("--port", str(port)),
        *("--seed", str(seed)),
        *("--token-seconds", str(token_seconds)),
    ]


def start(home: Path, port: int, seed: int = 0, token_seconds: int = 30) -> FhirServer:
    """Start the server, or adopt the recorded one, and wait until it answers.

    Raises:
        FhirServerError: it ended or did not answer in time.
    """
    url = f"http://127.0.0.1:{port}"
    recorded = _recorded(home)
    if recorded and _answers(url):
        return FhirServer(url, recorded)
    folder = home / "simulator"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "fhir.log").open("ab") as log:
        process = subprocess.Popen(
            command_line(home, port, seed, token_seconds),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children[process.pid] = process
    record = {"pid": process.pid, "started": _started(process.pid), "port": port}
    (folder / "fhir.process.json").write_bytes(orjson.dumps(record))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise FhirServerError(f"the FHIR server ended at once; see {folder / 'fhir.log'}")
        if _answers(url):
            return FhirServer(url, process.pid)
        time.sleep(0.05)
    stop(home)
    raise FhirServerError(f"the FHIR server does not answer; see {folder / 'fhir.log'}")


def stop(home: Path) -> bool:
    """Stop the recorded server; return whether there was one."""
    pid = _recorded(home)
    if pid is None:
        return False
    child = _children.pop(pid, None)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, sign)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if _recorded(home) is None:
                if child:
                    child.wait()  # it is gone, or a zombie whose exit code nobody took
                (home / "simulator" / "fhir.process.json").unlink(missing_ok=True)
                return True
            time.sleep(0.02)
    return True


def _recorded(home: Path) -> int | None:
    """Return the pid of the recorded server if that very process still runs."""
    try:
        record = orjson.loads((home / "simulator" / "fhir.process.json").read_bytes())
    except FileNotFoundError:
        return None
    pid = int(record["pid"])
    started = _started(pid)
    return pid if started is not None and started == record["started"] else None


def _started(pid: int) -> str | None:
    """Return the start time of a process in clock ticks, or None if it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # from the state on; starttime is field 22
    return None if fields[0] == "Z" else fields[19]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/fhir/metadata", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False
