"""Processor time of processes, from /proc: steadier than the clock on a machine that is shared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PARENT, _OWN, _ENDED_CHILDREN = 1, (11, 12), (13, 14)  # fields after the name; proc(5)


def seconds(process: int) -> float:
    """Return what a process has used, and those of its children that have ended."""
    fields = _fields(Path(f"/proc/{process}/stat"))
    used = sum(int(fields[n]) for n in (*_OWN, *_ENDED_CHILDREN)) if fields else 0
    return used / _TICKS


def seconds_with_children(process: int) -> float:
    """Return what a process and all its children have used."""
    stats = (_fields(path) for path in Path("/proc").glob("[0-9]*/stat"))
    living = sum(
        sum(int(fields[n]) for n in _OWN)
        for fields in stats
        if fields and int(fields[_PARENT]) == process
    )
    return seconds(process) + living / _TICKS


def _fields(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []  # it has ended
