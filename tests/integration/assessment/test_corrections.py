"""What changes a conclusion: corrections, annulments, links, neighbours, the day, the tax month."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.ids import text
from streams.assessor import Assessor
from tests.integration.assessment.country import NOW, ON, Country, person


def drain(assessor: Assessor, on: date = ON) -> int:
    said = 0
    while (batch := assessor.assess_batch(on, NOW)) is not None:
        said += batch.said
    return said


@pytest.fixture
def couple(country: Country) -> Country:
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")
    country.earns("1ali", 1_000_000)
    country.complete()
    return country


def history(country: Country, kind: str) -> list[str]:
    rows = country.connection.execute(
        "SELECT status FROM live.need_history WHERE kind = %s ORDER BY person, version", [kind]
    ).fetchall()
    return [status for (status,) in rows]


def test_a_corrected_income_changes_the_need_and_says_why(
    couple: Country, assessor: Assessor
) -> None:
    drain(assessor)
    moved = couple.earns_once("1ali", "2026-02-01", 900_000, version=2)

    assert drain(assessor) == 2  # the family's and the assistance rest on the income

    assert history(couple, "family_low_income") == ["detected", "changed"]
    row = couple.connection.execute(
        "SELECT causation_id, version FROM live.need_history WHERE status = 'changed' LIMIT 1"
    ).fetchone()
    assert row is not None
    assert (row[0].bytes, row[1]) == (moved, 2)


def test_a_correction_with_the_same_content_renews_the_evidence_and_says_nothing(
    couple: Country, assessor: Assessor
) -> None:
    drain(assessor)
    moved = couple.earns_once("1ali", "2026-02-01", 1_000_000, version=2)

    assert drain(assessor) == 0
    row = couple.connection.execute(
        "SELECT evidence, version FROM live.needs WHERE kind = 'family_low_income'"
    ).fetchone()
    assert row is not None
    assert text(moved) in map(str, row[0])
    assert row[1] == 1


def test_an_annulled_marriage_takes_the_household_apart(
    couple: Country, assessor: Assessor
) -> None:
    drain(assessor)
    couple.annul("marriage 1ali 2vali", "1ali")  # the annulment names one of them only

    drain(assessor)

    assert couple.outcomes() == {person("1ali"): "assessed", person("2vali"): "assessed"}
    assert ("family_low_income", person("2vali")) in couple.needs()
    assert ("family_at_risk", person("1ali")) in couple.needs()
    assert history(couple, "family_low_income") == ["detected", "ended", "detected"]


def test_an_annulment_that_comes_first_closes_what_comes_later(
    country: Country, assessor: Assessor
) -> None:
    country.complete()
    country.annul("marriage 1ali 2vali", "1ali")
    drain(assessor)
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")

    drain(assessor)

    assert set(country.outcomes()) == {person("1ali"), person("2vali")}


def test_a_marriage_corrected_to_another_spouse_frees_the_first(
    couple: Country, assessor: Assessor
) -> None:
    couple.born("3zuhra", "1991-01-01", "F")
    drain(assessor)
    couple.married("1ali", "3zuhra", record="marriage 1ali 2vali", version=2)

    drain(assessor)

    members = couple.connection.execute("SELECT members FROM live.assessments").fetchall()
    assert {frozenset(one.bytes for one in row) for (row,) in members} == {
        frozenset({person("1ali"), person("3zuhra")}),
        frozenset({person("2vali")}),
    }


def test_death_ends_the_needs_and_cites_it(couple: Country, assessor: Assessor) -> None:
    couple.disabled("2vali", 1)
    drain(assessor)
    died = couple.died("2vali", "2026-03-01")

    drain(assessor)

    row = couple.connection.execute(
        "SELECT status, evidence FROM live.needs WHERE kind = 'disability_support'"
    ).fetchone()
    assert row is not None
    assert row[0] == "ended"
    assert [one.bytes for one in row[1]] == [died]


def test_a_cancelled_death_brings_the_need_back(couple: Country, assessor: Assessor) -> None:
    couple.disabled("2vali", 1)
    couple.died("2vali", "2026-03-01")
    drain(assessor)
    assert ("disability_support", person("2vali")) not in couple.needs()

    couple.annul("death 2vali", "2vali")
    drain(assessor)

    assert ("disability_support", person("2vali")) in couple.needs()


def test_a_link_moves_a_need_and_an_annulled_link_moves_it_back(
    couple: Country, assessor: Assessor
) -> None:
    couple.disabled("patient", 2)
    drain(assessor)
    assert ("disability_support", person("patient")) in couple.needs()

    link = {"person": "2vali", "reason": "identifier"}
    couple.state(
        "link", ("patient", "linked_to", link), ("2vali", "linked_from", {"alias": "patient"})
    )
    drain(assessor)
    assert ("disability_support", person("2vali")) in couple.needs()
    assert ("disability_support", person("patient")) not in couple.needs()

    couple.annul("link", "patient")
    drain(assessor)
    assert ("disability_support", person("patient")) in couple.needs()
    assert ("disability_support", person("2vali")) not in couple.needs()


@pytest.fixture
def hut(country: Country) -> Country:
    """An old man alone, judged so; then somebody else is judged."""
    country.complete()
    country.born("1old", "1950-01-01", "M")
    country.lives("1old", "hut")
    return country


def test_who_moves_in_or_out_changes_who_is_lonely(hut: Country, assessor: Assessor) -> None:
    drain(assessor)
    assert ("lonely_care", person("1old")) in hut.needs()

    hut.born("2guest", "1990-01-01", "F")
    hut.lives("2guest", "hut")
    drain(assessor)
    assert ("lonely_care", person("1old")) not in hut.needs()

    hut.lives("2guest", "hut", until="2026-03-01", version=2)
    drain(assessor)
    assert ("lonely_care", person("1old")) in hut.needs()

    hut.annul("residence 1old hut", "1old", version=5)
    drain(assessor)
    assert ("lonely_care", person("1old")) not in hut.needs()


def test_a_child_far_away_changes_who_is_lonely(hut: Country, assessor: Assessor) -> None:
    hut.born("2son", "1980-01-01", "M", father="1old")
    drain(assessor)
    assert ("lonely_care", person("1old")) not in hut.needs()

    hut.died("2son", "2026-03-01")
    drain(assessor)
    assert ("lonely_care", person("1old")) in hut.needs()

    hut.annul("death 2son", "2son")
    drain(assessor)
    assert ("lonely_care", person("1old")) not in hut.needs()


def test_the_day_queues_who_is_due(hut: Country, assessor: Assessor) -> None:
    hut.disabled("1old", 2, until="2026-03-15")
    drain(assessor)
    assert assessor.queue_due(date(2026, 3, 15), NOW) == 0

    assert assessor.queue_due(date(2026, 3, 16), NOW) == 1
    drain(assessor, date(2026, 3, 16))

    assert ("disability_support", person("1old")) not in hut.needs()
    assert assessor.queue_due(date(2026, 3, 16), NOW) == 0


def test_the_tax_registry_queues_who_waits_for_it(couple: Country, assessor: Assessor) -> None:
    couple.connection.execute("DELETE FROM live.completeness WHERE registry = 'tax'")
    couple.complete(date(2025, 11, 30), "tax")
    drain(assessor)
    assert couple.outcomes() == {person("1ali"): "tax_incomplete"}
    assert couple.needs() == {}
    assert assessor.queue_due(ON, NOW) == 0

    couple.complete(date(2026, 1, 31), "tax")
    assert assessor.queue_due(ON, NOW) == 1
    assert assessor.queue_due(ON, NOW) == 0  # it is in the queue
    drain(assessor)
    assert ("family_state_supported", person("1ali")) not in couple.needs()
    assert assessor.queue_due(ON, NOW) == 0

    couple.complete(date(2026, 2, 28), "tax")
    assert assessor.queue_due(ON, NOW) == 1
    drain(assessor)

    assert ("family_low_income", person("1ali")) in couple.needs()
    assert assessor.queue_due(ON, NOW) == 0


def test_nothing_is_ready_before_every_partition_of_every_registry(
    country: Country, assessor: Assessor
) -> None:
    country.complete(registries="civil tax")
    assert not assessor.is_ready()
    country.complete(registries="health")
    assert assessor.is_ready()
    country.connection.execute(
        "DELETE FROM live.completeness WHERE registry = 'health' AND partition = 1"
    )
    assert not assessor.is_ready()


def test_an_erased_health_block_is_unknown_not_healthy(couple: Country, assessor: Assessor) -> None:
    couple.disabled("2vali", 1)
    couple.connection.execute("UPDATE sealing_keys SET state = 'erased', wrapped = NULL")
    assert couple.keystore is not None
    couple.keystore.forget()

    drain(assessor)

    assert couple.outcomes() == {person("1ali"): "health_unknown"}
    assert couple.needs() == {}


def test_near_misses_are_kept(country: Country, assessor: Assessor) -> None:
    country.complete()
    country.born("1ali", "1990-05-01", "M")
    country.earns("1ali", 1_050_001)
    drain(assessor)

    row = country.connection.execute("SELECT near_misses FROM live.assessments").fetchone()
    assert row is not None
    assert row[0] == [
        {
            "person": text(person("1ali")),
            "kind": "family_at_risk",
            "condition": "income_below_risk_limit",
            "threshold": 105_000_000,
            "distance": 100,
            "unit": "tiyin_a_month",
        }
    ]


def test_a_closure_alone_closes(hut: Country, assessor: Assessor) -> None:
    drain(assessor)
    hut.close("residence 1old hut", version=2)

    drain(assessor)

    assert ("lonely_care", person("1old")) not in hut.needs()


def test_a_higher_version_replaces_a_lower_one_even_without_a_closure(
    hut: Country, assessor: Assessor
) -> None:
    hut.lives("1old", "hut", until="2026-01-01", version=2)
    hut.connection.execute("DELETE FROM live.closures")

    drain(assessor)

    assert ("lonely_care", person("1old")) not in hut.needs()
