"""A span's last day is part of it: one that ends on its first day is a day long."""

from __future__ import annotations

import pytest

from schemas.errors import InvalidRecord
from streams.facts import facts
from tests.builders import DAY, record

SPANS = [
    ("civil.residence_registered", "from_on", "until_on"),
    ("civil.guardianship_established", "from_on", "until_on"),
    ("tax.self_employment_registered", "registered_on", "ended_on"),
]


@pytest.mark.parametrize(("event_type", "first", "last"), SPANS)
def test_one_day_is_a_span(event_type: str, first: str, last: str) -> None:
    stated = facts(event_type, record(event_type) | {first: DAY, last: DAY})

    assert {(fact.valid_from, fact.valid_to) for fact in stated} == {(DAY, DAY)}


@pytest.mark.parametrize(("event_type", "first", "last"), SPANS)
def test_an_end_before_the_beginning_is_refused(event_type: str, first: str, last: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        facts(event_type, record(event_type) | {first: DAY, last: DAY - 1})

    assert (caught.value.rule, caught.value.field) == ("date_order", last)
