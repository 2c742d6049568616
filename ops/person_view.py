"""How an answer about a person looks on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from projections.moments import JUDGED
from streams.rules.texts import text_of
from streams.rules.uz import PACK

_ID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MARKS: Final = {"met": "[green]✓[/]", "missed": "[red]✗[/]", "unknown": "[yellow]?[/]"}

Words = Callable[[str], str]
"""From a key (a kind, a condition, an outcome) to what people read."""


def plain(key: str) -> str:
    """Return a key as words of its own."""
    return key.replace("_", " ")


def words_of(language: str) -> Words:
    """Return the texts of a language; a key without one stands for itself."""
    return lambda key: text_of(PACK, key, language)


def render(answer: dict[str, Any], console: Console, words: Words = plain) -> None:
    """Print an answer for people."""
    console.print(f"[bold]person[/] {answer['person']}")
    if answer.get("mode") == JUDGED:
        console.print(
            f"[bold]judged again[/] as of {answer['as_of']}, known at {answer['known_at'][:19]} UTC"
        )
    household = answer["household"]
    if household is None:
        console.print("in no household")
    else:
        console.print(
            f"household {household['household']}, {len(household['members'])} member(s), "
            f"assessed for {household['assessed_on']}: "
            f"[bold]{escape(words(household['outcome']))}[/]; "
            f"can change on {household['next_change_on'] or 'no known day'}"
        )
    if not answer["needs"]:
        console.print("[bold]no needs[/]")
    for need in answer["needs"]:
        console.print(_tree(need, words))
    for title, rows in (("just missed", "near_misses"), ("cannot be said; not known", "unknown")):
        for row in answer.get(rows, ()):
            console.print(f"[bold]{escape(words(row['kind']))}[/] {title}: {_why(row, words)}")
    if "facts" in answer:
        console.print(_facts(answer["facts"]))
    console.print(_evidence(answer["evidence"]))
    console.print(_freshness(answer["freshness"]))


def _tree(need: dict[str, Any], words: Words) -> Tree:
    amount = need["amount_minor"]
    title = f"[bold]{need['kind']}[/]"
    if (named := words(need["kind"])) != plain(need["kind"]):
        title += f" ({escape(named)})"
    title += f" since {need['since']}" if need["since"] else " on that day"
    if amount is not None:
        title += f", {PACK.currency.units(amount)} {PACK.currency.unit} a month"
    if need["review_on"]:
        title += f", review on {need['review_on']}"
    tree = Tree(f"{title} ({need['urgency']})")
    reason = need["reason"]
    if "condition" not in reason:
        tree.add("reasons: erased at the person's request")
        return tree
    tree.add(f"rule {need['rule']}, by {escape(reason['law'])}")
    _branch(tree, reason, words)
    return tree


def _branch(tree: Tree, node: dict[str, Any], words: Words) -> None:
    line = f"{_MARKS[node['result']]} {escape(words(node['condition']))}"
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
        _branch(branch, part, words)


def _why(row: dict[str, Any], words: Words) -> str:
    """Return what was missed by little, or what nobody knows."""
    if "conditions" in row:
        return escape(", ".join(words(name) for name in row["conditions"]))
    unit = row.get("unit")
    return (
        f"{escape(words(row['condition']))}, threshold {_value(row['threshold'], unit)}, "
        f"distance {_value(row['distance'], unit, sign='+')}"
    )


def _value(value: object, unit: str | None, sign: str = "") -> str:
    money = PACK.currency
    if isinstance(value, int) and unit is not None and unit.startswith(money.minor):
        rest = unit.removeprefix(money.minor).replace("_", " ")
        return f"{money.units(value, sign)} {money.unit}{rest}"
    return escape(f"{value:{sign}}" if sign and isinstance(value, int) else str(value))


def _facts(rows: list[dict[str, Any]]) -> Table:
    """Facts in clear; of what is sealed only that there is something."""
    table = Table("fact", "from", "until", "states", "known from", "event", title="Facts")
    for row in rows:
        stated = ", ".join(
            f"{name} {_short(value)}" for name, value in row["value"].items() if value is not None
        )
        if row["is_sealed"]:
            stated += f"{', ' if stated else ''}[dim]{row['sensitivity']} sealed[/]"
        table.add_row(
            row["kind"],
            row["valid_from"] or "",
            row["valid_to"] or "",
            stated,
            row["known_from"][:19],
            row["event_id"][:8],
        )
    return table


def _short(value: object) -> str:
    text = str(value)
    return escape(text[:8] if _ID.fullmatch(text) else text)


def _evidence(rows: list[dict[str, Any]]) -> Table:
    table = Table("event", "states", "registry", "recorded at", title="Evidence")
    table.add_column("place", overflow="fold")
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
