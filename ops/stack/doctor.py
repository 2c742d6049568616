"""``hub doctor``: what is missing for the local stack, and how to mend it."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from ops import secret_changes, secret_files
from ops.lazy import load
from ops.settings import PORT_OFFSETS, Settings, others_can_enter, read_secrets
from ops.stack import artifacts, kafka, postgres
from ops.stack.server import plain_environment
from ops.stack.stack import SERVERS, PortTakenError, Stack, refuse_taken_port
from schemas.errors import HubError, PermanentError

FINDING = 1
_OLDEST, _NEWEST = (3, 11), (3, 14)
_PACKAGES = ("aiokafka", "faust-streaming", "kafka-python", "psycopg", "fastavro", "jgo")
_DISK_BYTES = 3 * 1024**3  # archives, unpacked programs, and the demo's topics and tables
_MEMORY_BYTES = 3 * 1024**3  # the whole stack with two workers stays below

_console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``mend`` is empty when it is well."""

    name: str
    found: str
    mend: str = ""


def doctor() -> None:
    """Look at everything the local stack needs; say how to mend what is missing.

    Exit code 1 when something is missing.

    Examples:
      hub doctor
    """
    checks = [check for look in LOOKS for check in look(Settings.from_environment())]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("", "looked at", "found", "how to mend it"):
        table.add_column(column, overflow="fold")
    for check in checks:
        mark = "[red]missing[/]" if check.mend else "[green]well[/]"
        table.add_row(mark, check.name, check.found, check.mend)
    _console.print(table)
    raise typer.Exit(FINDING if any(check.mend for check in checks) else 0)


def _python(_: Settings) -> Iterator[Check]:
    found = ".".join(map(str, sys.version_info[:3]))
    good = _OLDEST <= sys.version_info[:2] <= _NEWEST
    mend = "" if good else "make clean, then make setup PYTHON=python3.12 (3.11 to 3.14 will do)"
    yield Check("Python", found, mend)


def _packages(_: Settings) -> Iterator[Check]:
    missing = []
    for name in _PACKAGES:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    found = f"{', '.join(missing)} not installed" if missing else "installed"
    yield Check("Python packages", found, "make setup" if missing else "")


def _programs(settings: Settings) -> Iterator[Check]:
    places: dict[str, Callable[[], str]] = {
        "Java": kafka.java,
        "PostgreSQL": lambda: str(postgres.wheel_folder() / "bin" / "postgres"),
    }
    options = {"Java": "-version", "PostgreSQL": "--version"}
    for name, place in places.items():
        try:
            answer = subprocess.run(
                [place(), options[name]],
                capture_output=True,
                text=True,
                check=True,
                env=plain_environment(),
            )
        except (PermanentError, OSError, subprocess.CalledProcessError) as error:
            yield Check(name, f"does not run ({type(error).__name__})", "make clean && make setup")
        else:
            yield Check(name, (answer.stdout or answer.stderr).splitlines()[0])


def _archives(settings: Settings) -> Iterator[Check]:
    folder, pinned = kafka.archives(settings), artifacts.pinned()
    absent = artifacts.missing(folder, pinned)
    damaged = artifacts.damaged(folder, pinned)
    if absent or damaged:
        first = (damaged or absent)[0].file_name
        found = f"{len(absent)} absent, {len(damaged)} damaged of {len(pinned)}, first {first}"
        yield Check("archives", found, "hub fetch")
    else:
        yield Check("archives", f"{len(pinned)}, each with the listed SHA-256")


def _space(settings: Settings) -> Iterator[Check]:
    for name, folder in (("disk for data", settings.home), ("disk for downloads", settings.cache)):
        free = shutil.disk_usage(_existing(folder)).free
        mend = "" if free >= _DISK_BYTES else f"free some space below {_existing(folder)}"
        yield Check(name, f"{free // 1024**2} MiB free", mend)
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    amounts = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    available = amounts["MemAvailable"]
    running = any(Stack(settings).record(name) for name in SERVERS)
    good = running or available >= _MEMORY_BYTES
    yield Check("memory", f"{available // 1024**2} MiB free", "" if good else "end some programs")


def _ports(settings: Settings) -> Iterator[Check]:
    stack = Stack(settings)
    ours = {port for name, server in SERVERS.items() if stack.record(name) for port in server.ports}
    ours |= {name for name in PORT_OFFSETS if name not in SERVERS and stack.record(name)}
    for name in PORT_OFFSETS:
        label, port = f"port for {name}", settings.port(name)
        if name in ours:
            yield Check(label, f"{port}, ours")
            continue
        try:
            refuse_taken_port(settings, name)
        except PortTakenError:
            mend = f"stop what listens there, or set HUB_PORT_BASE (now {settings.port_base})"
            yield Check(label, f"{port}, taken by another process", mend)
        else:
            yield Check(label, f"{port}, free")


def _folders(settings: Settings) -> Iterator[Check]:
    for name, folder in (("home", settings.home), ("cache", settings.cache)):
        place = _existing(folder)
        try:
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError:
            variable = f"HUB_{name.upper()}"
            yield Check(name, f"{place} cannot be written", f"set {variable} to one that can")
        else:
            yield Check(name, str(folder))


def _secrets(settings: Settings) -> Iterator[Check]:
    folder = settings.home / "secrets"
    if not folder.is_dir():
        yield Check("secrets", "none yet; the first `hub up` writes them")
        return
    loose = [
        path.name
        for path in sorted(folder.iterdir())
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    try:
        read_secrets(folder)
    except PermanentError as error:
        yield Check("secrets", str(error), "restore them from a backup: new ones fit no old data")
        return
    mend = f"chmod 600 {folder}/*" if loose else ""
    yield Check("secrets", f"others may read {', '.join(loose)}" if loose else "readable", mend)


def _passwords(settings: Settings) -> Iterator[Check]:
    folder = settings.secrets_folder
    if not folder.is_dir():
        return
    if begun := secret_changes.all_begun(folder):
        names = " ".join(begun)
        yield Check("new secrets", f"{names}: begun, not done", f"hub secrets rotate {names}")
    if missing := secret_files.missing_passwords(folder):
        yield Check("passwords", f"{', '.join(missing)} missing", "hub up writes new ones")
    else:
        yield Check("passwords", "there is one for each principal of Kafka and role of PostgreSQL")


def _rules(settings: Settings) -> Iterator[Check]:
    """What Kafka allows, if it runs and was set up."""
    if Stack(settings).record("kafka") is None:
        return
    drift = load("ops.stack.acls:drift")  # half a second that the other checks need not wait
    try:
        found = drift(settings.kafka(secret_files.ADMIN))
    except HubError as error:
        yield Check("rules of Kafka", str(error), "hub down, then hub up")
        return
    if not found.is_set_up:
        yield Check("rules of Kafka", "none yet; `hub init` makes them")
        return
    lines = found.lines()
    told = f"{len(lines)} differ, first {lines[0]}" if lines else "as declared"
    yield Check("rules of Kafka", told, "hub init; see hub init --check" if lines else "")


def _user(settings: Settings) -> Iterator[Check]:
    runs_as = postgres.account().user if os.geteuid() == 0 else os.geteuid()
    try:
        pwd.getpwuid(runs_as)
    except KeyError:
        mend = f"run as a user that has an entry there (number {runs_as} has none)"
        yield Check("user", "PostgreSQL's user is not in /etc/passwd", mend)
        return
    if os.geteuid() != 0:
        yield Check("user", f"ordinary, number {os.geteuid()}")
        return
    good = others_can_enter(settings.home)
    found = "root; PostgreSQL runs as nobody" + ("" if good else ", who cannot enter the home")
    yield Check("user", found, "" if good else "set HUB_HOME to a folder below /var/lib")


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


LOOKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (
    _python,
    _packages,
    _programs,
    _archives,
    _space,
    _ports,
    _folders,
    _secrets,
    _passwords,
    _rules,
    _user,
)
