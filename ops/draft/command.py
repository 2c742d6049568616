"""``hub rules try``: assess everybody by a draft law, beside the law in force."""

from __future__ import annotations

import os
import re
import signal
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.progress import TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ops.draft.run import Trial
from ops.draft.view import show
from ops.draft.work import Question
from ops.progress_bar import progress_bar
from ops.settings import Settings
from schemas.errors import PermanentError
from streams.rules.load import InvalidPackError, load_pack
from streams.rules.pack import RulePack

app = typer.Typer(
    help="Try a draft law on everybody.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_REGION: Final = re.compile("[0-9]{4}|[0-9]{7}")


@app.callback()
def rules() -> None:
    """Keep ``try`` a word of its own."""


@app.command("try")
def try_(  # noqa: PLR0917 - Typer calls it by name
    pack: Annotated[str, typer.Argument(help="A draft law, a .toml file; or uz.")],
    region: Annotated[
        str, typer.Option(help="Only this region or district: 4 or 7 digits of its SOATO code.")
    ] = "",
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; default: today.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes; default: one a core.")
    ] = os.cpu_count() or 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the JSON goes: a file or folder.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a stopped run was.")
    ] = False,
) -> None:
    """Assess everybody by the law in force and by a draft; say who gains, who loses, and the cost.

    Nothing live changes: everything is read from one snapshot. Counts under 10 are hidden. What was
    finished is kept until the report was made, so a run that was stopped, even by kill -9, goes on
    with --resume, as long as no event has arrived meanwhile.

    Examples:
      hub rules try examples/draft-law.toml
      hub rules try examples/draft-law.toml --region 1703 --as-of 2027-01-01
      hub rules try examples/draft-law.toml --workers 8 --output build/ --resume
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end the shares then, too
    if region and not _REGION.fullmatch(region):
        raise typer.BadParameter("4 digits of a region, or 7 of a district", param_hint="--region")
    settings = Settings.from_environment()
    laws, text = _laws(pack)
    on = as_of.date() if as_of is not None else settings.today
    question = Question(pack, text, on.isoformat(), region)
    trial = Trial(settings, laws, question, workers)
    console = Console()
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with progress_bar(Console(stderr=True), *times) as bar:
        task = bar.add_task("reading who belongs together", total=None)

        def progress(batches: int, of: int, households: int) -> None:
            rate = households / max(bar.tasks[0].elapsed or 0.0, 0.1)
            what = f"assessing, {rate:,.0f} households/s"
            bar.update(task, description=what, completed=batches, total=of)

        found = trial.run(
            datetime.now(UTC),
            resume=resume,
            say=lambda note: bar.console.print(note, style="dim"),
            progress=progress,
        )
    show(found, console)
    if output is not None:
        console.print(f"written to {_write(output, found)}")


def _laws(pack: str) -> tuple[tuple[RulePack, RulePack], str]:
    """Return the law in force and the draft, and the draft's text.

    Raises:
        PermanentError: the draft cannot be used; the text says where it is wrong.
    """
    try:
        draft = load_pack(pack)
        if not pack.endswith(".toml"):
            return (draft, draft), ""
        text = Path(pack).read_text("utf-8")
        return (load_pack(tomllib.loads(text)["base"]), draft), text
    except InvalidPackError as error:
        raise PermanentError(str(error)) from None


def _write(output: Path, found: dict[str, Any]) -> Path:
    """Write the JSON whole, and return where."""
    if output.is_dir() or not output.suffix:
        output = output / f"{found['pack']}-{found['as_of']}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    draft.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    draft.replace(output)
    return output
