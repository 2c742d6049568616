"""The load of the row ``query``: ask at planned times, from a process of its own.

HTTP/1.1 over kept connections, one request at a time on each, by nothing but asyncio: a client with
more comfort takes more of the shared cores than the answer does. What has no free connection waits,
and its wait counts. Timers of the loop wake up to a millisecond late; that counts, too.

    python -m ops.bench.asking JOB RESULT
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

MOST_CONNECTIONS: Final = 64
_LEAD_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 30.0  # after the last planned arrival
_OK: Final = 200
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class _Line(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._transport: Any = None
        self._asked: int | None = None  # which request waits for its answer
        self._got = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._asker.is_free(self)

    def ask(self, number: int) -> None:
        self._asked, self._got = number, b""
        self._transport.write(self._asker.requests[number])

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(_HEAD_END)
        if not end or self._asked is None:
            return
        length = next(
            (int(line[len(_LENGTH) :]) for line in head.lower().split(b"\r\n") if _is_length(line)),
            0,
        )
        if len(body) < length:
            return
        number, self._asked = self._asked, None
        self._asker.answered(number, int(head[9:12]), length)
        self._asker.is_free(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._asker.lost(self, self._asked)


def _is_length(line: bytes) -> bool:
    return line.startswith(_LENGTH)


@dataclass(slots=True)
class Asker:
    """Asks each request at its time, and notes how long after that time it was answered."""

    port: int
    requests: list[bytes]
    times: list[float]  # planned, seconds from the start
    latencies: list[float] = field(default_factory=list)  # by request
    statuses: list[int] = field(default_factory=list)
    bytes_got: int = 0
    connections: int = 0
    _began: float = 0.0
    _free: deque[_Line] = field(default_factory=deque)
    _waiting: deque[int] = field(default_factory=deque)
    _left: int = 0
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Ask everything; return when all is answered, or nobody waits any longer."""
        loop = asyncio.get_running_loop()
        self.latencies, self.statuses = [0.0] * len(self.times), [0] * len(self.times)
        self._left = len(self.times)
        for _ in range(4):
            await self._connect()
        self._began = loop.time() + _LEAD_SECONDS
        for number, at in enumerate(self.times):
            loop.call_at(self._began + at, self._come, number)
        patience = _LEAD_SECONDS + self.times[-1] + _PATIENCE_SECONDS
        try:
            async with asyncio.timeout(patience):
                await self._done.wait()
        finally:
            for line in tuple(self._free):
                line.close()
            await asyncio.sleep(0)  # what was closed is gone after a turn of the loop

    def is_free(self, line: _Line) -> None:
        """Give a connection its next request."""
        if self._waiting:
            line.ask(self._waiting.popleft())
        else:
            self._free.append(line)

    def answered(self, number: int, status: int, length: int) -> None:
        """Note an answer."""
        self.latencies[number] = (
            asyncio.get_running_loop().time() - self._began - self.times[number]
        )
        self.statuses[number] = status
        self.bytes_got += length
        self._left -= 1
        if not self._left:
            self._done.set()

    def lost(self, line: _Line, asked: int | None) -> None:
        """Go on without a connection that was closed; its request failed."""
        self.connections -= 1
        if line in self._free:
            self._free.remove(line)
        if asked is not None:
            self.answered(asked, 0, 0)

    def _come(self, number: int) -> None:
        if self._free:
            self._free.popleft().ask(number)
            return
        self._waiting.append(number)
        if self.connections < MOST_CONNECTIONS:
            self._task = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        self.connections += 1
        await asyncio.get_running_loop().create_connection(
            lambda: _Line(self), "127.0.0.1", self.port
        )


def main(job: str, result: str) -> None:
    """Ask what the file ``job`` says; leave what came of it in the file ``result``."""
    told = json.loads(Path(job).read_text(encoding="utf-8"))
    asker = Asker(told["port"], [each.encode() for each in told["requests"]], told["times"])
    gc.disable()
    used = time.process_time()
    asyncio.run(asker.run())
    found = {
        "latencies": asker.latencies,
        "statuses": asker.statuses,
        "bytes": asker.bytes_got,
        "connections": asker.connections,
        "cpu": time.process_time() - used,
    }
    Path(result).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
