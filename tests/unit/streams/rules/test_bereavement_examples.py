"""What the law promises to those who are left behind. The day is 10 March 2026."""

from __future__ import annotations

from datetime import date

import pytest

from streams.rules.reason import MET, MISSED, evidence
from tests.unit.streams.rules.world import ON, World, ident


def widow(died: str = "2026-01-01", married: str = "2010-01-01") -> World:
    """She is alive, he is dead."""
    world = World().woman("1she").man("2he").married("1she", "2he", married)
    return world.died("2he", died)


def child(died: str = "2026-01-01", born: str = "2015-01-01") -> World:
    """His child; he and the mother never married."""
    world = World().woman("1she").man("2he").died("2he", died)
    return world.born("3child", born, mother="1she", father="2he")


SPOUSES = [  # Law on State Pension Provision
    pytest.param(widow().employed("2he"), MET, id="he was employed"),
    pytest.param(widow().self_employed("2he"), MET, id="he was self-employed"),
    pytest.param(widow(), MISSED, id="he was not earning"),
    pytest.param(widow().employed("2he", until="2026-01-01"), MET, id="employed to the last day"),
    pytest.param(widow().employed("2he", until="2025-12-31"), MISSED, id="until the day before"),
    pytest.param(widow().employed("2he", since="2026-01-01"), MET, id="employed since that day"),
    pytest.param(widow().employed("2he", since="2026-01-02"), MISSED, id="only after it"),
    pytest.param(
        widow().employed("2he", until="2025-12-31").employed("2he", employer="f"),
        MET,
        id="one employment had ended, another had not",
    ),
    pytest.param(
        widow().employed("2he", until="2025-12-31").employed("2he", since="2026-01-01"),
        MET,
        id="employed again by the same employer",
    ),
    pytest.param(widow().self_employed("2he", until="2026-01-01"), MET, id="its last day"),
    pytest.param(widow().self_employed("2he", until="2025-12-31"), MISSED, id="ended before"),
    pytest.param(widow("2026-03-10").employed("2he"), MET, id="died today"),
    pytest.param(widow("2026-03-11").employed("2he"), MISSED, id="dies tomorrow"),
    pytest.param(widow("2025-09-11").employed("2he"), MET, id="the last day of six months"),
    pytest.param(widow("2025-09-10").employed("2he"), MISSED, id="six months ago"),
    pytest.param(
        widow().divorced("1she", "2he", "2026-01-01").employed("2he"),
        MISSED,
        id="divorced on the day of death",
    ),
    pytest.param(
        widow().divorced("1she", "2he", "2026-01-02").employed("2he"),
        MET,
        id="divorced after the death, which only an error makes",
    ),
    pytest.param(
        widow()
        .divorced("1she", "2he", "2015-01-01")
        .married("1she", "2he", "2020-01-01")
        .employed("2he"),
        MET,
        id="divorced and married again",
    ),
    pytest.param(
        widow(married="2026-01-01").employed("2he"), MET, id="married on the day of death"
    ),
    pytest.param(
        widow(married="2026-01-02").employed("2he"), MISSED, id="married after it: an error"
    ),
    pytest.param(
        widow().employed("2he").lives("1she", "home", kind="institution"),
        MET,
        id="in an institution, too",
    ),
    pytest.param(
        widow().employed("2he").man("4new").married("1she", "4new", "2026-02-01"),
        MET,
        id="married again",
    ),
    pytest.param(widow().employed("2he").died("1she", "2026-03-10"), MISSED, id="dead since today"),
]


@pytest.mark.parametrize(("world", "then"), SPOUSES)
def test_survivor_support_of_a_spouse(world: World, then: str) -> None:
    assert world.result("survivor_support 1she") == then


CHILDREN = [  # Law on State Pension Provision
    pytest.param(child().employed("2he"), MET, id="the father was employed"),
    pytest.param(child("2016-01-01").employed("2he", "2015-01-01"), MET, id="ten years ago"),
    pytest.param(child(), MISSED, id="he was not earning"),
    pytest.param(child(born="2008-03-11").employed("2he"), MET, id="18 tomorrow"),
    pytest.param(child(born="2008-03-10").employed("2he"), MISSED, id="18 today"),
    pytest.param(
        child("2030-01-01").employed("1she").died("1she", "2026-03-10"),
        MET,
        id="the mother died today",
    ),
    pytest.param(
        child().employed("2he").woman("4aunt").guarded("3child", "4aunt"),
        MET,
        id="under a guardian",
    ),
    pytest.param(
        child().employed("2he").lives("3child", "home", kind="institution"),
        MET,
        id="in an institution, too",
    ),
    pytest.param(
        World()
        .woman("1she")
        .man("2he")
        .died("2he", "2026-01-01")
        .employed("2he")
        .married("1she", "2he")
        .born("3child", "2015-01-01", mother="1she"),
        MISSED,
        id="a stepfather: not on the birth record",
    ),
]


@pytest.mark.parametrize(("world", "then"), CHILDREN)
def test_survivor_support_of_a_child(world: World, then: str) -> None:
    assert world.result("survivor_support 3child") == then


def test_it_counts_from_the_earliest_death_and_cites_all_that_count() -> None:
    world = child("2026-02-01").employed("2he").employed("1she").died("1she", "2025-01-01")
    reason = world.judgements()[ident("3child"), "survivor_support"].reason

    assert world.since("survivor_support 3child") == date(2025, 1, 1)
    cited = {ident(f"event {record} 1") for record in ("death 1she", "death 2he")}
    cited |= {ident(f"event job {who} e 2020-01-01 1") for who in ("1she", "2he")}
    assert cited <= set(evidence(reason))


PSYCHOLOGICAL = [  # PF-258 (26 Dec 2025)
    pytest.param(World().woman("1she").referred("1she", "2026-03-10"), MET, id="referred today"),
    pytest.param(World().woman("1she").referred("1she", "2026-03-11"), MISSED, id="tomorrow"),
    pytest.param(
        World().woman("1she").referred("1she", "2025-03-11"), MET, id="the last day of the year"
    ),
    pytest.param(
        World().woman("1she").referred("1she", "2025-03-10"), MISSED, id="referred a year ago"
    ),
    pytest.param(
        World().woman("1she").referred("1she", "2026-01-01").lives("1she", "h", kind="institution"),
        MET,
        id="in an institution, too",
    ),
    pytest.param(
        widow().born("3child", "2015-01-01", mother="1she"), MET, id="bereaved, with a minor child"
    ),
    pytest.param(widow(), MISSED, id="bereaved, without children"),
    pytest.param(
        widow().born("3child", "2008-03-11", mother="1she"), MET, id="the child is 18 tomorrow"
    ),
    pytest.param(
        widow().born("3child", "2008-03-10", mother="1she"), MISSED, id="the child is 18 today"
    ),
    pytest.param(
        widow().born("3child", "2015-01-01", mother="1she").died("3child", "2026-03-10"),
        MISSED,
        id="the child died today",
    ),
    pytest.param(
        widow().born("3child", "2026-03-11", mother="1she"), MISSED, id="the child is not born yet"
    ),
    pytest.param(
        widow("2025-09-11").born("3child", "2015-01-01", mother="1she"),
        MET,
        id="the last day of six months",
    ),
    pytest.param(
        widow("2025-09-10").born("3child", "2015-01-01", mother="1she"),
        MISSED,
        id="six months ago",
    ),
    pytest.param(
        widow()
        .divorced("1she", "2he", "2025-12-31")
        .born("3child", "2015-01-01", mother="1she", father="2he"),
        MISSED,
        id="divorced the day before",
    ),
    pytest.param(
        widow()
        .born("3child", "2015-01-01", mother="1she")
        .woman("4aunt")
        .guarded("3child", "4aunt"),
        MET,
        id="the child lives with a guardian",
    ),
]


@pytest.mark.parametrize(("world", "then"), PSYCHOLOGICAL)
def test_psychological_support(world: World, then: str) -> None:
    assert world.result("psychological_support 1she") == then


def test_a_month_without_that_day_counts_to_its_last() -> None:
    world = widow("2025-08-31").employed("2he")

    assert world.result("survivor_support 1she", date(2026, 2, 27)) == MET
    assert world.result("survivor_support 1she", date(2026, 2, 28)) == MISSED


def test_the_earliest_reason_that_counts_dates_it() -> None:
    world = widow("2026-02-01").born("3child", "2015-01-01", mother="1she")
    world.referred("1she", "2025-03-10").referred("1she", "2025-06-01")

    assert world.since("psychological_support 1she") == date(2025, 6, 1)
    assert world.since("psychological_support 1she", date(2026, 6, 1)) == date(2026, 2, 1)


def test_what_for_somebody_was_referred_is_in_no_reason() -> None:
    world = World().woman("1she").referred("1she", "2026-01-01")

    assert world.opened == {}
    assert world.result("psychological_support 1she", ON) == MET
