"""What a connector's transaction consists of, and the numbers its events carry. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.source import Cursor
from schemas.ids import Id, text


@dataclass(frozen=True, slots=True)
class Message:
    """One Kafka record to be written."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """How far a connector has come: what its checkpoint says."""

    sequence: int  # of the last event
    partition_sequences: tuple[int, ...]  # of the last event, by partition
    recorded_at: int  # microseconds, of the last page; never steps back
    cursor: Cursor | None

    @staticmethod
    def start(partitions: int) -> Position:
        """Return the position of a connector that never ran."""
        return Position(0, (0,) * partitions, 0, None)


@dataclass(frozen=True, slots=True)
class Composed:
    """What one transaction writes, and what it then stands for."""

    messages: Sequence[Message]
    position: Position
    events: int
    quarantined: int


class Numbers:
    """The numbers of one page's events, counted on from a position."""

    def __init__(self, at: Position, recorded_at: int) -> None:
        self.sequence = at.sequence
        self.recorded_at = recorded_at
        self._partition_sequences = list(at.partition_sequences)
        self._times: dict[int, bytes] = {}

    def next(self, partition: int) -> tuple[int, int]:
        self.sequence += 1
        self._partition_sequences[partition] += 1
        return self.sequence, self._partition_sequences[partition]

    def position(self, cursor: Cursor) -> Position:
        return Position(self.sequence, tuple(self._partition_sequences), self.recorded_at, cursor)

    def rfc3339(self, micros: int) -> bytes:
        """Format once per distinct time: most events of a page share a few days."""
        known = self._times.get(micros)
        if known is None:
            moment = datetime.fromtimestamp(micros // 1_000_000, UTC)
            known = self._times[micros] = moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        return known


def cloud_event_headers(
    event_id: Id, event_type: str, source: str, subject: bytes, time: bytes
) -> tuple[tuple[str, bytes], ...]:
    """Return CloudEvents 1.0 headers (Kafka binding, binary mode)."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", text(event_id).encode()),
        ("ce_type", event_type.encode()),
        ("ce_source", b"/registries/" + source.encode()),
        ("ce_subject", text(subject).encode()),
        ("ce_time", time),
        ("content-type", b"application/avro"),
    )
