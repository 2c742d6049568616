"""One line for long work: what is done, a bar, and how much of how much."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn


def progress_bar(console: Console, *more: ProgressColumn, stays: bool = False) -> Progress:
    """Return a bar that is not there yet: it shows while it is entered.

    Args:
        console: where.
        more: what stands behind the count, such as the time that is left.
        stays: whether it is to be seen when the work is done.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *more,
        console=console,
        transient=not stays,
    )
