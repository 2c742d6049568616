"""A guardian who turns out to be alive takes the ward back from the parents."""

from __future__ import annotations

from streams.assessor import Assessor
from tests.integration.assessment.country import Country, person
from tests.integration.assessment.test_corrections import drain


def households(country: Country) -> set[frozenset[bytes]]:
    rows = country.connection.execute("SELECT members FROM live.assessments").fetchall()
    return {frozenset(one.bytes for one in members) for (members,) in rows}


def test_a_cancelled_death_of_the_guardian_brings_the_ward_back(
    country: Country, assessor: Assessor
) -> None:
    mother, child, aunt = person("1mother"), person("2child"), person("3aunt")
    country.complete()
    country.born("1mother", "1990-01-01", "F")
    country.born("2child", "2015-01-01", "M", mother="1mother")
    country.born("3aunt", "1980-01-01", "F")
    country.state(
        "guardianship",
        ("2child", "guardian", {"guardian": "3aunt"}),
        ("3aunt", "ward", {"ward": "2child"}),
        days=("2020-01-01", None),
    )
    country.died("3aunt", "2026-03-01")
    drain(assessor)
    assert households(country) == {frozenset({mother, child})}

    country.annul("death 3aunt", "3aunt")  # says nothing of the child, nor of its mother
    drain(assessor)

    assert households(country) == {frozenset({mother}), frozenset({child, aunt})}
