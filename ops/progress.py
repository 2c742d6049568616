"""How far everything has come: connectors, topics, tables, queue, outbox.

``settled`` is what a demo, a test or an operator waits for: nothing that was published is
unapplied, nothing that was applied is unassessed, nothing that was concluded is unpublished.
Whether a registry has more to say only the registry knows; ``hub verify`` asks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import orjson
import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from psycopg.rows import dict_row

from connectors.kafka_outlet import position_of
from connectors.messages import Position
from ops.initialise import schema_ids
from ops.settings import Settings
from projections.deadlines import due, kept
from schemas import topics
from schemas.errors import PermanentError, TransientError
from schemas.registry import SchemaIds
from streams.chunk import Place
from streams.topics import unread

_POLL_MILLISECONDS: Final = 300
_POLLS_IN_VAIN: Final = 100  # half a minute


@dataclass(slots=True)
class Applied:
    """One partition as the workers have it."""

    topic: str
    partition: int
    next: int
    events: int
    suppressed: int
    quarantined: int
    caught_up: bool = False  # no committed record is left


@dataclass(slots=True)
class Progress:
    """Everything at one moment."""

    published: dict[str, int] = field(default_factory=dict)  # connector -> last sequence
    applied: list[Applied] = field(default_factory=list)
    complete_through: dict[str, str] = field(default_factory=dict)  # registry -> date
    causes: int = 0
    outbox_waiting: int = 0  # concluded and not yet published
    households: int = 0
    needs: int = 0  # that hold
    overdue: int = 0  # classes of people who were forgotten, that no law keeps any more

    @property
    def settled(self) -> bool:
        return bool(
            self.applied
            and all(part.caught_up for part in self.applied)
            and self.causes == 0
            and self.outbox_waiting == 0
        )

    def waiting_for(self) -> list[str]:
        """Return, in words, everything that is not done."""
        behind = [f"{p.topic}/{p.partition}" for p in self.applied if not p.caught_up]
        return [
            *([] if self.applied else ["no worker has claimed a partition yet"]),
            *([f"unapplied records in {', '.join(behind)}"] if behind else []),
            *([f"{self.causes} causes in the queue"] if self.causes else []),
            *([f"{self.outbox_waiting} unpublished outbox rows"] if self.outbox_waiting else []),
        ]

    @property
    def events(self) -> int:
        return sum(part.events for part in self.applied)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"settled": self.settled}


class Observer:
    """Reads progress again and again with the same connections."""

    def __init__(self, settings: Settings, ids: SchemaIds | None = None) -> None:
        self._settings = settings
        self._ids = ids or schema_ids(settings)
        self._positions: dict[str, Position] = {}
        self._open = ExitStack()
        with _answers():
            self._consumer = self._open.enter_context(closing(self._reader()))
            self._database = self._open.enter_context(
                closing(psycopg.connect(settings.hub_dsn, autocommit=True, row_factory=dict_row))
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def look(self) -> Progress:
        """Return the progress now.

        Raises:
            TransientError: Kafka or PostgreSQL does not answer.
            PermanentError: there are no tables.
        """
        with _answers():
            found = self._tables()
            self._mark_caught_up(found.applied)
            found.published, sent = self._checkpoints()
            found.outbox_waiting = self._outbox_after(*sent)
            found.overdue = len(due(kept(self._database), self._settings.today))
        return found

    def _reader(self) -> KafkaConsumer:
        return KafkaConsumer(
            **self._settings.kafka("reader"),
            isolation_level="read_committed",
            group_id=None,
            enable_auto_commit=False,
        )

    def _tables(self) -> Progress:
        applied = self._database.execute(
            "SELECT topic, partition, next, events, suppressed, quarantined"
            "  FROM live.progress ORDER BY topic, partition"
        ).fetchall()
        counts = self._database.execute(
            "SELECT (SELECT count(*) FROM live.causes) AS causes,"
            " (SELECT count(*) FROM live.assessments) AS households,"
            " (SELECT count(*) FROM live.needs WHERE status <> 'ended') AS needs"
        ).fetchone()
        complete = self._database.execute(
            """
            SELECT registry, min(through) AS through
              FROM (SELECT registry, partition, max(through) AS through
                      FROM live.completeness GROUP BY registry, partition) AS latest
             GROUP BY registry HAVING count(*) = %s
            """,
            [self._settings.partitions],
        ).fetchall()
        return Progress(
            applied=[Applied(**row) for row in applied],
            complete_through={row["registry"]: row["through"].isoformat() for row in complete},
            **(counts or {}),
        )

    def _mark_caught_up(self, applied: list[Applied]) -> None:
        positions = {Place(part.topic, part.partition): part.next for part in applied}
        left = unread(self._settings.kafka("reader"), positions)
        for part in applied:
            part.caught_up = Place(part.topic, part.partition) not in left

    def _checkpoints(self) -> tuple[dict[str, int], tuple[int, int]]:
        """Read on to the end of the checkpoints' partitions; each connector's last one counts.

        A poll that brings nothing is not the end: a busy broker takes longer.

        Returns the last sequence of each, and up to which number of the outbox the connectors
        ``needs`` and ``operator`` have come.
        """
        places = [
            TopicPartition(topics.CHECKPOINTS, number)
            for number in topics.CHECKPOINT_PARTITION.values()
        ]
        if not self._positions:
            self._consumer.assign(places)
            self._consumer.seek_to_beginning(*places)
        names = {number: name for name, number in topics.CHECKPOINT_PARTITION.items()}
        ends = self._consumer.end_offsets(places)  # the last stable ones
        polls_in_vain = 0
        while any(self._consumer.position(place) < end for place, end in ends.items()):
            found = self._consumer.poll(timeout_ms=_POLL_MILLISECONDS)
            polls_in_vain = 0 if found else polls_in_vain + 1
            if polls_in_vain > _POLLS_IN_VAIN:
                raise TransientError("Kafka does not answer; see `hub doctor`")
            for place, records in found.items():
                if records:
                    name = names[place.partition]
                    self._positions[name] = position_of(records[-1].value, name, self._ids)
        published = {name: position.sequence for name, position in self._positions.items()}
        return published, (self._number("needs"), self._number("operator"))

    def _number(self, connector: str) -> int:
        position = self._positions.get(connector)
        return int(orjson.loads(position.cursor)) if position and position.cursor else 0

    def _outbox_after(self, sent: int, decided: int = 0) -> int:
        """Return how many rows wait: an operator's decision for another connector than the rest."""
        row = self._database.execute(
            """
            SELECT count(*) AS waiting FROM kept.outbox
             WHERE number IS NULL
                OR number > %(sent)s AND kind <> 'operator'
                OR number > %(decided)s AND kind = 'operator'
            """,
            {"sent": sent, "decided": decided},
        ).fetchone()
        return int(row["waiting"]) if row else 0


@contextmanager
def _answers() -> Iterator[None]:
    """Name what a driver's error means."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise PermanentError("the tables are not there; run `hub init`") from error
    except (KafkaError, psycopg.OperationalError) as error:
        raise TransientError(f"progress cannot be read ({type(error).__name__})") from error


def progress(settings: Settings) -> Progress:
    """Return the progress as `hub status` shows it."""
    with Observer(settings) as observer:
        return observer.look()
