"""``hub person suggest`` and ``hub person suggestions``: who may be who, for a person to decide."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from rich.console import Console
from rich.progress import TimeRemainingColumn

from ops.identity import evaluation
from ops.identity.suggesting import Suggesting, match_key, not_erased
from ops.keystore import open_keystore
from ops.progress_bar import progress_bar
from ops.settings import Settings
from projections.match_store import MatchStore
from schemas.errors import PermanentError
from streams.matching import THRESHOLD

_READER: Final = "hub person suggestions"
_WORDS: Final = {"blocks": "reading names", "pairs": "comparing"}


def suggest(
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Score on an invented population instead.")
    ] = False,
    people: Annotated[
        int, typer.Option("--people", min=100, max=200_000, help="With --evaluate: how many.")
    ] = evaluation.PEOPLE,
    seed: Annotated[int, typer.Option("--seed", help="With --evaluate.")] = evaluation.SEED,
) -> None:
    """Look for people whom records without a number may be about.

    Nothing is applied: `hub person suggestions` lists what was found, `hub person link` decides.
    A run that was stopped goes on where it was.

    Examples:
      hub person suggest
      hub person suggest --evaluate
      hub person suggest --evaluate --people 20000 --seed 7
    """
    console = Console()
    if evaluate:
        evaluation.run(console, people, seed)
        return
    settings = Settings.from_environment()
    with (
        closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection,
        closing(open_keystore(settings)) as keystore,
    ):
        store = MatchStore(connection)
        if not store.take():
            raise PermanentError("`hub person suggest` is at work already; wait for it")
        work = Suggesting(store, keystore, match_key(settings.secrets.person_key))
        _with_progress(console, store, work)
        count = connection.execute(
            "SELECT count(*) FROM live.suggestions WHERE score >= %s", [THRESHOLD]
        ).fetchone()
    console.print(
        f"{count[0] if count else 0:,} suggestions; see `hub person suggestions`", highlight=False
    )


def _with_progress(console: Console, store: MatchStore, work: Suggesting) -> None:
    place = store.begin("hub person suggest")
    if place.done:
        console.print(f"going on after {place.done:,} ids", highlight=False)
    with progress_bar(console, TimeRemainingColumn()) as bar:
        tasks = {place.phase: bar.add_task(_WORDS[place.phase], total=store.count(place.phase))}

        def tell(phase: str, done: int) -> None:
            if phase not in tasks:
                tasks[phase] = bar.add_task(_WORDS[phase], total=store.count(phase))
            bar.update(tasks[phase], completed=done)

        work.run(place, tell)


def suggestions(
    least: Annotated[
        int, typer.Option("--least", min=50, max=100, help="The lowest score to list.")
    ] = THRESHOLD,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """List whom records without a number may be about, best first. The reading is put on record.

    A score of 100 is certain for a machine and for nobody else: look at the papers, then
    `hub person link`.

    Examples:
      hub person suggestions
      hub person suggestions --least 60 -o json
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    settings = Settings.from_environment()
    with (
        closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection,
        closing(open_keystore(settings)) as keystore,
    ):
        rows = not_erased(MatchStore(connection).suggestions(least, limit, _READER), keystore)
    names = ("alias", "person", "score", "features", "found_at")
    if output == "json":
        found: list[dict[str, Any]] = [dict(zip(names, row[:-1], strict=True)) for row in rows]
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    if not rows:
        print("no suggestions; `hub person suggest` looks for some", file=sys.stderr)
        return
    console = Console(highlight=False, soft_wrap=True)
    for alias, person, score, features, _, _ in rows:
        told = ", ".join(f"{what} {how}" for what, how in features.items() if how != "unknown")
        console.print(f"{score:3}  {alias} may be {person}\n     [dim]{told}[/]")
    if rest := more(limit, of=rows[0][-1]):
        print(rest, file=sys.stderr)


def more(limit: int, of: int) -> str:
    """Return that there are more than were asked for, or nothing.

    >>> more(50, of=72)
    '50 of 72; --limit N for more'
    >>> more(72, of=72)
    ''
    """
    return f"{limit:,} of {of:,}; --limit N for more" if of > limit else ""
