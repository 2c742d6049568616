"""Keep the components running: ``python -m ops.run.supervise WORKERS``.

The supervisor holds nothing that its successor needs. Components record themselves, so one
that follows a killed supervisor adopts those that run and starts those that do not. It
reports to ``home/run/components.json`` and never gives up; asked to end, it ends them first.
"""

from __future__ import annotations

import fcntl
import logging
import random
import sys
import threading
import time
from dataclasses import dataclass, field

from ops import logs
from ops.run.backoff import Watch, after_end, after_start
from ops.run.components import (
    Component,
    components,
    last_error,
    launch_component,
    state_path,
    write_json,
)
from ops.run.signals import stop_on_signals
from ops.settings import Settings
from ops.stack.stack import COMPONENT_STOP_SECONDS, SUPERVISOR, Stack, stop_processes
from schemas.errors import PermanentError

log = logging.getLogger("ops.run.supervise")

_POLL_SECONDS = 0.5


@dataclass(slots=True)
class Supervisor:
    """Watches over the components of one home."""

    stack: Stack
    wanted: tuple[Component, ...]
    watches: dict[str, Watch] = field(default_factory=dict)
    was_running: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)

    def look(self, now: float, chance: float) -> None:
        """Go round once: notice what ended, start what is due, report."""
        for component in self.wanted:
            watch = self.watches.setdefault(component.name, Watch())
            if (record := self.stack.record(component.name)) is not None:
                if component.name not in self.was_running and watch.started == 0.0:
                    watch = after_start(watch, now)  # adopted: started by one before us
                    log.info("component_adopted", extra=_extra(component, pid=record.pid))
                self.was_running.add(component.name)
            elif component.name in self.was_running:
                self.was_running.discard(component.name)
                self.errors[component.name] = last_error(self.stack.settings, component.name)
                watch = after_end(watch, now, chance)
                wait = round(watch.next_start - now, 2)
                log.warning("component_ended", extra=_extra(component, delay_seconds=wait))
            elif now >= watch.next_start:
                watch = self._start(component, watch, now)
            self.watches[component.name] = watch
        self._report()

    def end(self) -> None:
        """Ask every component to end, and wait until all have."""
        records = [self.stack.record(component.name) for component in self.wanted]
        stop_processes([record for record in records if record], COMPONENT_STOP_SECONDS)
        for component in self.wanted:
            self.stack.record_path(component.name).unlink(missing_ok=True)
        state_path(self.stack.settings).unlink(missing_ok=True)

    def _start(self, component: Component, watch: Watch, now: float) -> Watch:
        launch_component(self.stack, component)
        self.was_running.add(component.name)
        watch = after_start(watch, now)
        log.info("component_started", extra=_extra(component, restarts=watch.restarts))
        return watch

    def _report(self) -> None:
        report = {}
        for component in self.wanted:
            watch = self.watches[component.name]
            record = self.stack.record(component.name)
            report[component.name] = {
                "state": "running" if record else "waiting",
                "pid": record.pid if record else None,
                "restarts": watch.restarts,
                "failures": watch.failures,
                "last_error": self.errors.get(component.name, ""),
            }
        write_json(state_path(self.stack.settings), report)


def _extra(component: Component, **values: object) -> dict[str, object]:
    return {"component": component.name, **values}


def main(workers: int) -> None:
    """Supervise until told to end."""
    logs.configure(SUPERVISOR)
    settings = Settings.from_environment()
    stack = Stack(settings)
    stop = threading.Event()
    stop_on_signals(stop)
    with (stack.run_folder / "supervisor.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermanentError("another supervisor watches over this home") from None
        supervisor = Supervisor(stack, components(settings, workers))
        log.info("supervisor_started", extra={"workers": workers})
        while not stop.is_set():
            try:
                # Chance spreads restarts only; nothing secret hangs on it.
                supervisor.look(time.monotonic(), random.random())  # noqa: S311
            except (OSError, PermanentError):  # a full disk, say: it may be mended any time
                log.exception("round_failed")
            stop.wait(_POLL_SECONDS)
        supervisor.end()
        log.info("supervisor_ended")


if __name__ == "__main__":
    main(int(sys.argv[1]))
