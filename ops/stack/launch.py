"""Start one process of its own: record first, then exec.

    python -m ops.stack.launch        what to start comes as JSON on standard input

(not as an argument: everybody can read those, and its environment may hold a password).

Order of effects, and what a crash right after each means:

    fork, new session      nothing runs yet; the next `up` starts the server
    write the record       the record names a process that soon ends; it reads as dead
    drop rights, exec      the record names the server: pid and start time survive exec

A server without a record is therefore impossible, also when whoever asked for it is killed
in the meantime. The first process ends once the record is written, so the server belongs
to nobody's process tree and outlives the command that started it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from ops.stack.record import Record, boot_id, start_ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start, and as whom."""

    name: str
    command: list[str]
    folder: str  # working directory
    log: str  # appended to; standard output and error
    record: str  # where the record goes
    port: int  # 0 = does not listen
    version: str
    environment: dict[str, str]
    user: int = -1  # -1 = stay who we are
    group: int = -1

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def main(spec: str) -> None:
    """Fork, and in the child become what ``spec`` says."""
    launch = Launch(**json.loads(spec))
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        recorded = os.read(read_end, 1) == b"1"
        os._exit(0 if recorded else 1)
    os.close(read_end)
    os.setsid()
    _take_streams(Path(launch.log))
    os.chdir(launch.folder)
    Record(
        name=launch.name,
        pid=os.getpid(),
        start_ticks=start_ticks(os.getpid()) or 0,
        boot=boot_id(),
        command=launch.command,
        port=launch.port,
        version=launch.version,
    ).write(Path(launch.record))
    os.write(write_end, b"1")
    os.close(write_end)
    if launch.user >= 0:
        os.setgroups([])
        os.setgid(launch.group)
        os.setuid(launch.user)
    os.execve(launch.command[0], launch.command, launch.environment)  # noqa: S606


def _take_streams(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)


if __name__ == "__main__":
    main(sys.stdin.read())
