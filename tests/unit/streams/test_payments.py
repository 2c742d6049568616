"""Worked examples of paid against due, read as a table; and what holds of any month."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.payments import (
    Entitled,
    Line,
    Month,
    Payment,
    changed,
    compare,
    months,
    months_before,
    set_against,
)

MAY = date(2026, 5, 1)
KIND = "child_benefit"
CHILD, SISTER, MOTHER = b"c", b"d", b"m"

# PF-6277 (2021), from 1 July 2025: 275,000 soum for the first child, 165,000 for the second.
FIRST, SECOND = 27_500_000, 16_500_000
NONE: Entitled = {}


def payments(*paid: tuple[bytes, int]) -> list[Payment]:
    return [Payment(person, KIND, MAY, amount) for person, amount in paid]


@pytest.mark.parametrize(
    ("entitled", "then", "paid", "expected"),
    [
        # Nothing paid and nothing new: take-up, not payment; no line.
        ({CHILD: FIRST}, {CHILD: FIRST}, [], []),
        ({CHILD: 0}, {CHILD: 0}, [], []),
        # Paid rightly, to the mother.
        ({CHILD: FIRST}, {CHILD: FIRST}, [(MOTHER, FIRST)], [(CHILD, FIRST, FIRST, 0)]),
        # The income was lower than reported: entitled after all, nothing was paid.
        ({CHILD: FIRST}, {CHILD: 0}, [], [(CHILD, FIRST, 0, FIRST)]),
        # The income was higher than reported: nothing was due, the mother was paid.
        (
            {CHILD: 0},
            {CHILD: FIRST},
            [(MOTHER, FIRST)],
            [(CHILD, 0, 0, 0), (MOTHER, 0, FIRST, -FIRST)],
        ),
        # Two children, one payment for one of them.
        (
            {CHILD: FIRST, SISTER: SECOND},
            {CHILD: FIRST, SISTER: SECOND},
            [(MOTHER, FIRST)],
            [(CHILD, FIRST, FIRST, 0), (SISTER, SECOND, 0, SECOND)],
        ),
        # An older child became known: the amounts change places, the sum rises.
        (
            {SISTER: FIRST, CHILD: SECOND},
            {CHILD: FIRST},
            [(MOTHER, FIRST)],
            [(CHILD, SECOND, SECOND, 0), (SISTER, FIRST, FIRST - SECOND, SECOND)],
        ),
        # Paid to somebody who was never entitled to anything.
        (NONE, NONE, [(MOTHER, FIRST)], [(MOTHER, 0, FIRST, -FIRST)]),
        # Unknown is not zero: whether it was due cannot be said.
        (
            {CHILD: None},
            {CHILD: FIRST},
            [(MOTHER, FIRST)],
            [(CHILD, None, 0, None), (MOTHER, None, FIRST, None)],
        ),
        ({CHILD: None}, {CHILD: None}, [], []),
        # The family's own benefit is now said of another member; nobody was paid, then or now.
        ({CHILD: FIRST}, {SISTER: FIRST}, [], []),
        # What was unknown then and is known now.
        ({CHILD: FIRST}, {CHILD: None}, [], [(CHILD, FIRST, 0, FIRST)]),
        # Became entitled and was paid at once: nothing is open.
        ({CHILD: FIRST}, {CHILD: 0}, [(MOTHER, FIRST)], [(CHILD, FIRST, FIRST, 0)]),
    ],
)
def test_a_month(
    entitled: Entitled,
    then: Entitled,
    paid: list[tuple[bytes, int]],
    expected: list[tuple[bytes, int | None, int, int | None]],
) -> None:
    lines = compare(Month(KIND, MAY, entitled, then, payments(*paid)))

    assert [(x.person, x.entitled_minor, x.paid_minor, x.difference_minor) for x in lines] == (
        expected
    )


PEOPLE = st.sampled_from([b"a", b"b", b"c", b"d"])
AMOUNTS = st.integers(0, 1000)


@given(
    st.dictionaries(PEOPLE, AMOUNTS),
    st.dictionaries(PEOPLE, AMOUNTS),
    st.lists(st.tuples(PEOPLE, AMOUNTS)),
)
def test_nothing_is_lost_and_differences_add_up(
    entitled: dict[bytes, int], then: dict[bytes, int], paid: list[tuple[bytes, int]]
) -> None:
    total = sum(amount for _, amount in paid)

    assert sum(set_against(entitled, payments(*paid)).values()) == total
    lines = compare(Month(KIND, MAY, entitled, then, payments(*paid)))
    if paid:
        assert sum(line.difference_minor or 0 for line in lines) == sum(entitled.values()) - total
    too_little = [line for line in lines if (line.difference_minor or 0) > 0]
    too_much = [line for line in lines if (line.difference_minor or 0) < 0]
    assert not (too_little and too_much)  # one household's money is one


def line(difference: int, month: date = MAY) -> Line:
    return Line(CHILD, KIND, month, difference, 0)


@pytest.mark.parametrize(
    ("fresh", "stored", "expected"),
    [
        ([line(5)], [], [line(5)]),
        ([line(0)], [], []),  # nothing to take back
        ([line(5)], [line(5)], []),  # said already
        ([line(7)], [line(5)], [line(7)]),
        ([line(0)], [line(5)], [line(0)]),  # taken back
        ([Line(CHILD, KIND, MAY, 9, 9)], [line(0)], []),
        ([], [line(5)], [line(0)]),  # nothing to say any more: taken back
        ([], [line(0)], []),
        ([Line(CHILD, KIND, MAY, None, 5)], [], []),
        ([Line(CHILD, KIND, MAY, None, 5)], [line(5)], [Line(CHILD, KIND, MAY, None, 5)]),
    ],
)
def test_the_latest_line_is_true(
    fresh: list[Line], stored: list[Line], expected: list[Line]
) -> None:
    assert changed(fresh, stored) == expected


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(-5, 5)), max_size=8))
def test_writing_twice_writes_once(rows: list[tuple[int, int]]) -> None:
    fresh = {month: line(amount, date(2025, month, 1)) for month, amount in rows}
    written = changed(fresh.values(), [])

    assert changed(fresh.values(), written) == []


def test_months_over_a_new_year() -> None:
    found = months(date(2025, 11, 17), date(2026, 2, 1))

    assert found == [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert months(date(2026, 3, 1), date(2026, 2, 1)) == []
    assert months_before(date(2026, 1, 1), 1) == date(2025, 12, 1)
