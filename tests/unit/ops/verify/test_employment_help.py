"""Who is helped to find work, by docs/rules.md: examples worked out by hand."""

from __future__ import annotations

import pytest

from tests.unit.ops.verify.people import People


def idle(until: str = "2026-05-31", sex: str = "M", born_on: str = "1990-01-01") -> People:
    return People().adult("one", born_on, sex).works("one", "2020-01-01", until)


def test_employment_help_after_two_closed_months_without_income() -> None:
    found = idle().find("employment_help", "one")

    assert found is not None
    assert found.since == "2026-05-31"


@pytest.mark.parametrize(
    ("people", "helped"),
    [
        pytest.param(idle().earns("one", 1, 6), True, id="an income before the two months"),
        pytest.param(idle().earns("one", 1, 7), False, id="an income in one of the two months"),
        pytest.param(idle().earns("one", 0, 7, 8), True, id="a reported zero is none"),
        pytest.param(idle("2026-06-30"), True, id="ended before the two months"),
        pytest.param(idle("2026-07-01"), False, id="July is not reported"),
        pytest.param(idle("2026-07-01").earns("one", 0, 7), True, id="July is reported"),
        pytest.param(idle().trades("one", "2026-09-30"), False, id="self-employed on the day"),
        pytest.param(idle().trades("one", "2026-01-01", "2026-09-29"), True, id="no more"),
        pytest.param(idle().disabled("one", 2), False, id="unable"),
        pytest.param(idle().disabled("one", 3), True, id="group 3 can work"),
        pytest.param(idle().lives("one", 2, "institution", from_on="2021-01-01"), False, id="kept"),
        pytest.param(idle(born_on="1966-09-30"), False, id="of pension age today"),
        pytest.param(idle(born_on="1966-10-01"), True, id="of pension age tomorrow"),
        pytest.param(idle(born_on="2008-09-30"), True, id="18 today"),
        pytest.param(idle(born_on="2008-10-01"), False, id="17"),
        pytest.param(People().adult("one", "1990-01-01"), False, id="never employed"),
    ],
)
def test_who_is_helped_to_work(people: People, helped: bool) -> None:
    assert (people.find("employment_help", "one") is not None) is helped


def test_work_that_ends_today_is_in_force_today() -> None:
    people = idle("2026-09-30").earns("one", 0, 7, 8)

    assert people.days("employment_help", "one", "2026-09-30", "2026-10-01") == [False, True]


def test_an_end_counts_whose_begin_nobody_stated() -> None:
    people = People().adult("one", "1990-01-01")
    people.tax("employment_end", "employment_ended", "one", employer="e", ended_on="2026-05-31")

    found = people.find("employment_help", "one")

    assert found is not None
    assert found.since == "2026-05-31"


def test_without_closed_months_nobody_is_known_to_be_idle() -> None:
    people = People(tax=None).adult("one", "1990-01-01").works("one", "2020-01-01", "2026-05-31")

    assert people.find("employment_help", "one") is None
    assert idle().find("employment_help", "one", "2026-12-01") is None  # August is too old
