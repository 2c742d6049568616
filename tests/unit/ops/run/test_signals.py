"""A process that is told to stop at the worst moment stops."""

from __future__ import annotations

import subprocess
import sys

WORST_MOMENT = """
import signal, threading
from ops.run.signals import stop_on_signals
stop = threading.Event()
stop_on_signals(stop)
with stop._cond:  # where Event.wait, and Event.set of an earlier signal, are now and then
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
assert stop.wait(10)
print("stopped", flush=True)
"""


def test_a_signal_while_the_flag_is_held_sets_it_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORST_MOMENT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
