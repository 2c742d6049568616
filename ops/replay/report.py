"""What a replay says of itself: phase by phase while it runs, and as text or JSON in the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ops.progress_bar import progress_bar
from ops.replay.pool import Tick
from projections.replay_compare import Comparison, Difference
from projections.replay_schema import UNTIL

_PLAIN_SECONDS: Final = 5.0  # between two lines where there is no terminal


@dataclass(slots=True)
class Report:
    """One replay, for people and for machines."""

    schema: str
    events: int = 0  # records of the registries' topics that were folded
    facts: int = 0
    said: int = 0  # statements about needs that were read back
    repeats: int = 0
    households: int = 0
    pending: int = 0  # people whose needs could not be compared
    phases: dict[str, float] = field(default_factory=dict)  # seconds
    fold_rate: float = 0.0  # events a second, from the first read to the last commit
    rows: dict[str, int] = field(default_factory=dict)
    differences: dict[str, int] = field(default_factory=dict)
    first: list[Difference] = field(default_factory=list)
    needs: dict[str, int] = field(default_factory=dict)  # that hold, by kind
    paused_seconds: float = 0.0  # for which writers waited, at most
    generation: int | None = None  # that is live now; None: not swapped
    behind: int | None = None  # offsets by which what was live before was behind; of --back only

    @property
    def is_before_all(self) -> bool:
        """Whether this looks at a moment before the first event."""
        return self.schema.startswith(UNTIL) and self.events == 0

    @property
    def total(self) -> float:
        return sum(self.phases.values())

    def take(self, found: Comparison) -> None:
        """Note what the comparison found."""
        self.rows, self.differences = found.rows, found.differences
        self.first, self.pending = found.first, found.pending

    def leaf(self) -> dict[str, object]:
        """Return what the audit log keeps of it."""
        return {
            "events": self.events,
            "said": self.said,
            "rows": self.rows,
            "differences": self.differences,
            "milliseconds": {name: round(1000 * s) for name, s in self.phases.items()},
        }

    def as_json(self) -> str:
        """Return it as one JSON object."""
        found = asdict(self) | {
            "first": [each._asdict() for each in self.first],
            "seconds": round(self.total, 1),
            "phases": {name: round(seconds, 1) for name, seconds in self.phases.items()},
            "fold_rate": round(self.fold_rate),
            "paused_seconds": round(self.paused_seconds, 2),
        }
        return json.dumps(found, indent=1)

    def lines(self) -> list[str]:
        """Return it as text."""
        phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.phases.items())
        if self.behind is not None:
            return [
                f"what was live before is live again, as generation {self.generation}",
                f"it was {self.behind:,} offsets behind and caught up: {self.events:,} events "
                f"folded; {phases}",
                "what it took the place of is kept: `hub replay --back` again brings that back",
            ]
        lines = [
            f"{self.events:,} events, {self.facts:,} facts, {self.repeats:,} repeats, "
            f"{self.said:,} statements about needs, {self.households:,} households",
            f"{phases}; {self.total:.1f} s in all; folded {self.fold_rate:,.0f} events/s",
        ]
        if self.rows:
            equal = "equal" if not self.differences else "different"
            lines.append(
                f"{equal}: {sum(self.rows.values()):,} rows of {len(self.rows)} tables"
                + (f"; {self.pending:,} people are pending" if self.pending else "")
            )
        if self.generation is not None:
            lines.append(f"swapped: generation {self.generation} is live")
        if self.is_before_all:
            lines.append("nothing was known by then: no event had been recorded")
        if self.needs:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.needs.items()))
            lines.append(f"{sum(self.needs.values()):,} needs hold: {kinds}")
        for table, count in self.differences.items():
            lines.append(f"{count:,} differences in {table}")
            lines += [f"  {one.key}: {one.what}" for one in self.first if one.table == table]
        return lines


class View:
    """Shows phases: a bar on a terminal, now and then a line elsewhere, nothing if silent."""

    def __init__(self, console: Console, *, silent: bool = False) -> None:
        self._console = console
        self._silent = silent

    def say(self, text: str) -> None:
        """Tell one line."""
        if not self._silent:
            self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def phase(self, report: Report, name: str, total: int | None = None) -> Iterator[Tick]:
        """Time a phase and show how far it is; gives what is told of each step."""
        began = time.monotonic()
        try:
            if self._silent:
                yield lambda _: None
            elif self._console.is_terminal:
                with self._bars() as bars:
                    task = bars.add_task(name, total=total, rate="")
                    yield lambda count: _advance(bars, task, count)
            else:
                yield self._plain(name, total, began)
        finally:
            seconds = time.monotonic() - began
            report.phases[name] = report.phases.get(name, 0.0) + seconds
        self.say(f"{name}: {seconds:.1f} s")

    def _bars(self) -> Progress:
        rate = TextColumn("{task.fields[rate]}")
        return progress_bar(self._console, rate, TimeElapsedColumn(), TimeRemainingColumn())

    def _plain(self, name: str, total: int | None, began: float) -> Tick:
        done = 0
        said = began

        def tick(count: int) -> None:
            nonlocal done, said
            done += count
            now = time.monotonic()
            if now - said < _PLAIN_SECONDS:
                return
            said = now
            rate = done / (now - began)
            left = f", {(total - done) / rate:.0f} s left" if total and rate else ""
            whole = f" of {total:,}" if total else ""
            self.say(f"{name}: {done:,}{whole}, {rate:,.0f}/s{left}")

        return tick


def _advance(bars: Progress, task: TaskID, count: int) -> None:
    bars.advance(task, count)
    one: Any = next(each for each in bars.tasks if each.id == task)
    bars.update(task, rate=f"{one.speed or 0:,.0f}/s")
