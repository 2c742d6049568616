"""End a component whose secret was replaced; whoever runs it starts it again with the new one.

A client of Kafka keeps the password that it was made with. Its open connections stay when the
password changes, but once one breaks, it tries the old password for ever and looks alive meanwhile.
PostgreSQL's clients read theirs anew at each connection and need nothing of this.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Final

from ops.secret_changes import TOKEN_KEY
from ops.secret_files import KAFKA_PRINCIPALS, kafka_file

log = logging.getLogger("ops.run.replaced")

_POLL_SECONDS: Final = 1.0
_END_SECONDS: Final = 20.0  # a component ends its transaction first
_DEPENDENCY_DOWN: Final = 3


def end_when_replaced(folder: Path, component: str, stop: threading.Event) -> None:
    """Set ``stop`` once the file of the component's secret says something else.

    A component that does not end by then, because it tries the old password inside a call that has
    no end, is ended as ``kill -9`` would: what is committed is whole, as after any crash.
    """
    if (name := _secret_of(component)) is None:
        return
    path = folder / name
    began = _content(path)

    def watch() -> None:
        while not stop.wait(_POLL_SECONDS):
            now = _content(path)
            if now and now != began:
                log.info("secret_replaced")
                stop.set()
                time.sleep(_END_SECONDS)
                os._exit(_DEPENDENCY_DOWN)

    threading.Thread(target=watch, name="secret", daemon=True).start()


def _secret_of(component: str) -> str | None:
    if component in KAFKA_PRINCIPALS:
        return kafka_file(component)
    return TOKEN_KEY if component == "issuer" else None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # missing, or of somebody else: the component itself says so
        return b""
