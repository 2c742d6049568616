"""Records of processes we started: who runs, told apart from a stranger with the same pid.

A pid alone is re-used by the kernel; a pid with its start time and the boot is not. Only
what a record proves to be ours is ever adopted or stopped.
"""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_PROC = Path("/proc")
_STATE, _START_TICKS = 0, 19  # fields of /proc/<pid>/stat counted after the name: proc(5) 3 and 22
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One process as it was when it started."""

    name: str
    pid: int
    start_ticks: int  # since boot, from /proc/<pid>/stat
    boot: str  # the kernel's id of this boot; ticks begin again at the next one
    command: list[str]
    port: int  # 0 = does not listen
    version: str

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """Return the record at ``path``; none when there is none or it is unreadable."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write the record; it is whole and durable under its name on return."""
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def is_alive(self) -> bool:
        """Return whether this very process still runs."""
        return self.boot == boot_id() and start_ticks(self.pid) == self.start_ticks

    def send(self, number: signal.Signals) -> None:
        """Send a signal, to this very process or to nobody.

        The pidfd is taken first and the start time compared after it, so the pid
        cannot pass to a stranger in between.
        """
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.is_alive():
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)

    def wait_gone(self, seconds: float) -> bool:
        """Wait for the process to end; return whether it did in time."""
        deadline = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def uptime_seconds(self) -> float:
        since_boot = float((_PROC / "uptime").read_text(encoding="ascii").split()[0])
        return since_boot - self.start_ticks / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """Return the resident memory of the process and of all that descend from it."""
        return sum(_resident_bytes(pid) for pid in _family(self.pid))


def boot_id() -> str:
    """Return the kernel's id of this boot."""
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_ticks(pid: int) -> int | None:
    """Return when ``pid`` started, in ticks since boot; none if it has ended (or is a zombie)."""
    fields = _stat(pid)
    if fields is None or fields[_STATE] in "ZX":
        return None
    return int(fields[_START_TICKS])


def _stat(pid: int) -> list[str] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets


def _family(root: int) -> set[int]:
    parents = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            parents[int(entry.name)] = int(fields[1])
    family, grew = {root}, True
    while grew:
        children = {pid for pid, parent in parents.items() if parent in family}
        grew = not children <= family
        family |= children
    return family


def _resident_bytes(pid: int) -> int:
    """Return the private resident memory: shared buffers would count once for every backend."""
    try:
        text = (_PROC / str(pid) / "statm").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    _, resident, shared, *_ = (int(word) for word in text.split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
