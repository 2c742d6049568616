"""What begins and ends by the calendar, beside a count of the birthdays themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

import pytest

from ops.stats import tables
from ops.stats.forecast import Forecast, days_ahead, standing_still
from projections.keystore import PostgresKeyStore, initialise
from projections.migrations import migrate
from projections.stats import Moment, counting
from projections.stats_figures import HIDDEN, leaf
from streams.everyone import Everyone
from streams.rules.load import load_pack
from tests.integration.assessment.country import NOW, ON, PARTITIONS, Country

PACK = load_pack("uz")
BY = frozenset({"kind"})
Rows = dict[tuple[str, str, str], object]


@pytest.fixture
def country(database: str) -> Iterator[Country]:
    migrate(database)
    initialise(database)
    with closing(PostgresKeyStore(database, b"w" * 32)) as keystore:
        made = Country(database, keystore)
        with closing(made.connection):
            made.complete()
            yield made


def due(country: Country, database: str, column: str = "count") -> Rows:
    """Return the country's figures by kind, movement and period."""
    country.connection.execute(
        "INSERT INTO live.assessments (household, anchor, members, assessed_on, outcome, seen)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), '{}', %s, 'assessed', 0)",
        [ON],
    )
    assert country.keystore is not None
    pack, moment = standing_still(PACK, ON), Moment(ON, NOW)
    with counting(database, PARTITIONS) as stats:
        snapshot, district = stats.export(), stats.places(moment)
        forecast = Forecast(days_ahead(ON), pack, lambda person: leaf(district.get(person)))
        for day in forecast.days:
            everyone = Everyone(database, country.keystore, pack, PARTITIONS, snapshot=snapshot)
            forecast.day(everyone.assessments(day, NOW))
        report = tables.due(stats, moment, BY, forecast, tuple(PACK.by_kind()))()
    assert report.projection
    return {(row["kind"], row["movement"], row["period"]): row[column] for row in report.rows}


def test_second_birthdays_end_infant_care(country: Country, database: str) -> None:
    birthdays = [ON + timedelta(days=12 * number) for number in range(1, 60)]
    for number, birthday in enumerate(birthdays):
        born_on = birthday.replace(year=birthday.year - 2)
        country.born(f"infant {number}", born_on.isoformat(), days=(born_on, None))

    found = due(country, database)

    three, six, twelve = days_ahead(ON)[1:]
    ends = [sum(d <= three for d in birthdays), sum(three < d <= six for d in birthdays)]
    ends.append(sum(six < d <= twelve for d in birthdays))
    assert ends == [7, 8, 15]
    # Those of the first two periods are few, so the third, from which they would follow, goes too.
    assert found["infant_care", "ends", "all"] == 30
    assert {found["infant_care", "ends", f"months {p}"] for p in ("1-3", "4-6")} == {HIDDEN}
    assert found["infant_care", "begins", "all"] == HIDDEN


def test_incomes_go_on_however_far_the_day_is(country: Country, database: str) -> None:
    """A year ahead no month is closed; the window of today is used, so no poor family vanishes."""
    for number in range(20):
        born_on = date(1990, 1, 1)
        country.born(f"adult {number}", born_on.isoformat(), days=(born_on, None))
        country.earns(f"adult {number}", 100_000)

    found = due(country, database)

    assert PACK.income_window(days_ahead(ON)[3], date(2026, 2, 28)) is None
    assert found["family_low_income", "ends", "all"] == HIDDEN  # none: below ten


def test_pension_age_of_many(country: Country, database: str) -> None:
    for number in range(25):  # women who will be 55 in five months: approaching in two
        born_on = date(1971, 8, 1 + number)
        country.born(f"woman {number}", born_on.isoformat(), days=(born_on, None))

    found = due(country, database)

    assert found["pension_age_approaching", "begins", "all"] == 25
    assert found["pension_age_approaching", "ends", "all"] == 25


def test_known_births(country: Country, database: str) -> None:
    for number in range(24):
        mother = f"mother {number}"
        country.born(mother, "1995-01-01", days=("1995-01-01", None))
        if number < 12:  # nothing earned, nobody employed: poor
            country.earns(mother, 100_000)
        else:
            country.earns(mother, 5_000_000)
        health = {"due_on": "2026-05-01", "follow_up": True}
        stated = (mother, "pregnancy", {"registered_on": "2026-01-01"})
        country.state(f"p {mother}", stated, days=("2026-01-01", None), health=health)
    country.born("child", "2026-02-01", mother="mother 0")  # early: no longer expected

    counts = due(country, database)
    costs = due(country, database, "cost_minor")

    assert counts["expected_birth", "begins", "all"] == 23
    assert counts["expected_birth_poor_family", "begins", "all"] == 11
    # 23 times 500,000 soum, to the nearest 5,000,000.
    assert costs["expected_birth", "begins", "all"] == 10_000_000_00
    # 11 times 360,000 soum, to the nearest 3,600,000.
    assert costs["expected_birth_poor_family", "begins", "all"] == 3_600_000_00
