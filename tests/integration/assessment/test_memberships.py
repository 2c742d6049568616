"""In which household somebody was said to be, row by row as it changed."""

from __future__ import annotations

from datetime import date

from streams.assessor import Assessor
from streams.household import household_id
from tests.integration.assessment.country import ON, Country, person
from tests.integration.assessment.test_corrections import drain


def said(country: Country, who: str) -> list[str | None]:
    """The anchors of the households that ``who`` was said to be in."""
    names = {person(name): name for name in ("1ali", "2vali", "3child", "patient")}
    rows = country.connection.execute(
        "SELECT household, anchor, assessed_on, known_from FROM live.memberships"
        " WHERE person = %s ORDER BY id",
        [person(who).hex()],
    ).fetchall()
    assert [row[3] for row in rows] == sorted(row[3] for row in rows)
    for household, anchor, _, _ in rows:
        assert household is None or household.bytes == household_id(anchor.bytes)
    return [anchor and names[anchor.bytes] for _, anchor, _, _ in rows]


def test_a_row_for_each_change_and_none_without(country: Country, assessor: Assessor) -> None:
    country.complete()
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    drain(assessor)
    country.married("1ali", "2vali")
    drain(assessor)
    country.earns("1ali", 1_000_000)
    drain(assessor)
    country.born("3child", "2026-03-01", "F", mother="2vali", father="1ali")
    drain(assessor)
    country.died("1ali", "2026-03-02")
    drain(assessor)

    assert said(country, "1ali") == ["1ali", None]
    assert said(country, "2vali") == ["2vali", "1ali", "2vali"]
    assert said(country, "3child") == ["1ali", "2vali"]
    days = country.connection.execute("SELECT DISTINCT assessed_on FROM live.memberships")
    assert days.fetchall() == [(ON,)]
    country.annul("death 1ali", "1ali", kind="civil.death_registered")
    drain(assessor)
    assert said(country, "1ali") == ["1ali", None, "1ali"]


def test_who_is_somebody_else_is_in_no_household(country: Country, assessor: Assessor) -> None:
    country.complete()
    country.born("2vali", "1992-05-01", "F")
    country.disabled("patient", 2)
    drain(assessor)
    assert said(country, "patient") == ["patient"]

    link = {"person": "2vali", "reason": "identifier"}
    country.state(
        "link", ("patient", "linked_to", link), ("2vali", "linked_from", {"alias": "patient"})
    )
    drain(assessor)

    assert said(country, "patient") == ["patient", None]
    assert said(country, "2vali") == ["2vali"]


def test_a_child_not_born_yet_is_in_none_until_the_day(
    country: Country, assessor: Assessor
) -> None:
    country.complete()
    country.born("2vali", "1992-05-01", "F")
    country.born("3child", "2026-03-20", "F", mother="2vali")
    drain(assessor)
    assert said(country, "3child") == []

    country.state("name", ("3child", "name", {}))
    drain(assessor, date(2026, 3, 20))

    assert said(country, "3child") == ["2vali"]
