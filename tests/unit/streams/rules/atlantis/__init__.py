"""The rule pack of Atlantis, which sank: another age, another money, other months, other needs.

Law of the Tides, art. 1: whose household earned less than the tide mark in the last two closed
months is due a boat. Art. 2: who is 70 or older is due a keeper at the lighthouse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from streams.household import FamilyLaw
from streams.person import Person
from streams.rules.calendar import birthday, last_closed, month_start
from streams.rules.load import Shape, read_parameters
from streams.rules.pack import Case, Judgement, Parameters, Rule, RulePack
from streams.rules.reason import MET, UNKNOWN, Condition, both, test

SHAPES: Final = {
    "majority": Shape("years"),
    "months": Shape("months"),
    "tide_mark": Shape("money_a_month"),
    "boat": Shape("money_a_month", ("small", "large")),
    "keeper_age": Shape("years"),
}
_HERE: Final = Path(__file__).parent


def _boat(case: Case) -> Iterator[Judgement]:
    mark, boat = case.parameter("tide_mark"), case.parameter("boat")
    below = Condition("below_tide_mark", UNKNOWN)
    if case.window is not None and mark is not None:
        first, last = case.window
        total = sum(
            income.gross_minor
            for member in case.members
            for income in member.person.incomes
            if first <= income.month <= last
        )
        below = test(
            "below_tide_mark",
            holds=total < mark.values * case.value("months"),
            value=total // case.value("months"),
            threshold=mark.values,
            unit=mark.unit,
        )
    children = any(member.is_minor for member in case.members)
    reason = both("boat_grant", below)
    size = "large" if children else "small"
    amount = boat.values[size] if boat is not None and reason.result == MET else None
    since = boat.valid_from.isoformat() if boat is not None else ""
    yield Judgement("boat_grant", case.household.anchor, reason, since, amount, review_months=1)


def _keeper(case: Case) -> Iterator[Judgement]:
    limit = case.value("keeper_age")
    for member in case.members:
        if member.age is not None:
            old = test("old", holds=member.age >= limit, value=member.age, threshold=limit)
            yield Judgement("lighthouse_keeper", member.person.id, both("lighthouse_keeper", old))


def _outcome(case: Case) -> str:
    return "assessed" if case.window is not None else "harbour_silent"


def _next_change(case: Case) -> Iterator[date]:
    yield from case.parameters.days
    if case.window is not None:
        yield month_start(case.window[1], 2)
    for member in case.members:
        if member.person.birth is not None:
            for name in ("majority", "keeper_age"):
                yield birthday(member.person.birth.on, case.value(name))


def _family(parameters: Parameters, on: date) -> FamilyLaw:
    return FamilyLaw(parameters.value("majority", on), on)


def _window(parameters: Parameters, on: date, through: date | None) -> tuple[date, date] | None:
    """The last closed months, if the last of them is the one just over."""
    if through is None:
        return None
    last = min(last_closed(through), on.replace(day=1) - timedelta(days=1))
    if last.replace(day=1) < month_start(on, -1):
        return None
    return month_start(last, 1 - parameters.value("months", on)), last


def _earliest(parameters: Parameters, on: date) -> date:
    return month_start(on, -parameters.value("months", on))


def _beyond(_: Parameters, __: Person, ___: date) -> bool:
    return False


def _lonely_from(parameters: Parameters) -> int:
    return int(parameters["keeper_age"][0].values)


_CURRENCY, _PARAMETERS = read_parameters(_HERE / "parameters.toml", SHAPES)
PACK: Final = RulePack(
    name="atlantis",
    rules=(
        Rule(("boat_grant",), "Law of the Tides, art. 1", "soon", _boat),
        Rule(("lighthouse_keeper",), "Law of the Tides, art. 2", "normal", _keeper, sensitive=True),
    ),
    parameters=_PARAMETERS,
    currency=_CURRENCY,
    texts=_HERE / "texts.toml",
    outcome=_outcome,
    next_change=_next_change,
    family=_family,
    window=_window,
    earliest=_earliest,
    beyond=_beyond,
    lonely_from=_lonely_from,
    income_registry="harbour",
)
