"""Stock Faust, message by message: at least once, as fast as its own idiom allows.

``stream.take`` would be the idiom for batches, but it acknowledges what its body has not stored
(see docs/benchmark.md), so the agent keeps a buffer of its own and acknowledges after the commit.
Settings are those that make Faust fast: its compiled stream loop, large buffers, no table standby,
no leader topic, no web server.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import faust
import psycopg

from ops.bench.job import Job
from ops.bench.peers.mapping import COLUMNS, Row, event_types, rows_of
from ops.run.garbage import collect_rarely
from ops.settings import Settings
from streams.clients import for_faust

_IDLE_SECONDS: Final = 0.2  # without an event; then what is left is stored, however little
_NAMES: Final = ", ".join(f'"{name}"' for name in COLUMNS)
_CREATE: Final = "CREATE TEMPORARY TABLE batch (LIKE live.facts) ON COMMIT DELETE ROWS"
_COPY: Final = f"COPY batch ({_NAMES}) FROM STDIN"
_INSERT: Final = (
    f"INSERT INTO live.facts ({_NAMES}) SELECT {_NAMES} FROM batch ON CONFLICT DO NOTHING"  # noqa: S608 - names of ours
)


class Buffer:
    """Rows and their events until a batch is full; one transaction a batch."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._connection: psycopg.AsyncConnection[Row] | None = None
        self._lock = asyncio.Lock()
        self._idle = True  # nothing came since the timer looked last
        self._rows: list[Row] = []
        self._events: list[Any] = []

    async def connect(self) -> None:
        self._connection = await psycopg.AsyncConnection.connect(self._job.dsn, autocommit=True)
        await self._connection.execute(_CREATE)

    async def add(self, event: Any, rows: list[Row]) -> None:
        self._rows += rows
        self._events.append(event)
        self._idle = False
        if len(self._events) >= self._job.batch:
            await self.flush()

    async def flush_if_idle(self) -> None:
        if self._idle:
            await self.flush()
        self._idle = True

    async def flush(self) -> None:
        async with self._lock:
            rows, self._rows = self._rows, []
            events, self._events = self._events, []
            if not events:
                return
            assert self._connection is not None
            async with self._connection.transaction():
                async with self._connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                    for row in rows:
                        await copy.write_row(row)
                await self._connection.execute(_INSERT)
            for event in events:
                event.ack()


def make_app(job: Job) -> Any:
    """Return the Faust app."""
    kafka = Settings.from_environment().kafka("admin")
    app = faust.App(
        job.group,
        broker=f"kafka://{kafka['bootstrap_servers']}",
        broker_credentials=for_faust(kafka),
        value_serializer="raw",
        key_serializer="raw",
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=65_536,
        cython_optimizations=True,
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        broker_commit_interval=1.0,
    )
    topic = app.topic(job.topic, value_type=bytes, value_serializer="raw")
    types = event_types(job.types)
    buffer = Buffer(job)

    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def store(stream: Any) -> None:
        await buffer.connect()
        async for event in stream.noack().events():
            job.started()
            message = event.message
            rows = rows_of(event.value, types, message.topic, message.partition, message.offset)
            await buffer.add(event, rows)

    @app.timer(interval=_IDLE_SECONDS)  # type: ignore[untyped-decorator]
    async def store_what_is_left() -> None:
        await buffer.flush_if_idle()

    return app


def main(path: str) -> None:
    """Run until stopped."""
    app = make_app(Job.read(path))
    collect_rarely()
    faust.Worker(app, loglevel="warning").execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1])
