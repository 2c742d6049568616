"""What verify found, for people and for programs. No personal data: ids and places only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from ops.verify.check_needs import standing
from ops.verify.check_sources import published
from ops.verify.compare import Checked, World
from ops.verify.ids import entry_id, event_id
from ops.verify.values import Difference, Source
from schemas.topics import EVENTS, OPERATOR

EQUAL, DIFFERENT, NOT_SETTLED = "equal", "different", "not settled"
EXIT_CODES = {EQUAL: 0, DIFFERENT: 1, NOT_SETTLED: 3}


@dataclass(frozen=True, slots=True)
class Count:
    """One registry in numbers."""

    source_records: int  # that the source stated to the hub, repeats included
    published: int
    suppressed: int  # repeats that the connector or the streams left out
    quarantined: int  # by the connector or by the streams
    applied: int  # by the streams; the marks of completeness are events too
    not_ours: int
    refused_files: int
    duplicate_files: int


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run."""

    checks: list[Checked] = field(default_factory=list)
    counts: dict[str, Count] = field(default_factory=dict)
    needs: dict[str, int] = field(default_factory=dict)  # that have not ended, by kind
    decisions: int = 0  # of operators, on their topic
    pending: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def differences(self) -> list[Difference]:
        return [difference for check in self.checks for difference in check.differences]

    @property
    def first(self) -> Difference | None:
        return next(iter(self.differences), None)

    @property
    def more_of_the_kind(self) -> int:
        """Return how many differences are like the first, without it."""
        first = self.first
        if first is None:
            return 0
        alike = [one for one in self.differences if one[:2] == first[:2]]
        return len(alike) - 1

    @property
    def outcome(self) -> str:
        if self.pending:
            return NOT_SETTLED
        return DIFFERENT if self.differences else EQUAL

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]

    @property
    def needs_compared(self) -> dict[str, int]:
        """Return how many needs of each kind were judged a second time; empty if none were."""
        return next((check.by_kind for check in self.checks if check.name == "needs"), {})

    def total(self, name: str) -> int:
        """Return the sum of one column of the counts."""
        return sum(int(getattr(count, name)) for count in self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """Return everything for a program; the first difference only, and how many of each kind."""
        first = self.first
        kinds = Counter(f"{one.check}: {one.kind}" for one in self.differences)
        return {
            "verify": self.outcome,
            "source_records": self.total("source_records"),
            "events": self.total("published"),
            "suppressed": self.total("suppressed"),
            "quarantined": self.total("quarantined"),
            "needs": sum(self.needs.values()),
            "seconds": round(self.seconds, 1),
            "registries": {
                registry: {name: getattr(count, name) for name in Count.__slots__}
                for registry, count in self.counts.items()
            },
            "needs_by_kind": self.needs,
            "needs_compared": self.needs_compared,
            "decisions": self.decisions,
            "checks": {check.name: len(check.differences) for check in self.checks},
            "first": None if first is None else first._asdict(),
            "more": self.more_of_the_kind,
            "kinds": dict(kinds),
            "pending": self.pending,
        }

    def show(self, console: Console) -> None:
        """Print the counts, the checks, and the verdict."""
        if self.counts:
            console.print(self._counts_table())
            console.print(self._needs_table())
        console.print(self._checks_table())
        if self.pending:
            console.print("not settled: " + "; ".join(self.pending), markup=False)
        elif self.first is None:
            console.print("equal", style="bold green")
        else:
            console.print("different", style="bold red")
            console.print(str(self.first), markup=False, soft_wrap=True)
            if self.more_of_the_kind:
                console.print(f"and {self.more_of_the_kind} more of the kind")

    def _counts_table(self) -> Table:
        table = Table("", *self.counts, title="Counts")
        for column in table.columns[1:]:
            column.justify = "right"
        for name in Count.__slots__:
            numbers = (f"{getattr(count, name):,}" for count in self.counts.values())
            table.add_row(name.replace("_", " "), *numbers)
        return table

    def _needs_table(self) -> Table:
        table = Table(title="Needs that stand")
        table.add_column("kind")
        table.add_column("people", justify="right")
        table.add_column("compared", justify="right")
        compared = self.needs_compared
        for kind in sorted({*self.needs, *compared}):
            table.add_row(kind, f"{self.needs.get(kind, 0):,}", f"{compared.get(kind, 0):,}")
        return table

    def _checks_table(self) -> Table:
        table = Table(title=f"Checks ({self.seconds:.1f} s)")
        table.add_column("check")
        table.add_column("compared", justify="right")
        table.add_column("differences", justify="right")
        for check in self.checks:
            table.add_row(check.name, f"{check.compared:,}", f"{len(check.differences):,}")
        return table


def report_on(world: World, checks: list[Checked], seconds: float) -> Report:
    """Return the report on a world that was compared."""
    return Report(
        checks=checks,
        counts={registry: _count(world, registry) for registry in EVENTS},
        needs=dict(Counter(row.kind for row in standing(world.tables))),
        decisions=sum(event.place.topic == OPERATOR for event in world.topics.events),
        seconds=seconds,
    )


def _stated(world: World, source: Source) -> int:
    """Return how many records a source has stated, those included that it has since replaced."""
    total = len(source.stated) + source.suppressed
    if source.registry != "civil":
        return total
    of = world.event_key, source.registry
    now = {name(*of, key) for key in source.stated for name in (event_id, entry_id)}
    ever = set(published(world.topics, source.registry))
    ever |= {entry.id for entry in world.topics.entries if entry.source == source.registry}
    return total + len(ever - now)


def _count(world: World, registry: str) -> Count:
    source = next((one for one in world.sources if one.registry == registry), None)
    topic = EVENTS[registry]
    entries = sum(entry.source in {registry, topic} for entry in world.topics.entries)
    rows = [row for row in world.tables.progress if row.topic == topic]
    repeats = sum(row.suppressed for row in rows)
    return Count(
        source_records=0 if source is None else _stated(world, source),
        published=len(published(world.topics, registry)),
        suppressed=repeats + (0 if source is None else source.suppressed),
        quarantined=entries,
        applied=sum(row.events for row in rows),
        not_ours=0 if source is None else source.not_ours,
        refused_files=0 if source is None else len(source.refused),
        duplicate_files=0 if source is None else len(source.duplicates),
    )
