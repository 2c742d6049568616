"""Servers of the benchmark's own, in a folder of their own, on free ports; gone afterwards.

A benchmark that was killed leaves its servers running; the next one stops them and removes them.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from ops.secret_files import create_all
from ops.settings import PORT_OFFSETS, Settings
from ops.stack.record import boot_id, start_ticks
from ops.stack.stack import PortTakenError, Say, Stack
from schemas.errors import TransientError

PARTITIONS: Final = 4
_HOMES: Final = Path("/var/tmp")  # as root, PostgreSQL's user must be able to enter it  # noqa: S108
_PREFIX: Final = "hub-bench-"
_BASES: Final = range(12000, 32000, 100)  # below the kernel's ephemeral ports
_ATTEMPTS: Final = 5
_OWNER: Final = "owner.json"


@contextmanager
def own_stack(say: Say) -> Iterator[Settings]:
    """Give the settings of servers that run until the block ends, however it ends.

    Raises:
        PermanentError: a server does not start.
        TransientError: no free ports were found, or an archive cannot be fetched now.
    """
    _sweep(say)
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_HOMES))
    home.chmod(0o755)
    (home / _OWNER).write_text(json.dumps(_ourselves(os.getpid())), encoding="ascii")
    settings = _settings(home)
    try:
        settings = _start(settings, say)
        yield settings
    finally:
        say("stopping the servers")
        Stack(settings).down()
        shutil.rmtree(home, ignore_errors=True)


def _ourselves(process: int) -> dict[str, object]:
    """Return what no other process has, also after a restart of the machine."""
    return {"pid": process, "ticks": start_ticks(process), "boot": boot_id()}


def _sweep(say: Say) -> None:
    """Stop and remove what killed benchmarks of this user left."""
    for note in _HOMES.glob(f"{_PREFIX}*/{_OWNER}"):
        try:
            if note.stat().st_uid != os.geteuid():
                continue
            owner = json.loads(note.read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue  # another one is removing it
        if owner != _ourselves(owner["pid"]):
            say("removing what a killed benchmark left")
            cache = Settings.from_environment().cache
            Stack(Settings(home=note.parent, cache=cache)).down()
            shutil.rmtree(note.parent, ignore_errors=True)


def _start(settings: Settings, say: Say) -> Settings:
    for _ in range(_ATTEMPTS):
        stack = Stack(settings)
        try:
            create_all(settings.secrets_folder)  # PostgreSQL asks for a password from its start
            stack.start("postgres")
            keep_commit_times(settings)
            stack.stop("postgres")
            stack.up(say)
        except PortTakenError:
            stack.down()
            settings = _settings(settings.home)
        else:
            return settings
    raise TransientError("no free range of ports was found; run the benchmark again")


def keep_commit_times(settings: Settings) -> None:
    """Have PostgreSQL remember when each transaction was committed; holds after a restart.

    So the time of the last row is exact without a question asked while the contestants run.
    """
    with psycopg.connect(settings.local_dsn("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")


def _settings(home: Path) -> Settings:
    cache = Settings.from_environment().cache
    return Settings(home=home, cache=cache, port_base=_free_base(), partitions=PARTITIONS)


def _free_base() -> int:
    candidates = list(_BASES)
    random.SystemRandom().shuffle(candidates)
    for base in candidates:
        if all(_is_free(base + offset) for offset in PORT_OFFSETS.values()):
            return base
    raise TransientError("no free range of ports was found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
