"""Fixtures that every tier shares: a running stack, a fresh database, unique names.

The stack starts once per test run, on free ports, in a folder of its own, when the
first test asks for it. Set HUB_TEST_HOME to a folder to keep it running between runs.
With ``-n 2`` two processes share the files of tests; each has a stack, and ports, of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ops.secret_files import create_all
from ops.settings import PORT_OFFSETS, Settings
from ops.stack.record import Record, boot_id, start_ticks
from ops.stack.stack import PortTakenError, Stack

_HOMES = Path("/var/tmp")  # not pytest's tmp_path: as root, PostgreSQL's user could not enter it
_PREFIX = "hub-test-"
# Which of the processes that share the tests this is, and how many there are (pytest-xdist).
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
# Below the kernel's ephemeral ports. Workers have no base in common: between the look at a port
# and the server that takes it are seconds.
_BASES = range(12000, 32000, 100)[_WORKER::_WORKERS]
_ATTEMPTS = 5
_USED_AT_ONCE = 80  # to drop a database is to wait for a checkpoint: the first of many pays for all


# Warnings are errors, but for those that a library gives while it is imported.
_IMPORT_WARNINGS = (
    "ignore:(read|open)_text is deprecated:DeprecationWarning",  # kafka-python on 3.11 and 3.12
)


def pytest_configure(config: pytest.Config) -> None:
    """Let those warnings pass that are not ours to mend."""
    for line in _IMPORT_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: else one process works on at the end, alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def stack() -> Iterator[Settings]:
    """The settings of a stack that runs: Kafka, schema registry, PostgreSQL."""
    kept = os.environ.get("HUB_TEST_HOME")
    if kept:
        settings = _settings(Path(kept if _WORKER == 0 else f"{kept}-{_WORKER}").absolute())
        _start(settings)
        yield _settings(settings.home)
        return
    _sweep()
    home = _new_home()
    try:
        yield _start(_settings(home))
    finally:
        Stack(_settings(home)).down()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def servers(stack: Settings) -> Iterator[Stack]:
    """The servers themselves, for tests that stop or kill them; all run again afterwards."""
    running = Stack(stack)
    yield running
    running.up()


@pytest.fixture
def own_stack() -> Iterator[Settings]:
    """Settings of a home of this test's own where nothing runs yet; stopped afterwards."""
    settings = _settings(_new_home())
    yield settings
    Stack(settings).down()
    shutil.rmtree(settings.home, ignore_errors=True)


@pytest.fixture(scope="session")
def used_databases(stack: Settings) -> Iterator[list[str]]:
    """Databases that are no longer needed; they are dropped now and then."""
    used: list[str] = []
    yield used
    if "HUB_TEST_HOME" in os.environ:  # else they go with the stack
        _drop(stack, used)


@pytest.fixture
def database(stack: Settings, used_databases: list[str]) -> Iterator[str]:
    """How to reach an empty database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _administer(stack, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield stack.local_dsn(name)
    used_databases.append(name)
    if len(used_databases) >= _USED_AT_ONCE:
        _drop(stack, used_databases)


@pytest.fixture
def unique_name() -> Callable[[str], str]:
    """Make a name that no other test uses, beginning with the given word."""
    return lambda word: f"{word}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def topic_name(unique_name: Callable[[str], str]) -> str:
    """The name of a topic that no other test uses; the test creates it."""
    return unique_name("test")


@pytest.fixture
def free_settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty home with secrets, on free ports; what a test starts is stopped."""
    settings = Settings(home=tmp_path, cache=_cache(), port_base=_free_base())
    create_all(settings.secrets_folder)
    yield settings
    Stack(settings).down()


@pytest.fixture(scope="session")
def free_base() -> int:
    """A range of ports that nobody uses."""
    return _free_base()


def _administer(settings: Settings, statement: sql.Composed) -> None:
    with psycopg.connect(settings.local_dsn("postgres"), autocommit=True) as connection:
        connection.execute(statement)


def _drop(settings: Settings, names: list[str]) -> None:
    for name in names:
        _administer(settings, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    names.clear()


def _cache() -> Path:
    return Settings.from_environment().cache


def _settings(home: Path) -> Settings:
    """Return the settings of ``home``: its running servers say which ports are theirs."""
    record = Record.read(home / "run" / "postgres.json")
    if record is not None and record.is_alive():
        base = record.port - PORT_OFFSETS["postgres"]
    else:
        base = _free_base()
    return Settings(home=home, cache=_cache(), port_base=base)


def _start(settings: Settings) -> Settings:
    """Start the stack; another process may take a free port first, so try a few ranges."""
    for _ in range(_ATTEMPTS):
        try:
            Stack(settings).up()
        except PortTakenError:
            Stack(settings).down()
            settings = _settings(settings.home)
        else:
            return settings
    raise AssertionError("no free range of ports found")


def _free_base() -> int:
    candidates = list(_BASES)
    random.SystemRandom().shuffle(candidates)  # two runs at once begin at different places
    return next(base for base in candidates if all(map(_is_free, _ports(base))))


def _ports(base: int) -> list[int]:
    return [base + offset for offset in PORT_OFFSETS.values()]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _new_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_HOMES))
    home.chmod(0o755)
    owner = {"pid": os.getpid(), "ticks": start_ticks(os.getpid()), "boot": boot_id()}
    (home / "owner.json").write_text(json.dumps(owner), encoding="ascii")
    return home


def _sweep() -> None:
    """Stop and remove the stacks of our own test runs that were killed."""
    for note in _HOMES.glob(f"{_PREFIX}*/owner.json"):
        try:
            with note.open(encoding="ascii") as file:
                if os.fstat(file.fileno()).st_uid != os.geteuid():
                    continue
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another worker sweeps, too
                owner = json.load(file)
                if owner["boot"] == boot_id() and start_ticks(owner["pid"]) == owner["ticks"]:
                    continue
                Stack(Settings(home=note.parent, cache=_cache())).down()
                shutil.rmtree(note.parent, ignore_errors=True)
        except (OSError, ValueError):  # being made, swept by another, or gone
            continue
