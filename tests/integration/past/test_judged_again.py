"""What the rules say of another day, by what was known at another moment: worked examples."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from schemas.ids import text
from tests.integration.assessment.country import person
from tests.integration.past.conftest import Asking
from tests.integration.past.timeline import Timeline, moment

ON = date(2026, 3, 10)
MARCH = moment("2026-03-10")


@pytest.fixture
def family(country: Timeline) -> Timeline:
    """A couple with a son of ten; 600,000 soum a head; all known since 1 March 2026."""
    country.at = moment("2026-03-01")
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")
    country.born("3son", "2015-05-01", "M", mother="2vali", father="1ali")
    country.earns("1ali", 1_800_000)
    country.complete()
    return country


def test_the_parameters_in_force_on_the_day_count(family: Timeline, asking: Asking) -> None:
    """PF-6277 (2021): 250,000 soum for the first child; from 1 July 2025 275,000 (press)."""
    family.earns("1ali", 1_800_000, ("2025-03-01", "2025-04-01", "2025-05-01"))

    assert asking.amounts(person("3son"), ON, MARCH) == {"child_benefit": 275_000}
    answer = asking.needs(person("3son"), date(2025, 6, 10), MARCH)
    assert [need["amount_minor"] for need in answer["needs"]] == [25_000_000]
    assert answer["needs"][0]["rule"] == "uz.child_benefit/2021-08-01"


def test_what_became_known_later_is_left_out(family: Timeline, asking: Asking) -> None:
    family.at = moment("2026-03-05")
    family.earns("1ali", 3_000_000, version=2)

    before, after = moment("2026-03-04"), moment("2026-03-06")
    assert asking.amounts(person("3son"), ON, before) == {"child_benefit": 275_000}
    assert "child_benefit" not in asking.amounts(person("1ali"), ON, after)
    assert asking.amounts(person("1ali"), ON, before) == {"family_low_income": None}


def test_completeness_known_later_is_left_out(country: Timeline, asking: Asking) -> None:
    country.at = moment("2026-03-01")
    country.born("1ali", "1990-05-01", "M")
    country.earns("1ali", 1)
    country.at = moment("2026-03-05")
    country.complete()

    early = asking.needs(person("1ali"), ON, moment("2026-03-04"))
    assert early["household"]["outcome"] == "tax_incomplete"
    late = asking.needs(person("1ali"), ON, MARCH)
    assert late["household"]["outcome"] == "assessed"


def test_the_household_of_the_day(family: Timeline, asking: Asking) -> None:
    family.at = moment("2026-03-05")
    divorce = ("1ali", "divorce", {"spouse": "2vali", "divorced_on": "2026-02-20"})
    other = ("2vali", "divorce", {"spouse": "1ali", "divorced_on": "2026-02-20"})
    family.state("divorce", divorce, other)

    def members(on: date, known_at: str) -> list[str]:
        answer = asking.needs(person("1ali"), on, moment(known_at))
        return list(answer["household"]["members"])

    everybody = [text(person(name)) for name in ("1ali", "2vali", "3son")]
    assert members(date(2026, 2, 19), "2026-03-06") == everybody
    assert members(date(2026, 2, 20), "2026-03-06") == everybody[:1]
    assert members(date(2026, 2, 20), "2026-03-04") == everybody


def test_an_annulment_counts_once_it_has_settled(family: Timeline, asking: Asking) -> None:
    """docs/lifecycle.md: a civil annulment waits 72 hours for its replacement."""
    family.at = moment("2026-03-05")
    family.annul_type("marriage 1ali 2vali", "1ali", "civil.marriage_registered")
    settled = family.at + timedelta(hours=72)

    def together(known_at: timedelta) -> bool:
        answer = asking.needs(person("1ali"), ON, family.at + known_at)
        return len(answer["household"]["members"]) == 3

    assert together(timedelta(seconds=-1))
    assert together(timedelta(hours=72, microseconds=-1))
    assert not together(timedelta(hours=72))
    kinds = [kind for kind, _ in asking.facts_at(person("1ali"), ON, settled)]
    assert "marriage" not in kinds
    almost = settled - timedelta(microseconds=1)
    assert "marriage" in [kind for kind, _ in asking.facts_at(person("1ali"), ON, almost)]


def test_a_replacement_counts_from_when_it_is_known(family: Timeline, asking: Asking) -> None:
    """Annulled at noon, replaced a day later: that evening they were still a couple."""
    family.at = moment("2026-03-05")
    family.annul_type("marriage 1ali 2vali", "1ali", "civil.marriage_registered")
    family.at = replaced_at = moment("2026-03-06")
    replaced = person("event marriage 1ali 2vali 1")
    family.married("1ali", "4zuhra", record="another", replaces=replaced)

    def with_him(known_at: datetime) -> list[str]:
        members = asking.needs(person("1ali"), ON, known_at)["household"]["members"]
        return [name for name in ("2vali", "4zuhra") if text(person(name)) in members]

    assert with_him(moment("2026-03-05", hour=20)) == ["2vali"]
    assert with_him(replaced_at - timedelta(microseconds=1)) == ["2vali"]
    assert with_him(replaced_at) == ["4zuhra"]


def test_links_count_from_when_they_are_known(family: Timeline, asking: Asking) -> None:
    family.disabled("patient", 2)
    family.at = moment("2026-03-05")
    link = {"person": "2vali", "reason": "identifier"}
    family.state(
        "link", ("patient", "linked_to", link), ("2vali", "linked_from", {"alias": "patient"})
    )

    before, after = moment("2026-03-04"), moment("2026-03-06")
    assert "disability_support" not in asking.amounts(person("2vali"), ON, before)
    assert asking.needs(person("patient"), ON, before)["person"] == text(person("patient"))
    assert "disability_support" in asking.amounts(person("2vali"), ON, after)
    assert asking.needs(person("patient"), ON, after)["person"] == text(person("2vali"))


def test_a_near_miss_and_what_is_unknown_are_said(family: Timeline, asking: Asking) -> None:
    family.earns("1ali", 2_150_000, version=2)  # 716,666 a head, the minimum is 700,000
    answer = asking.needs(person("1ali"), ON, MARCH)
    misses = {(miss["kind"], miss["condition"]) for miss in answer["near_misses"]}
    assert ("family_low_income", "income_below_minimum") in misses

    family.employed("2vali")  # and her employer reported nothing
    unsaid = asking.needs(person("1ali"), ON, MARCH)
    assert unsaid["household"]["outcome"] == "income_unknown"
    conditions = {name for one in unsaid["unknown"] for name in one["conditions"]}
    assert "income_reported" in conditions


def test_whoever_is_dead_on_the_day_is_in_no_household(family: Timeline, asking: Asking) -> None:
    family.died("1ali", "2026-02-20")

    assert asking.needs(person("1ali"), ON, MARCH)["household"] is None
    assert asking.needs(person("1ali"), date(2026, 2, 19), MARCH)["household"] is not None


def test_the_last_day_counts(family: Timeline, asking: Asking) -> None:
    family.lives("1ali", "hut", since="2026-01-01", until="2026-02-10")

    def lives(on: date) -> bool:
        return "residence" in [kind for kind, _ in asking.facts_at(person("1ali"), on, MARCH)]

    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 10), date(2026, 2, 11))
    assert [lives(on) for on in days] == [False, True, True, False]


def test_who_was_said_to_be_together(country: Timeline) -> None:
    """The first two on the first, the third joined on the second, the first left on the third."""
    one, two, three, house = (UUID(bytes=person(name)) for name in ("1a", "2b", "3c", "house"))
    told = [(one, 1), (two, 1), (three, 2)]
    for who, day in told:
        country.connection.execute(
            "INSERT INTO live.memberships (person, household, anchor, assessed_on, known_from)"
            " VALUES (%s, %s, %s, '2026-03-01', %s)",
            [who, house, one, moment(f"2026-03-0{day}")],
        )
    country.connection.execute(
        "INSERT INTO live.memberships (person, assessed_on, known_from)"
        " VALUES (%s, '2026-03-01', %s)",
        [one, moment("2026-03-03")],
    )

    def members(who: UUID, day: int) -> list[UUID] | None:
        row = country.connection.execute(
            "SELECT members FROM live.household_said(%s, %s)",
            [who, moment(f"2026-03-0{day}", 13)],
        ).fetchone()
        return None if row is None else row[0]

    assert members(two, 1) == [one, two]
    assert members(two, 2) == [one, two, three]
    assert members(two, 3) == [two, three]
    assert members(one, 2) == [one, two, three]
    assert members(one, 3) is None
    assert members(three, 1) is None
