"""What the law promises to children. The day is 10 March 2026; amounts are soum a month."""

from __future__ import annotations

from datetime import date

import pytest

from streams.rules.reason import MET, MISSED, UNKNOWN
from tests.unit.streams.rules.world import ON, World, couple, ident, named

RICH = 50_000_000

INFANT_CARE = [  # PF-258 (26 Dec 2025); the amount is illustrative
    pytest.param(couple(RICH, ("2026-03-10",)), ON, {"infant_care c1": 500_000}, id="born today"),
    pytest.param(couple(RICH, ("2026-03-11",)), ON, {}, id="born tomorrow"),
    pytest.param(
        couple(RICH, ("2024-03-11",)), ON, {"infant_care c1": 500_000}, id="2 years old tomorrow"
    ),
    pytest.param(couple(RICH, ("2024-03-10",)), ON, {}, id="2 years old today"),
    pytest.param(
        couple(RICH, ("2024-02-29",)),
        date(2026, 2, 28),
        {"infant_care c1": 500_000},
        id="born on 29 February: 2 years old on 1 March",
    ),
    pytest.param(
        couple(RICH, ("2025-01-01", "2025-01-01")),
        ON,
        {"infant_care c1": 500_000, "infant_care c2": 500_000},
        id="each of two",
    ),
    pytest.param(couple(RICH, ("2025-01-01",)).died("c1", "2026-03-10"), ON, {}, id="died today"),
    pytest.param(
        couple(RICH, ("2025-01-01",)).lives("c1", "home", kind="institution"),
        ON,
        {},
        id="in an institution",
    ),
    pytest.param(
        couple(RICH, ("2025-01-01",)).lives("c1", "home", kind="institution", until="2026-03-09"),
        ON,
        {"infant_care c1": 500_000},
        id="in an institution until yesterday",
    ),
    pytest.param(
        World().born("c1", "2025-01-01"), ON, {"infant_care c1": 500_000}, id="alone in the world"
    ),
    pytest.param(
        couple(RICH, ("2024-06-01",)), date(2024, 12, 31), {}, id="before the amount was in force"
    ),
]


@pytest.mark.parametrize(("world", "on", "then"), INFANT_CARE)
def test_infant_care(world: World, on: date, then: dict[str, int | None]) -> None:
    found = {key: value for key, value in world.needs(on).items() if key[0] == "infant_care"}

    assert found == named(then)


def orphan(mother: str | None = "2mum", father: str | None = "3dad") -> World:
    return World().born("1kid", "2015-01-01", mother=mother, father=father)


GUARDIANSHIP = [  # Family Code; Law on Guardianship and Trusteeship
    pytest.param(
        orphan().died("2mum", "2026-03-10").died("3dad", "2020-01-01"),
        MET,
        id="both parents are dead, the second since today",
    ),
    pytest.param(
        orphan().died("2mum", "2026-03-11").died("3dad", "2020-01-01"),
        MISSED,
        id="the mother dies tomorrow",
    ),
    pytest.param(orphan().died("2mum", "2020-01-01"), MISSED, id="of the father nothing is known"),
    pytest.param(orphan(father=None).died("2mum", "2020-01-01"), MET, id="no father on the record"),
    pytest.param(
        orphan().died("2mum", "2020-01-01").died("3dad", "2020-01-01").guarded("1kid", "4aunt"),
        MISSED,
        id="with a guardian",
    ),
    pytest.param(
        orphan()
        .died("2mum", "2020-01-01")
        .died("3dad", "2020-01-01")
        .guarded("1kid", "4aunt", until="2026-03-10"),
        MISSED,
        id="on the last day of the guardianship",
    ),
    pytest.param(
        orphan()
        .died("2mum", "2020-01-01")
        .died("3dad", "2020-01-01")
        .guarded("1kid", "4aunt", until="2026-03-09"),
        MET,
        id="the guardianship ended yesterday",
    ),
    pytest.param(
        orphan()
        .died("2mum", "2020-01-01")
        .died("3dad", "2020-01-01")
        .guarded("1kid", "4aunt", since="2026-03-11"),
        MET,
        id="the guardianship begins tomorrow",
    ),
    pytest.param(
        orphan()
        .died("2mum", "2020-01-01")
        .died("3dad", "2020-01-01")
        .guarded("1kid", "4aunt")
        .died("4aunt", "2026-03-10"),
        MET,
        id="the guardian died today",
    ),
    pytest.param(World().born("1kid", "2015-01-01"), UNKNOWN, id="no birth record: unknown"),
    pytest.param(
        World().born("1kid", "2015-01-01").guarded("1kid", "4aunt"),
        MISSED,
        id="no birth record, but a guardian",
    ),
    pytest.param(
        World().state("birth", ("1kid", "birth", {"born_on": "2015-01-01", "sex": "F"})),
        MET,
        id="a birth record without parents: a foundling",
    ),
    pytest.param(
        World().state("birth", ("1kid", "birth", {"born_on": "2008-03-11", "sex": "F"})),
        MET,
        id="18 tomorrow",
    ),
    pytest.param(
        World().state("birth", ("1kid", "birth", {"born_on": "2008-03-10", "sex": "F"})),
        MISSED,
        id="18 today",
    ),
    pytest.param(
        World()
        .state("birth", ("1kid", "birth", {"born_on": "2015-01-01", "sex": "F"}))
        .lives("1kid", "home", kind="institution"),
        MISSED,
        id="in an institution",
    ),
    pytest.param(
        World().born("1kid", "2020-01-01", mother="2girl").born("2girl", "2009-01-01"),
        MISSED,
        id="the mother is a minor herself",
    ),
]


@pytest.mark.parametrize(("world", "then"), GUARDIANSHIP)
def test_guardianship_check(world: World, then: str) -> None:
    assert world.result("guardianship_check 1kid") == then


def test_a_childs_reason_cites_births_guardianships_and_deaths() -> None:
    world = (
        orphan(father=None).died("2mum", "2020-01-01").guarded("1kid", "4aunt", until="2021-01-01")
    )
    judgement = world.judgements()[ident("1kid"), "guardianship_check"]

    assert {text for part in judgement.reason.parts for text in part.events} == {
        ident("event birth 1kid 1"),
        ident("event death 2mum 1"),
    }
