"""What the law promises before pension age, and to those who lost work. 10 March 2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from streams.rules.reason import MET, MISSED, UNKNOWN
from tests.unit.streams.rules.world import ON, World, ident, single

PENSION_AGE = [  # Law on State Pension Provision, art. 7: men at 60, women at 55
    pytest.param("M", "1966-06-10", ON, MET, id="a man, three months before"),
    pytest.param("M", "1966-06-11", ON, MISSED, id="three months and a day before"),
    pytest.param("M", "1966-03-11", ON, MET, id="the day before his birthday"),
    pytest.param("M", "1966-03-10", ON, MISSED, id="on his birthday"),
    pytest.param("F", "1971-06-10", ON, MET, id="a woman, three months before"),
    pytest.param("F", "1971-06-11", ON, MISSED, id="three months and a day before"),
    pytest.param("F", "1971-03-11", ON, MET, id="the day before her birthday"),
    pytest.param("F", "1971-03-10", ON, MISSED, id="on her birthday"),
    pytest.param("M", "1971-03-11", ON, MISSED, id="a man of that age"),
    pytest.param("M", "1966-05-31", date(2026, 2, 28), MET, id="no 31 February: its last day"),
    pytest.param("M", "1966-05-31", date(2026, 2, 27), MISSED, id="the day before that"),
    pytest.param("F", "1972-02-29", date(2027, 2, 28), MET, id="born 29 February: until the 28th"),
    pytest.param("F", "1972-02-29", date(2027, 3, 1), MISSED, id="55 on 1 March"),
    pytest.param(None, "1966-06-10", ON, MISSED, id="sex not known"),
]


@pytest.mark.parametrize(("sex", "born", "on", "then"), PENSION_AGE)
def test_pension_age_approaching(sex: str | None, born: str, on: date, then: str) -> None:
    world = World().state("p", ("1she", "person", {"born_on": born, "sex": sex}))

    assert world.result("pension_age_approaching 1she", on) == then
    if then == MET:
        assert world.since("pension_age_approaching 1she", on) <= on  # type: ignore[operator]


def test_pension_age_approaches_in_an_institution_too_and_counts_from_the_notice() -> None:
    world = single(born="1971-04-10").lives("1she", "home", kind="institution")

    assert world.result("pension_age_approaching 1she") == MET
    assert world.since("pension_age_approaching 1she") == date(2026, 1, 10)


def lost(until: str = "2025-11-30") -> World:
    """A woman of 36 whose only employment ended; January and February count."""
    return World().woman("1she").employed("1she", until=until)


EMPLOYMENT_HELP = [  # Law on Employment of the Population; PF-258 (26 Dec 2025)
    pytest.param(lost(), MET, id="lost work in November, no income since"),
    pytest.param(World().woman("1she"), MISSED, id="never employed"),
    pytest.param(World().woman("1she").employed("1she"), MISSED, id="still employed"),
    pytest.param(
        lost().employed("1she", since="2026-03-10", employer="f"), MISSED, id="new work since today"
    ),
    pytest.param(
        lost().employed("1she", since="2026-03-11", employer="f"), MET, id="new work from tomorrow"
    ),
    pytest.param(
        lost().employed("1she", since="2026-03-01", until="2026-03-09", employer="f"),
        MET,
        id="new work that ended yesterday",
    ),
    pytest.param(
        lost().employed("1she", since="2026-03-01", until="2026-03-10", employer="f"),
        MISSED,
        id="on its last day",
    ),
    pytest.param(lost().self_employed("1she"), MISSED, id="self-employed"),
    pytest.param(
        lost().self_employed("1she", until="2026-03-10"), MISSED, id="self-employed until today"
    ),
    pytest.param(
        lost().self_employed("1she", until="2026-03-09"), MET, id="self-employed until yesterday"
    ),
    pytest.param(
        lost().earns("1she", 1, ["2026-02-01"]), MISSED, id="a soum in the last of two months"
    ),
    pytest.param(
        lost().earns("1she", 1, ["2026-01-01"]), MISSED, id="a soum in the first of two months"
    ),
    pytest.param(lost().earns("1she", 1, ["2025-12-01"]), MET, id="a soum in the month before"),
    pytest.param(lost().earns("1she", 0, ["2026-02-01"]), MET, id="a reported zero is no income"),
    pytest.param(
        lost("2026-01-01"), UNKNOWN, id="employed on a day of January, which is not reported"
    ),
    pytest.param(
        lost("2026-01-01").earns("1she", 0, ["2026-01-01"]), MET, id="reported, and it was nothing"
    ),
    pytest.param(lost("2025-12-31"), MET, id="employed to the day before the two months"),
    pytest.param(
        replace(lost(), tax=date(2025, 11, 30)), UNKNOWN, id="the tax registry is too far behind"
    ),
    pytest.param(
        replace(lost(), tax=date(2026, 1, 31)), MET, id="closed through January: December counts"
    ),
    pytest.param(
        replace(lost("2025-12-01"), tax=date(2026, 1, 31)),
        UNKNOWN,
        id="closed through January: December is not reported",
    ),
    pytest.param(
        replace(lost(), tax=None).employed("1she", employer="f"),
        MISSED,
        id="employed: whatever the tax registry says",
    ),
    pytest.param(lost().disabled("1she", 2), MISSED, id="group 2: not able to work"),
    pytest.param(lost().disabled("1she", 3), MET, id="group 3: able to work"),
    pytest.param(lost().lives("1she", "home", kind="institution"), MISSED, id="in an institution"),
    pytest.param(
        single(born="1971-03-10", soum=0).employed("1she", until="2025-11-30"),
        MISSED,
        id="of pension age today",
    ),
    pytest.param(
        single(born="1971-03-11", soum=0).employed("1she", until="2025-11-30"),
        MET,
        id="of pension age tomorrow",
    ),
    pytest.param(
        single(born="2008-03-11", soum=0).employed("1she", until="2025-11-30"),
        MISSED,
        id="18 tomorrow",
    ),
    pytest.param(
        single(born="2008-03-10", soum=0).employed("1she", until="2025-11-30"), MET, id="18 today"
    ),
    pytest.param(
        World().employed("1she", until="2025-11-30"), UNKNOWN, id="birth date and sex not known"
    ),
    pytest.param(lost("2026-03-11").earns("1she", 0), MISSED, id="it ends tomorrow"),
]


@pytest.mark.parametrize(("world", "then"), EMPLOYMENT_HELP)
def test_employment_help(world: World, then: str) -> None:
    assert world.result("employment_help 1she") == then


def test_employment_help_counts_from_the_last_end() -> None:
    world = lost().employed("1she", since="2025-12-01", until="2025-12-20", employer="f")

    assert world.since("employment_help 1she") == date(2025, 12, 20)


def test_an_end_without_a_begin_ends_an_employment_too() -> None:
    world = World().woman("1she")
    end = {"employer": "e", "ended_on": "2025-11-30"}
    world.state("end", ("1she", "employment_end", end))

    assert world.result("employment_help 1she") == MET


def test_an_erased_disability_leaves_the_answer_open() -> None:
    world = lost().disabled("1she", 3)
    world.opened[ident("event disability 1she 2024-01-01 1")] = None

    assert world.result("employment_help 1she") == UNKNOWN
