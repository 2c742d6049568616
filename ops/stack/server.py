"""What the stack must know about a server to run it; one module per server fills this in."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ops.settings import Settings


@dataclass(frozen=True, slots=True)
class Account:
    """As whom a server runs; -1 = as who started it."""

    user: int = -1
    group: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of the local stack."""

    name: str
    version: str
    ports: tuple[str, ...]  # names in PORT_OFFSETS; the first is where it is reached
    prepare: Callable[[Settings], None]  # makes folders, files, data; may be repeated after a crash
    command: Callable[[Settings], list[str]]
    folder: Callable[[Settings], Path]  # working directory
    answers: Callable[[Settings], bool]  # whether a client gets a proper answer now
    account: Callable[[], Account] = field(default=Account)
    environment: Callable[[], dict[str, str]] = field(default=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 90.0  # generous: two cores may be busy with tests
    stop_seconds: float = 30.0


def plain_environment() -> dict[str, str]:
    """Return the environment of a server: nothing of ours leaks into it."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": "/tmp", "TZ": "UTC"}  # noqa: S108
