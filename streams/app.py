"""The Faust app: one agent that hands chunks to lanes, and how it is run.

Nothing of Faust decides about effects: no tables, no committer, no web server, no leader topic. It
joins the consumer group, and carries chunks from the reader's thread to the agent.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import faust
from mode.supervisors import CrashingSupervisor

from projections.chunk_pool import ChunkPool
from schemas.catalogue import EventType
from schemas.errors import TransientError
from schemas.ids import Keys
from schemas.topics import CONSUMED
from streams import topics
from streams.chunk import Chunk, Source
from streams.clients import for_faust
from streams.lane import Wiring
from streams.lanes import Lanes
from streams.quarantine import Sealer
from streams.topics import GROUP
from streams.transport import SCHEME, Owner

_PARALLEL: Final = 4  # chunks in work at once: one decoded, the others in PostgreSQL
_POLL_SECONDS: Final = 0.1
_STOP_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """What a worker needs from outside."""

    client_config: Mapping[str, Any] = field(repr=False)  # of Kafka; holds a password
    dsn: str
    keys: Keys
    sealer: Sealer
    types: Mapping[str, Mapping[int, EventType]]  # by topic, by schema id
    topics: Mapping[str, str] = field(default_factory=lambda: dict(CONSUMED))  # by who states it
    session_seconds: float = 15.0  # a worker silent for so long loses its partitions
    group: str = GROUP


class HubApp(faust.App):  # type: ignore[misc]
    """A Faust app that knows who owns its partitions."""

    logger = logging.getLogger("faust.hub")

    owner: Owner


def make_app(config: WorkerConfig, names: Iterable[str], lanes: Lanes, folder: str) -> HubApp:
    """Return the app that reads the topics ``names`` into ``lanes``."""
    servers = config.client_config["bootstrap_servers"].split(",")
    app = HubApp(
        config.group,
        broker=[f"{SCHEME}://{server}" for server in servers],
        broker_credentials=for_faust(config.client_config),
        datadir=folder,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        agent_supervisor=CrashingSupervisor,
        stream_wait_empty=False,
        stream_buffer_maxsize=65_536,  # chunks; the real bound is in bytes, see chunk.readable
        consumer_auto_offset_reset="none",
        consumer_max_fetch_size=1_048_576,
        broker_max_poll_interval=86_400.0,  # a stalled database is no reason to leave the group
        broker_session_timeout=config.session_seconds,
        broker_heartbeat_interval=config.session_seconds / 5,
        broker_commit_interval=3600.0,  # Faust has nothing to commit
    )
    app.owner = lanes
    topic = app.topic(*names, value_serializer="raw", key_serializer="raw", acks=False)

    @app.agent(topic, name="lanes", concurrency=1)  # type: ignore[untyped-decorator]
    async def hand_over(chunks: AsyncIterator[Chunk]) -> None:
        async for chunk in chunks:
            lanes.put(chunk)

    return app


def run(config: WorkerConfig, stop: threading.Event) -> None:
    """Apply events until ``stop`` is set.

    Raises:
        TransientError, PermanentError: what ended it; nothing uncommitted is lost.
    """
    asyncio.run(_run(config, stop))


async def _run(config: WorkerConfig, stop: threading.Event) -> None:
    identities = await asyncio.to_thread(
        topics.identities, config.client_config, config.topics.values()
    )
    sources = {
        name: Source(
            registry, identities[name].cluster_id, identities[name].topic_id, config.types[name]
        )
        for registry, name in config.topics.items()
    }
    pool = ChunkPool(config.dsn, _PARALLEL)
    await pool.open()
    lanes = Lanes(Wiring(pool, config.sealer, config.keys, sources, asyncio.Semaphore(_PARALLEL)))
    try:
        with tempfile.TemporaryDirectory(prefix="hub-worker-") as folder:
            await _serve(make_app(config, sources, lanes, folder), lanes, stop)
    finally:
        await pool.close()


async def _serve(app: HubApp, lanes: Lanes, stop: threading.Event) -> None:
    app.finalize()
    lanes.connect(app.consumer.reader)
    started = asyncio.create_task(app.start())
    try:
        while not stop.is_set() and not lanes.failed.done() and not app.crashed:
            if started.done():
                started.result()
            await asyncio.sleep(_POLL_SECONDS)
    finally:
        # The lanes first: what is in hand is committed before the partitions are given up.
        await lanes.close()
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(app.stop(), _STOP_SECONDS)
        started.cancel()
        await asyncio.gather(started, return_exceptions=True)
    if lanes.failed.done():
        lanes.failed.result()
    if app.crashed:
        raise _reason(app)


def _reason(app: Any) -> BaseException:
    reason: BaseException | None = app.crash_reason
    return reason or TransientError("the Kafka client stopped; start again")
