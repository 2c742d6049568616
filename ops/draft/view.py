"""The report of a draft law, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from ops.draft.tally import DRAFT, EFFECTS, IN_FORCE, LAWS, LESS, MORE, VALUES
from projections.suppression import ALL

_HIDDEN = "·"  # too few, or it would tell another that is


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print everything."""
    where = f" in {found['region']}" if found["region"] else ""
    console.print(
        f"[bold]{found['pack']}[/] beside [bold]{found['base']}[/], on {found['as_of']}{where}"
        f" ({_number(found['people'])} people); nothing live was changed"
    )
    for table in _tables(found):
        console.print(table)
    for example in found["examples"]:
        console.print(_example(example, found["currency"]))
    through = ", ".join(
        f"{name} {day or 'not known'}" for name, day in sorted(found["complete_through"].items())
    )
    console.print(f"registries complete through: {through}", style="dim")
    console.print(
        f"{_HIDDEN} fewer than {found['k']}, or it would tell a number that is; examples are"
        " invented households; see docs/draft-law.md",
        style="dim",
    )


def _tables(found: Mapping[str, Any]) -> Iterator[Table]:
    yield _counts("Households", found["households"], (*EFFECTS, ALL))
    for kind, rows in found["needs"].items():
        changed = [value for value in VALUES if value in rows[ALL] and value != "unchanged"]
        if changed:
            title = f"People with {kind.replace('_', ' ')}"
            yield _counts(title, rows, (IN_FORCE, *changed, DRAFT))
    same = [kind for kind, rows in found["needs"].items() if set(rows[ALL]) <= _SAME]
    if same:
        table = Table(title="Needs that stay as they are", title_justify="left", box=None)
        table.add_column("kind")
        table.add_column("people", justify="right")
        for kind in same:
            table.add_row(kind.replace("_", " "), _number(found["needs"][kind][ALL][DRAFT]))
        yield table
    yield _cost(found)
    yield _laws("Households that cannot be judged by income", found["not_assessable"])
    yield _laws("Households that miss a need by little", found["near_misses"])


_SAME = {"unchanged", IN_FORCE, DRAFT}


def _counts(
    title: str, rows: Mapping[str, Mapping[str, int | None]], columns: tuple[str, ...]
) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("region", min_width=10)
    present = [name for name in columns if name in rows[ALL]]
    for name in present:
        table.add_column(_title(name), justify="right")
    for place, row in rows.items():
        label = "[bold]all[/]" if place == ALL else place
        table.add_row(label, *(_number(row[name]) for name in present))
    return table


def _title(name: str) -> str:
    return {MORE: "higher amount", LESS: "lower amount"}.get(name, name.replace("_", " "))


def _cost(found: Mapping[str, Any]) -> Table:
    currency, cost = found["currency"], found["cost"]
    table = Table(title=f"Cost a month, {currency['unit']}", title_justify="left", box=None)
    table.add_column("")
    for name in (*LAWS, "difference"):
        table.add_column(name.replace("_", " "), justify="right")
    rows = {"[bold]total[/]": cost["total"]}
    rows |= {kind.replace("_", " "): row for kind, row in cost["by_kind"].items()}
    rows |= dict(cost["by_place"].items())
    for label, row in rows.items():
        cells = [_HIDDEN] * 3 if row is None else [_amount(n, currency) for n in row.values()]
        table.add_row(label, *cells)
    return table


def _laws(title: str, rows: Mapping[str, Mapping[str, int | None]]) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("")
    for law in LAWS:
        table.add_column(law.replace("_", " "), justify="right")
    for name in sorted({name for law in LAWS for name in rows[law]}):
        cells = (_number(rows[law][name]) if name in rows[law] else "0" for law in LAWS)
        table.add_row(name.replace("_", " "), *cells)
    return table


def _example(example: Mapping[str, Any], currency: Mapping[str, Any]) -> str:
    granted = {
        law: ", ".join(
            one["kind"].replace("_", " ")
            + (f" {_amount(one['amount_minor'], currency)}" if one["amount_minor"] else "")
            for one in example[law]
        )
        or "nothing"
        for law in LAWS
    }
    income = _amount(example["income_per_head_minor"], currency)
    return (
        f"[bold]Who {example['effect']}, for example:[/] {example['household']}, {income}"
        f" {currency['unit']} per head ({example['of_the_minimum']:.2f} of the minimum)\n"
        f"  in force: {granted[IN_FORCE]}\n  draft: {granted[DRAFT]}"
    )


def _number(count: int | None) -> str:
    return _HIDDEN if count is None else f"{count:,}"


def _amount(minor: int, currency: Mapping[str, Any]) -> str:
    return f"{minor // currency['minor_per_unit']:,}"
