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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ops.bench import load, report
from ops.bench.contestants import CONTESTANTS, OURS, PEERS, Contestant
from ops.bench.environment import environment
from ops.bench.measure import Results, measure
from ops.bench.race import Arena, Tick
from ops.bench.servers import own_stack
from ops.initialise import initialise
from schemas.errors import PermanentError

_SEED: Final = 20_260_101
_LEAST_EVENTS: Final = 1000


def bench(
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
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench.json"),
) -> None:
    """Measure us beside stock Faust and Quix Streams, from Kafka to committed facts.

    Starts servers of its own and stops them; takes some minutes. Use an idle machine.

    Examples:
      hub bench
      hub bench --events 20000 --rounds 1 --only quix
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop our servers then, too
    contestants = _contestants(only)
    console = Console()
    with _progress(console) as progress:
        surroundings, results = _run(progress, contestants, events, rounds)
    report.show(console, results, contestants)
    report.write(output, report.objects(results, contestants, surroundings))
    console.print(f"written to {output}")


def _run(
    progress: Progress, contestants: Sequence[Contestant], events: int, rounds: int
) -> tuple[dict[str, object], Results]:
    console = progress.console
    task = progress.add_task("servers", total=None)

    def begin(what: str, total: int) -> Tick:
        progress.reset(task, description=what, total=total)
        return lambda facts: progress.update(task, completed=min(facts, total))

    def say(what: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {what}", highlight=False)

    with own_stack(say) as settings:
        surroundings = environment(settings, load.compression())
        ids = initialise(settings)
        tick = begin("publishing the load", events)
        for committed in load.publish(settings, ids, events, _SEED):
            tick(committed)
        repeated = load.repeats(events)
        say(f"{events:,} records on {load.TOPIC}, {repeated:,} of them repeats")
        types = {number: row.name for number, row in ids.types(load.TOPIC).items()}
        arena = Arena(settings, load.TOPIC, types, events, events - repeated)
        results = measure(arena, contestants, rounds, begin, say)
    return surroundings | {"events": events, "repeated": repeated, "rounds": rounds}, results


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


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
