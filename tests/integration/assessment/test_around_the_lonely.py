"""Who may be alone looks at neighbours, whatever id states them and whoever else is judged."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from streams.assessor import Assessor
from tests.integration.assessment.country import NOW, Country, person
from tests.integration.assessment.test_corrections import drain

WINDOW = timedelta(hours=72)


def linked(country: Country, alias: str, who: str) -> None:
    country.state(
        f"link {alias}",
        (alias, "linked_to", {"person": who, "reason": "identifier"}),
        (who, "linked_from", {"alias": alias, "reason": "identifier"}),
    )


def is_lonely(country: Country, who: str) -> bool:
    return ("lonely_care", person(who)) in country.needs()


def test_a_neighbours_annulment_is_waited_for_by_who_is_judged_without_the_neighbour(
    country: Country, assessor: Assessor
) -> None:
    country.complete()
    country.born("1old", "1950-01-01", "M")
    country.lives("1old", "hut")
    country.born("2guest", "1990-01-01", "F")
    country.lives("2guest", "hut")
    annulment = country.annul(
        "residence 2guest hut", "2guest", kind="civil.residence_registered", at=NOW
    )
    drain(assessor)

    country.earns_once("1old", "2026-02-01", 1)  # nobody else is judged again
    batch = assessor.assess_batch(NOW.date(), NOW)

    assert batch is not None
    assert batch.households == 1
    row = country.connection.execute(
        "SELECT settles_at, settles_by FROM live.assessments WHERE anchor = %s",
        [UUID(bytes=person("1old"))],
    ).fetchone()
    assert row == (NOW + WINDOW, UUID(bytes=annulment))


def test_a_neighbour_under_a_provisional_id_whose_person_died_is_no_neighbour(
    country: Country, assessor: Assessor
) -> None:
    country.complete()
    country.born("1old", "1950-01-01", "M")
    country.lives("1old", "hut")
    country.lives("9provisional", "hut")
    country.born("2guest", "1990-01-01", "F")
    linked(country, "9provisional", "2guest")
    country.died("2guest", "2026-02-01")
    drain(assessor)

    country.earns_once("1old", "2026-02-01", 1)  # the guest is only read, beginning at the dwelling
    drain(assessor)

    assert is_lonely(country, "1old")


def test_who_may_be_lonely_by_facts_under_another_id_is_judged_when_a_neighbour_leaves(
    country: Country, assessor: Assessor
) -> None:
    country.complete()
    country.born("1ill", "1986-01-01", "M")
    country.lives("1ill", "hut")
    country.disabled("9patient", 1)
    linked(country, "9patient", "1ill")
    country.born("2guest", "1990-01-01", "F")
    country.lives("2guest", "hut")
    drain(assessor)
    assert not is_lonely(country, "1ill")

    country.lives("2guest", "hut", until="2026-02-01", version=2)
    drain(assessor)

    assert is_lonely(country, "1ill")
