"""A parameter that begins within a month is in force from its day, whatever day is asked first."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest

from streams.rules.pack import Dated, Parameters

SETS = [Dated(date(2020, 1, 1), "d", "old"), Dated(date(2027, 1, 15), "d", "new")]
DAYS = {date(2027, 1, 1): "old", date(2027, 1, 14): "old", date(2027, 1, 15): "new"}


@pytest.mark.parametrize("order", list(permutations(DAYS)))
def test_a_set_begins_on_its_day(order: tuple[date, ...]) -> None:
    parameters = Parameters({"wage": SETS})

    assert [parameters.on_day(on).values["wage"] for on in order] == [DAYS[on] for on in order]
