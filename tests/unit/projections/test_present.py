"""Near misses of a household: one's own, in an order that is always the same."""

from __future__ import annotations

from projections.present import near_misses_of

ME, SHE = "105c0943-9a5f-891f-9f3d-7245c6b0c319", "205c0943-9a5f-891f-9f3d-7245c6b0c319"


def miss(person: str, kind: str, condition: str) -> dict[str, object]:
    values = {"threshold": 600_000, "distance": 1_000, "unit": None}
    return {"person": person, "kind": kind, "condition": condition, **values}


def test_near_misses_are_ones_own_by_kind_and_condition() -> None:
    mine = [miss(ME, "b", "income"), miss(ME, "a", "months"), miss(ME, "a", "income")]

    found = near_misses_of([*mine, miss(SHE, "a", "age")], ME)

    assert [(one["kind"], one["condition"]) for one in found] == [
        ("a", "income"),
        ("a", "months"),
        ("b", "income"),
    ]
    assert [list(one) for one in found] == [
        ["kind", "condition", "threshold", "distance", "unit"]
    ] * 3
