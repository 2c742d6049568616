"""Whether what runs beside this process does its work: the health check of a container.

    python -m ops.run.healthy 5432 9092        it holds a connection to each of these ports
    python -m ops.run.healthy :29080/v1/ready  it answers there, and not with a fault of its own

Exit code 1 when not; says which. A component that lost its server and waits is not healthy, and
one whose process is gone has no container. Without a password and without a word to the servers:
connections are read from the kernel, whose table shows those of this container only.
"""

from __future__ import annotations

import http.client
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED: Final = "01"  # TCP_ESTABLISHED
_SECONDS: Final = 4.0  # of the ten that the check has
_OWN_FAULT: Final = 500


def main(wanted: Sequence[str], tables: Sequence[Path] = _TABLES) -> int:
    """Return the exit code."""
    held = connected_ports(tables)
    faults = [each for each in wanted if not (answers(each) if ":" in each else int(each) in held)]
    if faults:
        print("not healthy: " + ", ".join(faults))
    return 1 if faults else 0


def connected_ports(tables: Sequence[Path]) -> set[int]:
    """Return the far ports of all connections that stand."""
    lines = [
        line.split()
        for table in tables
        if table.exists()
        for line in table.read_text(encoding="ascii").splitlines()[1:]
    ]
    return {int(line[2].rpartition(":")[2], 16) for line in lines if line[3] == _ESTABLISHED}


def answers(place: str) -> bool:
    """Return whether ``:port/path`` on loopback answers with less than 500."""
    port, slash, path = place.removeprefix(":").partition("/")
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=_SECONDS)
    try:
        connection.request("GET", slash + path)
        return connection.getresponse().status < _OWN_FAULT
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
