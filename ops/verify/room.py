"""Is there room for everything in memory? Said before the machine is in trouble, not after."""

from __future__ import annotations

from pathlib import Path

from schemas.errors import PermanentError

BYTES_A_RECORD = 8 * 1024  # measured with tracemalloc: the record, its rows, and its judgement
_MEMINFO = Path("/proc/meminfo")
_GIB = 1 << 30


def check_room(records: int, available: int | None) -> None:
    """Refuse to read so many records of topics into so many bytes; None: nobody knows.

    Raises:
        PermanentError: they do not fit.
    """
    needed = records * BYTES_A_RECORD
    if available is not None and needed > available:
        raise PermanentError(
            f"verify holds everything in memory: {records:,} records need some "
            f"{needed / _GIB:.0f} GiB, and {available / _GIB:.0f} GiB are free; "
            "verify a smaller country, or on a larger machine"
        )


def available_bytes(meminfo: Path = _MEMINFO) -> int | None:
    """Return how much memory the machine can still give, or None where it does not say."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return None
    stated = (line.split() for line in lines if line.startswith("MemAvailable:"))
    return next((int(kib) * 1024 for _, kib, *_ in stated), None)
