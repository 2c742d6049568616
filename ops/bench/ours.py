"""Our own contestant: the worker as it is, but for the size of a chunk and a note of its start.

Only tuning needs this module: without it the worker's own constant holds, which is one of the sizes
tried.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

from ops.bench.job import Job
from ops.run import worker
from ops.settings import Settings
from streams import chunk, lane, transport
from streams.lanes import Lanes


def main(path: str) -> None:
    """Run the worker until stopped; its settings are in the environment, as always."""
    job = Job.read(path)
    for module in (chunk, lane, transport):
        if hasattr(module, "MAX_RECORDS"):
            setattr(module, "MAX_RECORDS", job.batch)  # noqa: B010 - Final, but for tuning
    put: Any = Lanes.put

    def put_and_note(lanes: Lanes, one: chunk.Chunk) -> None:
        job.started()
        put(lanes, one)

    setattr(Lanes, "put", put_and_note)  # noqa: B010 - mypy refuses to assign to a method
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.run(Settings.from_environment(), stop)


if __name__ == "__main__":
    main(sys.argv[1])
