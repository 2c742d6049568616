"""Which partitions are ours, and a lane for each.

``Lanes`` is the transport's ``Owner``: on assignment it starts a lane, on revocation it lets the
lane finish the chunk in hand and forgets it. What ends a lane by an error ends the worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from streams.chunk import Chunk, Place
from streams.lane import Lane, Reader, Wiring

_REVOKE_SECONDS: Final = 5.0  # then the fence decides who was first
_SHOW_SECONDS: Final = 2.0


class Lanes:
    """The partitions that Kafka assigned to us."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._lanes: dict[Place, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._shown: dict[Place, int] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connect(self, reader: Reader) -> None:
        """Say who reads; before the first assignment."""
        self._wiring.reader = reader
        self._start(self._show_progress())

    def assigned(self, places: set[Place]) -> None:
        for place in self._lanes.keys() - places:
            self._lanes.pop(place).close()
        for place in sorted(places - self._lanes.keys()):
            lane = self._lanes[place] = Lane(place, self._wiring)
            lane.task = self._start(lane.run())

    async def revoked(self, places: set[Place]) -> None:
        leaving = [lane for place in places if (lane := self._lanes.pop(place, None)) is not None]
        await _leave(leaving, _REVOKE_SECONDS)

    def put(self, chunk: Chunk) -> None:
        """Take a chunk from the stream; one read under an older claim is void."""
        lane = self._lanes.get(chunk.claim.place)
        if lane is not None:
            lane.put(chunk)

    async def close(self) -> None:
        """Let every chunk in hand be committed, then end."""
        lanes, self._lanes = list(self._lanes.values()), {}
        await _leave(lanes, 2 * _REVOKE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _show_progress(self) -> None:
        while True:
            await asyncio.sleep(_SHOW_SECONDS)
            now = {place: lane.stored for place, lane in self._lanes.items() if lane.stored}
            moved = {place: n for place, n in now.items() if self._shown.get(place) != n}
            if moved and self._wiring.reader is not None:
                await self._wiring.reader.show_progress(moved)
            self._shown = now


async def _leave(lanes: Iterable[Lane], seconds: float) -> None:
    tasks = []
    for lane in lanes:
        lane.close()
        if lane.task is not None:
            tasks.append(lane.task)
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
