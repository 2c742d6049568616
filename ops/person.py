"""``hub person``: ask for one person. The national number comes from a prompt or standard input."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from ops.identity.commands import register
from ops.run.api import identify, queries
from ops.settings import Settings
from projections.queries import UnknownPersonError
from schemas.errors import RULES, InvalidRecord

app = typer.Typer(
    help="Ask for one person's needs and reasons.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_READER: Final = "hub person show"
_LONGEST_LINE: Final = 64
_SOUM: Final = 100
_MARKS: Final = {"met": "[green]✓[/]", "missed": "[red]✗[/]", "unknown": "[yellow]?[/]"}


@app.callback()
def person() -> None:
    """Keep ``show`` a word of its own."""


@app.command()
def show(
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """Show a person's needs, reasons, evidence and how fresh the knowledge is.

    The PINFL is asked for, or read from standard input; never given as an argument, where every
    user of the machine could read it. The reading is put on record.

    Examples:
      hub person show
      hub person show -o json < pinfl.txt
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    settings = Settings.from_environment()
    try:
        identifier = UUID(bytes=identify(settings, _ask()))
    except InvalidRecord as error:
        print(f"hub: that is no PINFL: {RULES[error.rule]}", file=sys.stderr)
        raise typer.Exit(1) from None
    with queries(settings) as answers:
        try:
            answer = answers.needs(identifier, _READER)
        except UnknownPersonError:
            print("hub: no registry has stated anything about this person", file=sys.stderr)
            raise typer.Exit(1) from None
    if output == "json":
        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
    else:
        render(answer, Console())


def _ask() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("PINFL", hide_input=True))
    return sys.stdin.readline(_LONGEST_LINE).strip()


def render(answer: dict[str, Any], console: Console) -> None:
    """Print an answer for people."""
    console.print(f"[bold]person[/] {answer['person']}")
    household = answer["household"]
    if household is None:
        console.print("in no household")
    else:
        console.print(
            f"household {household['household']}, {len(household['members'])} member(s), "
            f"assessed for {household['assessed_on']}: [bold]{household['outcome']}[/]; "
            f"can change on {household['next_change_on'] or 'no known day'}"
        )
    if not answer["needs"]:
        console.print("[bold]no needs[/]")
    for need in answer["needs"]:
        console.print(_tree(need))
    console.print(_evidence(answer["evidence"]))
    console.print(_freshness(answer["freshness"]))


def _tree(need: dict[str, Any]) -> Tree:
    amount = need["amount_minor"]
    title = f"[bold]{need['kind']}[/] since {need['since']}"
    if amount is not None:
        title += f", {amount // _SOUM:,} soum a month"
    if need["review_on"]:
        title += f", review on {need['review_on']}"
    tree = Tree(f"{title} ({need['urgency']})")
    reason = need["reason"]
    if "condition" not in reason:
        tree.add("reasons: erased at the person's request")
        return tree
    tree.add(f"rule {need['rule']}, by {escape(reason['law'])}")
    _branch(tree, reason)
    return tree


def _branch(tree: Tree, node: dict[str, Any]) -> None:
    line = f"{_MARKS[node['result']]} {node['condition'].replace('_', ' ')}"
    if "value" in node:
        line += f": {_value(node['value'], node.get('unit'))}"
    if "threshold" in node:
        line += f" (threshold {_value(node['threshold'], node.get('unit'))}"
        if "distance" in node:
            line += f", distance {_value(node['distance'], node.get('unit'), sign='+')}"
        line += ")"
    if node.get("near_miss"):
        line += " [yellow]near miss[/]"
    if "person" in node:
        line += f" [dim]of {node['person'][:8]}[/]"
    if events := node.get("events"):
        line += f" [dim]<- {', '.join(event[:8] for event in events)}[/]"
    branch = tree.add(line)
    for part in node.get("parts", ()):
        _branch(branch, part)


def _value(value: object, unit: str | None, sign: str = "") -> str:
    if isinstance(value, int) and unit is not None and unit.startswith("tiyin"):
        return f"{value / _SOUM:{sign},.0f} soum{unit.removeprefix('tiyin').replace('_', ' ')}"
    return escape(f"{value:{sign}}" if sign and isinstance(value, int) else str(value))


def _evidence(rows: list[dict[str, Any]]) -> Table:
    table = Table("event", "states", "registry", "recorded at", "place", title="Evidence")
    for row in rows:
        place = f"{row['topic']}/{row['partition']}/{row['offset']}"
        moment = row["recorded_at"][:19]
        table.add_row(row["event_id"][:8], row["states"], row["registry"], moment, place)
    return table


def _freshness(rows: dict[str, dict[str, Any]]) -> Table:
    table = Table("registry", "complete through", "last stored at", "events", title="Freshness")
    for registry, row in rows.items():
        through = row["complete_through"] or "unknown"
        stored = (row["last_stored_at"] or "never")[:19]
        table.add_row(registry, through, stored, str(row["events"]))
    return table


register(app)  # link, unlink, and whatever else says who is who
