"""Each statement about a need names the event that moved it, not just any that arrived with it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from streams.assessor import Assessor
from tests.integration.assessment.country import NOW, Country, person
from tests.integration.assessment.test_corrections import drain

LATE = datetime(2026, 2, 20, tzinfo=UTC)


@pytest.fixture
def couple(country: Country, assessor: Assessor) -> Country:
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")
    country.earns("1ali", 1_000_000)
    country.complete()
    drain(assessor)
    return country


def movers(country: Country, kind: str, who: str = "1ali") -> list[bytes | None]:
    rows = country.connection.execute(
        "SELECT causation_id FROM live.need_history WHERE kind = %s AND person = %s"
        " ORDER BY version",
        [kind, person(who).hex()],
    ).fetchall()
    return [one and one.bytes for (one,) in rows]


def test_of_what_arrives_together_the_correction_is_named(
    couple: Country, assessor: Assessor
) -> None:
    couple.lives("1ali", "flat")
    moved = couple.earns_once("1ali", "2026-02-01", 900_000, version=2)
    couple.employed("2vali", "2026-03-01")

    drain(assessor)

    assert movers(couple, "family_low_income")[1:] == [moved]


def test_what_is_taken_back_is_named_by_what_took_it(couple: Country, assessor: Assessor) -> None:
    couple.lives("1ali", "flat")
    moved = couple.annul("income 1ali 2026-02-01", "1ali", kind="tax.income_reported")
    couple.lives("2vali", "flat")

    drain(assessor)

    assert movers(couple, "family_low_income")[1:] == [moved]


def test_who_joins_brings_old_facts_but_the_marriage_is_named(
    couple: Country, assessor: Assessor
) -> None:
    couple.annul("marriage 1ali 2vali", "1ali")
    drain(assessor)
    couple.earns("2vali", 1_100_000, at=LATE)
    drain(assessor)
    couple.lives("1ali", "flat")
    moved = couple.married("1ali", "2vali", record="again")

    drain(assessor)

    assert movers(couple, "family_at_risk", "1ali")[-1] == moved


def test_a_death_is_named_by_who_is_left(couple: Country, assessor: Assessor) -> None:
    moved = couple.died("2vali", "2026-03-01")
    drain(assessor)

    assert movers(couple, "family_low_income")[-1] == moved
    assert len(movers(couple, "family_low_income")) > 1


def test_a_birth_is_named_by_what_it_makes_possible(couple: Country, assessor: Assessor) -> None:
    couple.lives("2vali", "flat")
    moved = couple.born("3child", "2026-03-01", "F", mother="2vali", father="1ali", at=LATE)

    drain(assessor)

    assert movers(couple, "child_benefit", "3child") == [moved]
    assert movers(couple, "material_assistance")[-1] == moved


def test_what_only_the_day_moves_has_no_mover(couple: Country, assessor: Assessor) -> None:
    couple.disabled("2vali", 1, until="2026-03-15")
    drain(assessor)
    later = date(2026, 3, 16)
    assert assessor.queue_due(later, NOW) == 1

    drain(assessor, later)

    assert movers(couple, "disability_support", "2vali")[1:] == [None]
