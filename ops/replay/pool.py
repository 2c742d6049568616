"""Processes that work for one replay, and end with it however it ends.

Each task is a row: what it is is decided by its type (``ops/replay/tasks.py``). A process looks
every half second whether its parent still lives, so a replay killed with SIGKILL leaves nobody
behind who writes into its schema.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Final, Protocol, Self

import psycopg

from ops.run.garbage import collect_rarely
from schemas.errors import HubError, TransientError

_POLL_SECONDS: Final = 0.2
_WATCH_SECONDS: Final = 0.5
_END_SECONDS: Final = 5.0

Tick = Callable[[int], None]


class Task(Protocol):
    """One piece of work; sent to a process by pickling."""

    def run(self, wiring: Any, tick: Tick) -> Any:
        """Do it and return what came of it."""
        ...


class WorkerFaultError(RuntimeError):
    """A fault of the hub in a process of the pool; the text is its place, without values."""


@dataclass(slots=True)
class Pool:
    """``size`` processes with the same wiring."""

    wiring: Any
    size: int
    _processes: list[BaseProcess] = field(default_factory=list)
    _tasks: Any = None
    _results: Any = None

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._tasks, self._results = context.Queue(), context.Queue()
        for number in range(self.size):
            process = context.Process(
                target=_work,
                args=(os.getpid(), self.wiring, self._tasks, self._results),
                name=f"hub-replay-{number + 1}",
                daemon=True,
            )
            process.start()
            self._processes.append(process)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            if error is not None:
                process.terminate()
            else:
                self._tasks.put(None)
        for process in self._processes:
            process.join(_END_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()
        for each in (self._tasks, self._results):
            each.close()
            each.cancel_join_thread()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes if process.pid is not None]

    def run(self, tasks: Sequence[Task], tick: Tick = lambda _: None) -> list[Any]:
        """Do all ``tasks``, the first ones first; return what came of each.

        Raises:
            HubError: as a task raised it; the others are not waited for.
            TransientError: a process was killed.
        """
        for number, task in enumerate(tasks):
            self._tasks.put((number, task))
        found: dict[int, Any] = {}
        while len(found) < len(tasks):
            try:
                kind, number, value = self._results.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if not all(process.is_alive() for process in self._processes):
                    raise TransientError(
                        "a process of the replay was killed: see whether the machine ran out of "
                        "memory; use fewer --workers"
                    ) from None
                continue
            if kind == "tick":
                tick(value)
            elif kind == "failed":
                raise value
            else:
                found[number] = value
        return [found[number] for number in range(len(tasks))]


def _work(parent: int, wiring: Any, tasks: Any, results: Any) -> None:
    """Do what comes until told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    collect_rarely()
    while (item := tasks.get()) is not None:
        number, task = item

        def tick(count: int, number: int = number) -> None:
            results.put(("tick", number, count))

        try:
            results.put(("done", number, task.run(wiring, tick)))
        except HubError as error:
            results.put(("failed", number, error))
        except psycopg.OperationalError as error:
            gone = TransientError(f"the hub's database failed ({type(error).__name__})")
            results.put(("failed", number, gone))
        except BaseException as error:  # noqa: BLE001 - handed on
            results.put(("failed", number, WorkerFaultError(_place(error))))


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n".join([type(error).__name__, *places])


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)
