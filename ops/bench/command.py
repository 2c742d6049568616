"""``hub bench``: measure us beside others, on servers of its own."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import TimeElapsedColumn

from ops.bench import load, report
from ops.bench.contestants import CONTESTANTS, OURS, PEERS, Contestant
from ops.bench.course import ROWS, Course, Measured
from ops.bench.environment import environment
from ops.bench.race import Tick
from ops.bench.servers import own_stack
from ops.initialise import initialise
from ops.progress_bar import progress_bar
from schemas.errors import PermanentError

_LEAST_EVENTS: Final = 1000
_LEAST_PEOPLE: Final = 1000
_LEAST_SECONDS: Final = 1.0


def bench(  # noqa: PLR0917 - Typer calls it by name
    events: Annotated[
        int,
        typer.Option(
            help="Records on the topic; of 20,000 or a multiple every batch is full, so that "
            "nobody waits for a timer in the end.",
            min=_LEAST_EVENTS,
        ),
    ] = 200_000,
    rounds: Annotated[int, typer.Option(help="Runs of each contestant.", min=1)] = 3,
    only: Annotated[
        list[str] | None, typer.Option(help="Only these contestants beside ours; may be repeated.")
    ] = None,
    row: Annotated[
        list[str] | None,
        typer.Option(help=f"Only these rows: {', '.join(ROWS)}; may be repeated."),
    ] = None,
    people: Annotated[
        int,
        typer.Option(help="Rows assess and query: how many people there are.", min=_LEAST_PEOPLE),
    ] = 50_000,
    seconds: Annotated[
        float, typer.Option(help="Row query: how long each load lasts.", min=_LEAST_SECONDS)
    ] = 20.0,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench.json"),
) -> None:
    """Measure us beside stock Faust and Quix Streams, and each part beside its limit.

    Starts servers of its own and stops them; takes some minutes. Use an idle machine.

    Examples:
      hub bench
      hub bench --events 20000 --rounds 1 --only quix
      hub bench --row assess --people 20000
      hub bench --row audit --rounds 5
      hub bench --row query --people 20000 --seconds 10
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop our servers then, too
    contestants = _contestants(only)
    wanted = _rows(row)
    console = Console()
    found: list[Measured] = []
    with progress_bar(console, TimeElapsedColumn()) as progress:
        task = progress.add_task("servers", total=None)

        def begin(what: str, total: int) -> Tick:
            progress.reset(task, description=what, total=total)
            return lambda done: progress.update(task, completed=min(done, total))

        def say(what: str) -> None:
            console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {what}", highlight=False)

        with own_stack(say) as settings:
            course = Course(
                settings=settings,
                surroundings=environment(settings, load.compression()),
                ids=initialise(settings),
                contestants=contestants,
                events=events,
                rounds=rounds,
                people=people,
                seconds=seconds,
                begin=begin,
                say=say,
            )
            found += map(course.row, wanted)
    for row_ in found:
        row_.show(console)
    report.write(output, [each for row_ in found for each in row_.objects])
    console.print(f"written to {output}")


def _rows(chosen: Sequence[str] | None) -> Sequence[str]:
    """Return which rows are measured.

    Raises:
        PermanentError: a name is unknown.
    """
    if unknown := set(chosen or ()) - set(ROWS):
        names = ", ".join(ROWS)
        raise PermanentError(f"no row is called {', '.join(sorted(unknown))}; there are {names}")
    return [row for row in ROWS if row in (chosen or ROWS)]


def _contestants(only: list[str] | None) -> tuple[Contestant, ...]:
    """Return who takes part.

    Raises:
        PermanentError: a name is unknown, or the peers' packages are not installed.
    """
    unknown = set(only or ()) - {peer.name for peer in PEERS}
    if unknown:
        names = ", ".join(peer.name for peer in PEERS)
        raise PermanentError(f"no peer is called {', '.join(sorted(unknown))}; there are {names}")
    chosen = tuple(c for c in CONTESTANTS if c is OURS or only is None or c.name in only)
    if any(c.name == "quix" for c in chosen) and find_spec("quixstreams") is None:
        raise PermanentError("Quix Streams is not installed; run `make setup`")
    return chosen
