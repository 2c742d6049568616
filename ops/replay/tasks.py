"""What the processes of a replay do, one row each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from ops.keystore import open_keystore
from ops.replay.pool import Tick
from ops.settings import Settings
from projections import replay_needs, replay_session
from projections.keystore import PostgresKeyStore
from projections.needs_store import NeedsStore
from projections.replay_session import Into
from schemas.catalogue import EventType
from schemas.ids import Keys
from streams import refold, resaid
from streams.catch_up import Tail, catch_up
from streams.chunk import Source
from streams.everyone import Everyone
from streams.reassess import Reassessed, Reassessment
from streams.refold import Folded, Range
from streams.rules.load import load_pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What every task needs."""

    settings: Settings
    schema: str
    sources: Mapping[str, Source]  # by topic
    said: Mapping[int, EventType]  # of the needs' topic, by schema id

    @property
    def keys(self) -> Keys:
        return self.settings.keys

    def keystore(self) -> PostgresKeyStore:
        """Open the key store; close it in the end."""
        return open_keystore(self.settings)


class Timed(NamedTuple):
    """What became of a partition, and when."""

    folded: Folded
    first_read: float
    committed: float


@dataclass(frozen=True, slots=True)
class Fold:
    """One partition, whole."""

    wanted: Range

    def run(self, wiring: Wiring, tick: Tick) -> Timed:
        first: list[float] = []

        def read(count: int) -> None:
            if not first:
                first.append(time.time())
            tick(count)

        with closing(replay_session.connect(wiring.settings.hub_dsn)) as connection:
            folded = refold.fold(
                self.wanted,
                wiring.sources[self.wanted.topic],
                wiring.keys,
                Into(connection, wiring.schema),
                read,
            )
        return Timed(folded, first[0] if first else time.time(), time.time())


@dataclass(frozen=True, slots=True)
class Said:
    """One partition of what was said."""

    wanted: Range

    def run(self, wiring: Wiring, tick: Tick) -> int:
        with (
            closing(replay_session.connect(wiring.settings.hub_dsn)) as connection,
            closing(wiring.keystore()) as keystore,
        ):
            into = Into(connection, wiring.schema)
            return resaid.read_topic(self.wanted, wiring.said, keystore, into, tick)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of SQL that takes its time: an index."""

    sql: str

    def run(self, wiring: Wiring, tick: Tick) -> None:
        with closing(replay_session.connect(wiring.settings.hub_dsn)) as connection:
            connection.execute(self.sql.encode())
        tick(1)


@dataclass(frozen=True, slots=True)
class Follow:
    """What arrived meanwhile in one partition."""

    wanted: Range

    def run(self, wiring: Wiring, tick: Tick) -> int:
        tail = Tail(wiring.settings.hub_dsn, wiring.schema, self.wanted)
        about = wiring.sources[self.wanted.topic]
        return asyncio.run(catch_up(tail, about, wiring.keys, tick))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assess:
    """One share of everybody."""

    share: tuple[int, int]
    on: date
    now: datetime
    seen: int
    concludes: bool = False

    def run(self, wiring: Wiring, tick: Tick) -> Reassessed:
        settings = wiring.settings
        with (
            closing(replay_needs.connect(settings.hub_dsn, wiring.schema)) as connection,
            closing(wiring.keystore()) as keystore,
        ):
            everyone = Everyone(
                settings.hub_dsn,
                keystore,
                load_pack("uz"),
                settings.partitions,
                schema=wiring.schema,
                share=self.share,
            )
            reassessment = Reassessment(
                everyone=everyone,
                store=NeedsStore(connection),
                keystore=keystore,
                keys=wiring.keys,
                seen=self.seen,
                concludes=self.concludes,
            )
            return reassessment.run(self.on, self.now, lambda count, _: tick(count))
