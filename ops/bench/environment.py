"""On what the figures were taken; a figure without this says nothing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psycopg

from ops.settings import Settings
from ops.stack import kafka
from ops.stack.postgres import SERVER as POSTGRES


def environment(settings: Settings, compression: str) -> dict[str, object]:
    """Return the machine, the versions, and what makes a commit durable."""
    with psycopg.connect(settings.local_dsn("hub"), autocommit=True) as connection:
        durable = {name: _show(connection, name) for name in ("fsync", "synchronous_commit")}
    return {
        "cpus": os.cpu_count(),
        "cpu_model": _field(Path("/proc/cpuinfo"), "model name"),
        "memory": _field(Path("/proc/meminfo"), "MemTotal"),
        "python": platform.python_version(),
        "kafka": kafka.SERVER.version,
        "postgres": POSTGRES.version,
        **{name: version(name) for name in ("faust-streaming", "quixstreams", "fastavro")},
        **durable,
        "acks": "all",
        "compression": compression,
        "partitions": settings.partitions,
        "load_average_at_start": os.getloadavg()[0],
    }


def _show(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def _field(path: Path, name: str) -> str:
    """Return a field of a file of ``name: value`` lines; some machines leave one out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"
