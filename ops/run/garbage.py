"""Python's garbage collector, for processes that handle many short-lived records."""

from __future__ import annotations

import gc
from typing import Final

_YOUNG: Final = 200_000  # containers made and not yet freed, before the collector looks


def collect_rarely() -> None:
    """Let the collector run seldom, and never again over what was loaded at the start.

    Records live briefly and form no cycles: reference counts free them. The default looks after
    every 700 new containers, which is several times a chunk.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 100)
