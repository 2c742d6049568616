"""A worker as a process of its own, to be killed or frozen; argv: its wiring, as JSON.

Where Kafka is, and the password, it reads as every process does.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import Any

from ops import logs
from ops.cli import guarded
from ops.settings import Settings
from schemas.catalogue import EventType, catalogue
from schemas.ids import Keys
from streams import app

TYPES: dict[int, EventType] = dict(enumerate(catalogue().values(), 1))
IDS = {row.name: number for number, row in TYPES.items()}


class ReverseSealer:
    def seal_quarantine(self, entry_id: bytes, original: bytes) -> bytes:
        return original[::-1]


def main(wiring: dict[str, Any]) -> int:
    logs.configure("worker")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    config = app.WorkerConfig(
        client_config=Settings.from_environment().kafka("admin"),
        keys=Keys(b"p" * 32, b"e" * 32, b"d" * 32),
        sealer=ReverseSealer(),
        types=dict.fromkeys(wiring["topics"].values(), TYPES),
        **wiring,
    )
    return guarded(lambda: app.run(config, stop))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
