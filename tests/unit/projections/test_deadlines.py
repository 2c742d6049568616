"""Whom the law keeps something of, until when, and who may open it: by docs/privacy.md."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from projections.deadlines import Due, Kept, Restriction, due, shut

ANNA, BORA = UUID(int=1), UUID(int=2)
LAST = date(2029, 3, 10)
AFTER = date(2029, 3, 11)


def kept(until: date | None, person: UUID = ANNA, law: str = "law", name: str = "needs") -> Kept:
    return Kept(person, name, law, until)


@pytest.mark.parametrize(
    ("decisions", "on", "expected"),
    [
        pytest.param([], AFTER, [], id="nothing was kept"),
        pytest.param([kept(LAST)], LAST, [], id="its last day"),
        pytest.param([kept(LAST)], AFTER, [Due(ANNA, "needs", LAST)], id="the day after"),
        pytest.param([kept(LAST), kept(None)], AFTER, [], id="one of two is for good"),
        pytest.param([kept(None), kept(LAST)], AFTER, [], id="in the other order"),
        pytest.param([kept(LAST), kept(AFTER, law="court")], AFTER, [], id="a court keeps it"),
        pytest.param([kept(LAST), kept(AFTER, name="tax")], AFTER, [Due(ANNA, "needs", LAST)],
                     id="another class"),
        pytest.param([kept(LAST)._replace(is_erased=True)], AFTER, [], id="erased since"),
        pytest.param([kept(LAST), kept(AFTER, BORA)], AFTER, [Due(ANNA, "needs", LAST)],
                     id="another person"),
    ],
)  # fmt: skip
def test_what_is_due(decisions: list[Kept], on: date, expected: list[Due]) -> None:
    assert due(decisions, on) == expected


def row(until: date | None, *bases: str, gone: bool = True) -> Restriction:
    return Restriction(ANNA, "needs", until, bases, gone)


@pytest.mark.parametrize(
    ("rows", "basis", "on", "is_open"),
    [
        ([], "welfare", LAST, True),
        ([row(LAST, "claims")], "claims", LAST, True),
        ([row(LAST, "claims")], "welfare", LAST, False),
        ([row(None, "claims")], "welfare", AFTER, False),
        ([row(None, "claims")], "claims", AFTER, True),
        # Its time is over: for nobody, if the rest of her is gone; for all, if only that was said.
        ([row(LAST, "claims")], "claims", AFTER, False),
        ([row(LAST, "claims")], "welfare", AFTER, False),
        ([row(LAST, "claims", gone=False)], "claims", AFTER, True),
        ([row(LAST, "claims", gone=False)], "welfare", AFTER, True),
        # Two at once: both have to allow it; one that is over counts no more beside another.
        ([row(LAST, "claims"), row(LAST, "audit")], "claims", LAST, False),
        ([row(LAST, "audit"), row(AFTER, "claims")], "claims", AFTER, True),
        ([row(LAST, "claims"), row(AFTER, "audit")], "claims", AFTER, False),
    ],
)
def test_who_may_open_it(rows: list[Restriction], basis: str, on: date, is_open: bool) -> None:
    assert shut(rows, basis, on) == (set() if is_open else {(ANNA.bytes, "needs")})
