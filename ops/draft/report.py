"""From exact sums to what may be shown: small counts are hidden, and what would tell them. Pure.

Counts of households and people go through ``projections/suppression.py``. Amounts tell counts, too
(a benefit is the same for many), so an amount is shown only where every count behind it is shown,
and never all but one of a sum whose total is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from ops.draft.profiles import Example, Profile, invent
from ops.draft.tally import (
    DRAFT,
    EFFECTS,
    GAINED,
    GAINS,
    IN_FORCE,
    LAWS,
    LESS,
    LOSES,
    LOST,
    MORE,
    SAME,
    UNCHANGED,
    VALUES,
    Tally,
    by_person,
    key,
    needs,
    split,
)
from projections.suppression import ALL, K, publish

NEITHER: Final = "neither"  # a person without the need, by both laws
_EXAMPLES: Final = 3  # of gains, and of losses
_SHARES: Final = (0.5, 0.0, 0.25, 0.75)  # where in its tenth of the minimum an income may lie

Cells = Mapping[tuple[str, str], int | None]
Invent = Callable[[Profile, float], Example | None]


def report(tally: Tally, *, k: int = K) -> dict[str, Any]:
    """Return everything that may be shown of ``tally``, as JSON values; None: hidden."""
    places = sorted(tally.people)
    parents = dict.fromkeys(places, ALL)
    households = _households(tally, parents, k)
    persons = {kind: _persons(tally, kind, parents, k) for kind in _kinds(tally)}
    shown = {place: _all_shown(cells for cells in (households[place],)) for place in (ALL, *places)}
    whole = {law: sum(tally.cost_by_place[key(law, place)] for place in places) for law in LAWS}
    return {
        "k": k,
        "people": publish(parents, {(p, SAME): n for p, n in tally.people.items()}, (SAME,), k=k)[
            ALL, ALL
        ],
        "households": households,
        "needs": persons,
        "cost": {
            "total": _cost(whole) if shown[ALL] else None,
            "by_place": _costs(tally.cost_by_place, places, shown),
            "by_kind": _costs(
                tally.cost_by_kind,
                sorted({split(each)[1] for each, cost in tally.cost_by_kind.items() if cost}),
                {kind: _all_shown((cells[ALL],)) for kind, cells in persons.items()},
            ),
        },
        "not_assessable": {law: _not_assessable(tally, law, k) for law in LAWS},
        "near_misses": {law: _near_misses(tally, law, k) for law in LAWS},
    }


def examples(tally: Tally, make: Invent, *, k: int = K) -> list[dict[str, Any]]:
    """Return invented households that stand for the most who gain, and who lose.

    For each effect the most frequent changes, and for each change its most frequent profile that
    at least ``k`` households share.
    """
    found: list[dict[str, Any]] = []
    for effect in (GAINS, LOSES):
        changes: dict[str, list[tuple[int, str]]] = {}
        for each, count in tally.profiles.items():
            of, change, profile = split(each)
            if of == effect and count >= k:
                changes.setdefault(change, []).append((count, profile))
        ranked = sorted(
            changes.items(), key=lambda one: (-sum(count for count, _ in one[1]), one[0])
        )
        made = (_fitting(effect, change, profiles, make) for change, profiles in ranked)
        found += islice((example for example in made if example is not None), _EXAMPLES)
    return found


def _fitting(
    effect: str, change: str, profiles: Iterable[tuple[int, str]], make: Invent
) -> dict[str, Any] | None:
    """Return an example that both laws treat like those it stands for."""
    for _, text in sorted(profiles, key=lambda one: (-one[0], one[1])):
        profile = Profile.parse(text)
        for share in _SHARES:
            made = make(profile, share)
            if made is None:
                break
            own = Tally()
            own.count(made.in_force, by_person(needs([made.draft])), "")
            if any(split(each)[:2] == [effect, change] for each in own.profiles):
                return {
                    "effect": effect,
                    "household": profile.describe(),
                    "income_per_head_minor": made.income_minor,
                    "of_the_minimum": round(made.income_minor / made.minimum_minor, 2),
                    IN_FORCE: _granted(made, IN_FORCE),
                    DRAFT: _granted(made, DRAFT),
                }
    return None


def _granted(made: Example, law: str) -> list[dict[str, Any]]:
    assessment = made.in_force if law == IN_FORCE else made.draft
    found = sorted(needs([assessment]).items(), key=lambda one: (one[0][1], one[0][0]))
    return [{"kind": kind, "amount_minor": one.amount_minor} for (_, kind), one in found]


def _households(
    tally: Tally, parents: Mapping[str, str], k: int
) -> dict[str, dict[str, int | None]]:
    """Return by place how many households gain, lose, and so on; possible effects only."""
    counts = {
        (words[0], words[1]): n for each, n in tally.households.items() if (words := split(each))
    }
    values = [value for value in EFFECTS if any(each == value for _, each in counts)] or [SAME]
    return _rows(publish(parents, counts, values, k=k), parents, values)


def _persons(
    tally: Tally, kind: str, parents: Mapping[str, str], k: int
) -> dict[str, dict[str, int | None]]:
    """Return by place for how many people a need of this kind changes."""
    counts: dict[tuple[str, str], int] = {}
    for each, count in tally.persons.items():
        place, of, value = split(each)
        if of == kind:
            counts[place, value] = count
    values = [value for value in VALUES if any(each == value for _, each in counts)]
    for place, people in tally.people.items():
        counts[place, NEITHER] = people - sum(counts.get((place, value), 0) for value in values)
    cells = publish(parents, counts, (*values, NEITHER), k=k)
    rows = _rows(cells, parents, values)
    for row in rows.values():
        row.pop(ALL)
        row[IN_FORCE] = _sum(row, (LOST, MORE, LESS, UNCHANGED))
        row[DRAFT] = _sum(row, (GAINED, MORE, LESS, UNCHANGED))
    return rows


def _sum(row: Mapping[str, int | None], names: Sequence[str]) -> int | None:
    """Return the sum of several cells; hidden if one is: what is left would be told."""
    found = [row[name] for name in names if name in row]
    return None if any(each is None for each in found) else sum(each or 0 for each in found)


def _rows(
    cells: Cells, parents: Mapping[str, str], values: Sequence[str]
) -> dict[str, dict[str, int | None]]:
    return {
        place: {value: cells[place, value] for value in (*values, ALL)} for place in (ALL, *parents)
    }


def _all_shown(rows: Iterable[Mapping[str, int | None]]) -> bool:
    return all(each is not None for row in rows for each in row.values())


def _costs(
    costs: Mapping[str, int], names: Sequence[str], shown: Mapping[str, bool]
) -> dict[str, dict[str, int] | None]:
    """Return the cost of each, under both laws; never all but one."""
    hidden = [name for name in names if not shown.get(name, True)]
    if len(hidden) == 1:
        others = [name for name in names if name not in hidden]
        hidden += sorted(others, key=lambda name: (costs.get(key(DRAFT, name), 0), name))[:1]
    return {
        name: None if name in hidden else _cost({law: costs.get(key(law, name), 0) for law in LAWS})
        for name in names
    }


def _cost(of: Mapping[str, int]) -> dict[str, int]:
    return {**of, "difference": of[DRAFT] - of[IN_FORCE]}


def _not_assessable(tally: Tally, law: str, k: int) -> dict[str, int | None]:
    """Return how many households each reason keeps from being judged by their income."""
    counts = {
        (ALL, words[1]): count
        for each, count in tally.outcomes.items()
        if (words := split(each))[0] == law
    }
    values = sorted(value for _, value in counts)
    cells = publish({}, counts, values, k=k)
    return {value: cells[ALL, value] for value in values if value != "assessed"}


def _near_misses(tally: Tally, law: str, k: int) -> dict[str, int | None]:
    """Return how many households miss a kind of need by little."""
    found = {}
    whole = sum(n for each, n in tally.outcomes.items() if split(each)[0] == law)
    for each, count in sorted(tally.near_misses.items()):
        of, kind = split(each)
        if of == law:
            counts = {(ALL, "near"): count, (ALL, NEITHER): whole - count}
            found[kind] = publish({}, counts, ("near", NEITHER), k=k)[ALL, "near"]
    return found


def _kinds(tally: Tally) -> list[str]:
    return sorted({split(each)[1] for each in tally.persons})


__all__ = ["examples", "invent", "report"]
