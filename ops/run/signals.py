"""Turn a signal into a stop flag, without a lock in the handler.

``Event.set`` takes a lock that the main thread may hold at that very moment, inside ``Event.wait``
or inside the handler of an earlier signal; a handler that called it would wait for itself for
ever. So the handler only writes a byte, and a thread that reads it sets the flag.
"""

from __future__ import annotations

import os
import signal
import threading


def stop_on_signals(stop: threading.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT; call it from the main thread."""
    reader, writer = os.pipe()

    def pass_on() -> None:
        os.read(reader, 1)
        stop.set()

    threading.Thread(target=pass_on, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(writer, b"!") and None)
