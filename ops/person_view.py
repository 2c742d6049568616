"""How an answer about a person looks on a terminal."""

from __future__ import annotations

import re
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from ops.screen_texts import PLAIN, Texts, plain
from projections.moments import JUDGED
from streams.rules.uz import PACK

_ID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MARKS: Final = {"met": "[green]✓[/]", "missed": "[red]✗[/]", "unknown": "[yellow]?[/]"}


def render(answer: dict[str, Any], console: Console, texts: Texts = PLAIN) -> None:
    """Print an answer for people."""
    say = texts.say
    console.print(f"[bold]{say('person')}[/] {answer['person']}")
    if answer.get("mode") == JUDGED:
        known = say("judged_as_of", day=answer["as_of"], moment=answer["known_at"][:19])
        console.print(f"[bold]{say('judged_again')}[/] {known}")
    household = answer["household"]
    console.print(say("no_household") if household is None else _household(household, texts))
    if not answer["needs"]:
        console.print(f"[bold]{say('no_needs')}[/]")
    for need in answer["needs"]:
        console.print(_tree(need, texts))
    for title, rows in (("just_missed", "near_misses"), ("cannot_be_said", "unknown")):
        for row in answer.get(rows, ()):
            kind = escape(texts.word(row["kind"]))
            console.print(f"[bold]{kind}[/] {say(title)}: {_why(row, texts)}")
    if "facts" in answer:
        console.print(_facts(answer["facts"], texts))
    console.print(_evidence(answer["evidence"], texts))
    console.print(_freshness(answer["freshness"], texts))


def _household(household: dict[str, Any], texts: Texts) -> str:
    told = texts.say(
        "household",
        household=household["household"],
        count=len(household["members"]),
        day=household["assessed_on"],
    )
    day = household["next_change_on"]
    change = texts.say("can_change", day=day) if day else texts.say("no_change_known")
    return f"{told}: [bold]{escape(texts.word(household['outcome']))}[/]; {change}"


def _tree(need: dict[str, Any], texts: Texts) -> Tree:
    amount = need["amount_minor"]
    title = f"[bold]{need['kind']}[/]"
    if (named := texts.word(need["kind"])) != plain(need["kind"]):
        title += f" ({escape(named)})"
    since = need["since"]
    title += f" {texts.say('since', day=since) if since else texts.say('on_that_day')}"
    if amount is not None:
        title += f", {texts.money(amount, f'{PACK.currency.minor}_a_month', PACK.currency)}"
    if need["review_on"]:
        title += f", {texts.say('review_on', day=need['review_on'])}"
    tree = Tree(f"{title} ({escape(texts.word(need['urgency']))})")
    reason = need["reason"]
    if "condition" not in reason:
        tree.add(texts.say("reasons_erased"))
        return tree
    tree.add(texts.say("by_rule", rule=need["rule"], law=escape(reason["law"])))
    _branch(tree, reason, texts)
    return tree


def _branch(tree: Tree, node: dict[str, Any], texts: Texts) -> None:
    line = f"{_MARKS[node['result']]} {escape(texts.word(node['condition']))}"
    if "value" in node:
        line += f": {_value(node['value'], node.get('unit'), texts)}"
    if "threshold" in node:
        line += f" ({_threshold(node, texts)})"
    if node.get("near_miss"):
        line += f" [yellow]{texts.say('near_miss')}[/]"
    if "person" in node:
        line += f" [dim]{texts.say('of_person', person=node['person'][:8])}[/]"
    if events := node.get("events"):
        line += f" [dim]<- {', '.join(event[:8] for event in events)}[/]"
    branch = tree.add(line)
    for part in node.get("parts", ()):
        _branch(branch, part, texts)


def _why(row: dict[str, Any], texts: Texts) -> str:
    """Return what was missed by little, or what nobody knows."""
    if "conditions" in row:
        return escape(", ".join(texts.word(name) for name in row["conditions"]))
    return f"{escape(texts.word(row['condition']))}, {_threshold(row, texts)}"


def _threshold(node: dict[str, Any], texts: Texts) -> str:
    unit = node.get("unit")
    told = texts.say("threshold", value=_value(node["threshold"], unit, texts))
    if "distance" in node:
        distance = _value(node["distance"], unit, texts, sign="+")
        told += f", {texts.say('distance', value=distance)}"
    return told


def _value(value: object, unit: str | None, texts: Texts, sign: str = "") -> str:
    if isinstance(value, int) and unit is not None and unit.startswith(PACK.currency.minor):
        return escape(texts.money(value, unit, PACK.currency, sign))
    if isinstance(value, int):
        return f"{value:{sign}}" if sign else str(value)
    return escape(texts.word(str(value)))


def _facts(rows: list[dict[str, Any]], texts: Texts) -> Table:
    """Facts in clear; of what is sealed only that there is something."""
    columns = ("fact", "from", "until", "states", "known_from", "event")
    table = Table(*map(texts.say, columns), title=texts.say("facts"))
    for row in rows:
        stated = ", ".join(
            f"{name} {_short(value)}" for name, value in row["value"].items() if value is not None
        )
        if row["is_sealed"]:
            sealed = texts.say("sealed", **{"class": row["sensitivity"]})
            stated += f"{', ' if stated else ''}[dim]{sealed}[/]"
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


def _evidence(rows: list[dict[str, Any]], texts: Texts) -> Table:
    columns = ("event", "states", "registry", "recorded_at")
    table = Table(*map(texts.say, columns), title=texts.say("evidence"))
    table.add_column(texts.say("place"), overflow="fold")
    for row in rows:
        place = f"{row['topic']}/{row['partition']}/{row['offset']}"
        moment = row["recorded_at"][:19]
        table.add_row(row["event_id"][:8], row["states"], row["registry"], moment, place)
    return table


def _freshness(rows: dict[str, dict[str, Any]], texts: Texts) -> Table:
    columns = ("registry", "complete_through", "last_stored_at", "events")
    table = Table(*map(texts.say, columns), title=texts.say("freshness"))
    for registry, row in rows.items():
        through = row["complete_through"] or texts.say("through_unknown")
        stored = (row["last_stored_at"] or texts.say("never"))[:19]
        table.add_row(registry, through, stored, str(row["events"]))
    return table
