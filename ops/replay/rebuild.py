"""The phases of a replay: fold, index, catch up, assess, compare, swap.

Nothing outside the schema being built is touched before the swap. Whatever ends a replay before
that (a fault, Ctrl-C, a signal) drops the schema; a killed one leaves it to ``sweep``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime

from ops.replay import topics
from ops.replay.following import Following, distance, longest
from ops.replay.pool import Tick
from ops.replay.tasks import Assess, Fold, Said, Statement, Timed
from projections import (
    replay_compare,
    replay_fold,
    replay_history,
    replay_schema,
    replay_session,
    replay_swap,
)
from projections.replay_compare import Comparison, Difference
from projections.replay_needs import SEEN
from projections.replay_schema import LIVE, PREVIOUS, REBUILD, RETIRED
from projections.replay_session import Into, standstill
from projections.replay_swap import Place
from schemas.ids import text
from streams import refold, resaid
from streams.reassess import Finding, Reassessed
from streams.rules.load import load_pack


@dataclass(slots=True, kw_only=True)
class Rebuild(Following):
    """One replay into one schema.

    Args:
        wiring, pool, connection, work, view: as of ``Following``.
        on: the day for which everybody is assessed.
        now: the moment.
    """

    on: date
    now: datetime
    until: int | None = None  # microseconds
    ends: Mapping[Place, int] = field(default_factory=dict)  # in place of those of live
    _code: list[str] = field(default_factory=list)  # that needs a table that comes with the swap
    _repeated: list[bytes] = field(default_factory=list)
    _findings: list[Finding] = field(default_factory=list)

    @property
    def is_past(self) -> bool:
        """Whether this is for looking at, and never becomes live."""
        return self.wiring.schema != REBUILD

    def fold(self) -> None:
        """Fill fresh tables from the topics, as far as ``live`` is."""
        settings = self.wiring.settings
        self.floors = replay_swap.floors(self.work)
        with standstill(self.connection):  # nobody is half way through saying something
            self.goal = self.live_goal()
            self.mark = replay_history.mark(self.work)
        if self.ends:
            self.goal = {
                place: min(end, self.ends.get(place, end)) for place, end in self.goal.items()
            }
        said_ends = topics.ends(settings.kafka("reader"), topics.needs_places(settings))
        replay_schema.create(self.work, self.wiring.schema)
        replay_fold.open_facts(self.into)
        replay_history.stage(self.into)
        tasks = [Fold(self.range(place, 0, end, self.until)) for place, end in longest(self.goal)]
        said = [Said(self.range(place, 0, end)) for place, end in longest(said_ends) if end]
        total = sum(self.goal.values()) + sum(said_ends.values())
        with self.view.phase(self.report, "fold", total) as tick:
            found = self.pool.run([*tasks, *said], tick)
        timed: list[Timed] = found[: len(tasks)]
        self.report.said = sum(found[len(tasks) :])
        self.report.events = sum(sum(each.folded.counts) for each in timed)
        if timed:
            began = min(each.first_read for each in timed)
            seconds = max(each.committed for each in timed) - began
            self.report.fold_rate = self.report.events / max(seconds, 1e-9)
        self.goal = replay_swap.vector(self.work, self.wiring.schema)
        if self.is_past and self.until is None:
            self._look_back()
        with self.view.phase(self.report, "index") as tick:
            self._settle_repeats([place for each in timed for place in each.folded.must_repeat])
            self._say_again()
            self._index(tick)

    def _look_back(self) -> None:
        """Judge as of the last thing that was folded."""
        statement = f"SELECT max(known_from) FROM {self.wiring.schema}.facts"  # noqa: S608
        row = self.work.execute(statement.encode()).fetchone()
        if row and row[0] is not None:
            self.now = row[0]
            self.on = self.wiring.settings.today_override or self.now.date()

    def _settle_repeats(self, must_repeat: Sequence[tuple[str, int, int]]) -> None:
        """Keep the first of every event, and make what follows from all of them."""
        self.work.execute(f"ANALYZE {self.wiring.schema}.facts".encode())
        repeats = replay_fold.take_out_repeats(self.into)
        replay_fold.check_must_repeat(must_repeat, repeats)
        entries = [
            refold.conflict(
                self.wiring.keys, each.topic, each.partition, each.offset, each.event_id
            )
            for each in repeats
            if not each.is_same
        ]
        replay_fold.count_repeats(self.into, repeats, entries)
        replay_fold.derive(self.into)
        replay_fold.close_facts(self.into)
        self._repeated = [each.event_id for each in repeats]
        self.report.repeats = len(repeats)

    def _say_again(self) -> None:
        """Make history and last words of what the topic and the outbox hold."""
        with closing(self.wiring.keystore()) as keystore:
            for unsent in replay_history.unsent(self.into, self.mark):
                said = [resaid.of_outbox(row, self.wiring.keys) for row in unsent]
                replay_history.copy_said(self.into, resaid.rows(said, keystore))
        if not self.is_past:
            replay_history.fill(self.into)
            return
        # Of needs counts what was said by the same moment; before the first event, nothing.
        self.report.said = replay_history.fill(
            self.into, self.now if self.report.events else "-infinity"
        )

    def _index(self, tick: Tick) -> None:
        index = replay_schema.index_work(self.work, self.wiring.schema)
        self.pool.run([Statement(each) for each in index.indexes], tick)
        for statement in index.constraints:
            self.work.execute(statement.encode())
        self._code = replay_schema.create_code(self.work, index.code)
        analysed = sorted({str(row[0]) for row in replay_schema.structure(self.work, LIVE)})
        self.pool.run([Statement(f"ANALYZE {self.wiring.schema}.{one}") for one in analysed])
        row = self.work.execute(
            f"SELECT count(*) FROM {self.wiring.schema}.facts".encode()  # noqa: S608
        ).fetchone()
        self.report.facts = int(row[0]) if row else 0

    def assess(self) -> None:
        """Judge everybody anew, and hold it against what was said."""
        row = self.work.execute(SEEN).fetchone()
        assert row is not None
        many = self.pool.size
        tasks = [
            Assess(
                share=(which, many),
                on=self.on,
                now=self.now,
                seen=int(row[0]),
                concludes=self.is_past,
            )
            for which in range(many)
        ]
        with self.view.phase(self.report, "assess") as tick:
            found: list[Reassessed] = self.pool.run(tasks, tick)
            self.work.execute(f"ANALYZE {self.wiring.schema}.assessments".encode())
        self._findings = [finding for each in found for finding in each.findings]
        self.report.households = sum(each.households for each in found)
        for each in found:
            for kind, count in each.needs.items():
                self.report.needs[kind] = self.report.needs.get(kind, 0) + count

    def conclude(self) -> None:
        """Count, for a look at the past, where rules conclude what was not said then."""
        schema, found = self.wiring.schema, Comparison()
        for table in ("facts", "closures", "replacements", "completeness", "need_history"):
            statement = f"SELECT count(*) FROM {schema}.{table}"  # noqa: S608
            row = self.work.execute(statement.encode()).fetchone()
            found.rows[table] = int(row[0]) if row else 0
        first = [
            Difference("needs", f"need {text(each.need)}", f"{each.column} concluded")
            for each in self._findings[:5]
        ]
        found.add("needs", len(self._findings), first)
        self.report.take(found)

    def take_previous(self) -> None:
        """Take up the schema that was live before, in place of folding anew."""
        self.floors = replay_swap.floors(self.work)
        self.goal = replay_swap.vector(self.work, self.wiring.schema)
        self.mark = replay_history.mark(self.work)
        self.report.behind = distance(self.goal, self.live_goal())

    def compare(self) -> None:
        """Hold the rebuild against ``live`` at one offset vector, without holding anybody up."""
        with (
            self.view.phase(self.report, "compare"),
            closing(replay_session.connect(self.wiring.settings.hub_dsn)) as snapshot,
        ):
            with self.caught_up():
                snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                snapshot.execute("SELECT")
            schema, found = self.wiring.schema, Comparison()
            replay_compare.compare(snapshot, schema, replay_compare.FACTS, self._repeated, found)
            found.pending = replay_compare.mark_pending(snapshot, schema, **self._moment())
            replay_compare.compare(snapshot, schema, replay_compare.CONCLUSIONS, (), found)
            replay_compare.count_findings(snapshot, schema, self._findings, found)
            snapshot.execute("ROLLBACK")
        self.report.take(found)

    def swap(self) -> None:
        """Put the rebuild in the place of ``live``."""
        with self.view.phase(self.report, "swap"):
            with self.caught_up() as goal:
                into = Into(self.connection, self.wiring.schema)
                offsets = {f"{topic}/{number}": at for (topic, number), at in sorted(goal.items())}
                what = "back" if self.wiring.schema == PREVIOUS else "swap"
                leaf = {"what": what, "offsets": offsets, **self.report.leaf()}
                self.report.generation = replay_swap.swap(into, goal, leaf, self._code)
            replay_schema.drop(self.work, RETIRED)

    def _moment(self) -> dict[str, object]:
        pack = load_pack("uz")
        row = self.work.execute(
            """
            SELECT min(through) FROM (SELECT max(through) AS through FROM live.completeness
                                       WHERE registry = %s GROUP BY partition) AS each
            HAVING count(*) >= %s
            """,
            [pack.income_registry, self.wiring.settings.partitions],
        ).fetchone()
        window = pack.income_window(self.on, row[0] if row else None)
        closed = None if window is None else window[1]
        return {"on": self.on, "now": self.now, "closed": closed, "further": []}
