"""The feeds' transactions to Kafka, written in whole batches, with the checkpoint inside.

kafka-python makes a future, takes locks and asks questions for every record; this is the one place
where there are ten times as many records as events, so it is written with aiokafka's batches
(docs/adr/0017). The rest is as in ``connectors.kafka_outlet``: ``open`` fences and settles
predecessors under the same transactional id, then reads the checkpoint; and after any error the
producer is thrown away, because whether the commit happened is not known here.

Order of effects in ``publish``: begin -> every batch written and acknowledged -> commit. aiokafka
commits although a batch was refused, so the commit is asked for only once every batch is in the
log. A crash, an error or a silence before the commit: the next ``open`` aborts what was written. In
it: the next ``open`` waits until it is decided, and the checkpoint says how.

The event loop runs while a call does, and not between: the relay is the only one who waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import kafka.errors
from aiokafka import AIOKafkaProducer
from aiokafka.codec import has_zstd
from aiokafka.errors import KafkaError, ProducerFenced

from connectors.kafka_outlet import read_checkpoint
from schemas import topics
from schemas.catalogue import checkpoint
from schemas.codec import encode
from schemas.errors import PermanentError, TransientError
from schemas.registry import SchemaIds
from streams.clients import for_aiokafka
from streams.feeds.compose import Lines
from streams.feeds.cutting import Line
from streams.feeds.names import CONNECTOR
from streams.feeds.state import State, from_cursor, to_cursor

_BATCH_BYTES: Final = 524_288  # before compression; Kafka takes a batch of 1 MB after it
_OPEN_SECONDS: Final = 30.0
_TRANSACTION_SECONDS: Final = 60.0  # then Kafka gives it up, too
_CLOSE_SECONDS: Final = 2.0

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class FeedOutlet:
    """See ``streams.feeds.ports.Outlet``.

    Args:
        config: for a client of kafka-python; holds a password.
        ids: of the schemas.
    """

    config: Mapping[str, Any] = field(repr=False)
    ids: SchemaIds
    _runner: asyncio.Runner | None = None
    _producer: Any = None

    def open(self) -> State:
        """See ``streams.feeds.ports.Outlet``."""
        self.close()
        self._runner = asyncio.Runner()
        try:
            self._wait(self._start(), _OPEN_SECONDS)
            found = read_checkpoint(dict(self.config), CONNECTOR, self.ids)
        except (KafkaError, OSError, kafka.errors.KafkaError) as error:
            self.close()
            raise TransientError(f"Kafka does not answer ({type(error).__name__})") from error
        if found is None or found.cursor is None:
            return State()
        return from_cursor(str(found.cursor), found.sequence)

    def publish(self, lines: Mapping[str, Lines], state: State, now: int) -> None:
        """See ``streams.feeds.ports.Outlet``."""
        try:
            self._wait(self._transact(lines, self._checkpoint(state, now)), _TRANSACTION_SECONDS)
        except ProducerFenced as error:
            self.close()
            raise PermanentError(
                "another process runs the feeds: this one is fenced; stop one of them "
                "(`hub status` shows both)"
            ) from error
        except (KafkaError, OSError) as error:
            self.close()
            raise TransientError(
                f"a transaction of the feeds failed ({type(error).__name__})"
            ) from error

    def close(self) -> None:
        """See ``streams.feeds.ports.Outlet``."""
        producer, self._producer = self._producer, None
        runner, self._runner = self._runner, None
        if runner is None:
            return
        with runner:
            if producer is not None:
                # What it still holds belongs to a transaction that the next ``open`` ends.
                with contextlib.suppress(KafkaError, OSError):
                    runner.run(asyncio.wait_for(producer.stop(), _CLOSE_SECONDS))

    def _wait(self, work: Coroutine[Any, Any, _Answer], seconds: float) -> _Answer:
        assert self._runner is not None, "open first"
        return self._runner.run(asyncio.wait_for(work, seconds))

    async def _start(self) -> None:
        name = f"hub-connector-{CONNECTOR}"  # as long as there are feeds: it fences its like
        self._producer = AIOKafkaProducer(
            **for_aiokafka(self.config),
            client_id=name,
            transactional_id=name,
            transaction_timeout_ms=round(_TRANSACTION_SECONDS * 1000),
            compression_type="zstd" if has_zstd() else "gzip",
            max_batch_size=_BATCH_BYTES,
        )
        await self._producer.start()

    async def _transact(self, lines: Mapping[str, Lines], checkpoint_: Line) -> None:
        await self._producer.begin_transaction()
        place = topics.CHECKPOINT_PARTITION[CONNECTOR]
        await _all(
            (
                self._write(topics.CHECKPOINTS, place, [checkpoint_]),
                *(self._write(topic, 0, each.lines) for topic, each in lines.items()),
            )
        )
        await self._producer.commit_transaction()

    async def _write(self, topic: str, partition: int, lines: Iterable[Line]) -> None:
        """Write ``lines`` in order; return once all are acknowledged."""
        sent = []
        batch = self._producer.create_batch()
        for line in lines:
            if _append(batch, line) is None:  # it is full
                sent.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                _append(batch, line)  # the first is taken, whatever its size
        sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        await _all(sent)

    def _checkpoint(self, state: State, now: int) -> Line:
        row = checkpoint()
        value = {
            "connector": CONNECTOR,
            "sequence": state.steps,
            "partition_sequences": [],
            "recorded_at": now,
            "cursor": to_cursor(state),
        }
        schema = self.ids.of(topics.CHECKPOINTS, row.name)
        return Line(CONNECTOR.encode(), encode(row, schema, value), ())


def _append(batch: Any, line: Line) -> Any:
    """Return None if there is no room."""
    return batch.append(key=line.key, value=line.value, timestamp=None, headers=list(line.headers))


async def _all(work: Iterable[Awaitable[Any]]) -> None:
    """Wait for all of ``work``; raise what went wrong first in it, if anything did."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
