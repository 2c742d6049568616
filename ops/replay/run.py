"""The replays there are: of the present, back to what was live before, and up to a past moment."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ops.initialise import schema_ids
from ops.replay import room, topics
from ops.replay.pool import Pool
from ops.replay.rebuild import Rebuild
from ops.replay.report import Report, View
from ops.replay.until import Until
from ops.settings import Settings
from projections import replay_schema, replay_session, replay_swap
from projections.replay_schema import KEPT, LIVE, PREVIOUS, REBUILD, UNTIL
from projections.replay_session import Connection
from schemas.errors import PermanentError

_LEAVING_SECONDS: Final = 20  # processes of a killed replay notice within half a second


@dataclass(frozen=True, slots=True)
class Job:
    """One call of ``hub replay``."""

    settings: Settings
    view: View
    workers: int

    def present(self, *, swap: bool, anyway: bool) -> Report:
        """Rebuild what is live now, compare, and swap if all is equal, or anyway."""
        with self._building(REBUILD) as build:
            room.check(build.work, sum(replay_swap.vector(build.work, LIVE).values()))
            build.fold()
            build.catch_up()
            build.assess()
            build.compare()
            if swap and (anyway or not build.report.differences):
                build.swap()
        return build.report

    def back(self) -> Report:
        """Put in place again what was live before; it follows first."""
        with self._building(PREVIOUS) as build:
            if not replay_schema.exists(build.work, PREVIOUS):
                raise PermanentError("there are no tables that were live before")
            build.take_previous()
            build.catch_up()
            build.swap()
        return build.report

    def past(self, until: Until, *, keep: bool) -> Report:
        """Rebuild up to a moment, and judge everybody as of then."""
        now = datetime.now(UTC)
        schema = f"{UNTIL}{now:%Y%m%d_%H%M%S}"
        with self._building(schema) as build:
            room.check(build.work, sum(replay_swap.vector(build.work, LIVE).values()))
            build.until, build.ends = until.microseconds, until.ends
            if until.moment is not None:
                build.now = until.moment
                build.on = self.settings.today_override or until.moment.astimezone(UTC).date()
            build.fold()
            build.assess()
            build.conclude()
            if keep:
                build.work.execute(f"COMMENT ON SCHEMA {schema} IS '{KEPT}'".encode())
                self.view.say(f"kept as schema {schema}; `hub replay --drop-kept` drops it")
        return build.report

    def drop_previous(self) -> None:
        """Drop what was live before."""
        with self._the_only_one() as connection:
            was_there = replay_schema.exists(connection, PREVIOUS)
            replay_schema.drop(connection, PREVIOUS)
        done = "dropped what was live before" if was_there else "nothing is kept"
        self.view.say(f"{done}; there is nothing to go back to")

    def drop_kept(self) -> None:
        """Drop what ``--keep`` kept."""
        with self._the_only_one() as connection:
            kept = replay_schema.kept(connection)
            for schema in kept:
                replay_schema.drop(connection, schema)
                self.view.say(f"dropped {schema}")
        if not kept:
            self.view.say("nothing is kept")

    @contextmanager
    def _the_only_one(self) -> Iterator[Connection]:
        """Hold the replay's lock; what a killed replay left is dropped first, ours in the end.

        Raises:
            PermanentError: another replay is at work.
        """
        with closing(replay_session.connect(self.settings.hub_dsn)) as connection:
            if not replay_schema.take(connection):
                raise PermanentError("another replay is at work; there is one at a time")
            _drop_orphans(connection)
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)
            try:
                yield connection
            finally:
                signal.signal(signal.SIGTERM, before)
                with closing(replay_session.connect(self.settings.hub_dsn)) as last:
                    _drop_orphans(last)

    @contextmanager
    def _building(self, schema: str) -> Iterator[Rebuild]:
        """Give a rebuild. Its processes have ended before its schema is dropped."""
        with ExitStack() as opened:
            connection = opened.enter_context(self._the_only_one())
            replay_schema.check(connection)
            wiring = topics.wiring(self.settings, schema_ids(self.settings), schema)
            topics.check_identities(connection, wiring.sources)
            work = replay_session.connect(self.settings.hub_dsn)
            opened.enter_context(closing(work))
            yield Rebuild(
                wiring=wiring,
                pool=opened.enter_context(Pool(wiring, self.workers)),
                connection=connection,
                work=work,
                view=self.view,
                on=self.settings.today,
                now=datetime.now(UTC),
            )


def _drop_orphans(connection: Connection) -> None:
    """Drop every schema that a replay made and nobody has taken over; we hold the lock."""
    connection.execute(f"SET lock_timeout = '{_LEAVING_SECONDS}s'")
    for schema in replay_schema.orphans(connection):
        replay_schema.drop(connection, schema)
