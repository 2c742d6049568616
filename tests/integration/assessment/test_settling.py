"""A clerk corrects by annulling and creating: the family must not lose its needs in between."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from streams.assessor import Assessor
from tests.integration.assessment.country import NOW, ON, Country, person

MARRIAGE = "civil.marriage_registered"
RESIDENCE = "civil.residence_registered"
WINDOW = timedelta(hours=72)
RECORD = "marriage 1ali 2vali"


def drain(assessor: Assessor, now: datetime) -> int:
    said = 0
    while (batch := assessor.assess_batch(ON, now)) is not None:
        said += batch.said
    return said


@pytest.fixture
def couple(country: Country, assessor: Assessor) -> Country:
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")
    country.earns("1ali", 1_000_000)
    country.complete()
    drain(assessor, NOW)
    return country


def households(country: Country) -> set[frozenset[bytes]]:
    rows = country.connection.execute("SELECT members FROM live.assessments").fetchall()
    return {frozenset(one.bytes for one in members) for (members,) in rows}


TOGETHER = {frozenset({person("1ali"), person("2vali")})}
APART = {frozenset({person("1ali")}), frozenset({person("2vali")})}


def test_an_annulment_counts_when_its_window_has_passed_and_is_named(
    couple: Country, assessor: Assessor
) -> None:
    annulment = couple.annul(RECORD, "2vali", kind=MARRIAGE, at=NOW)

    assert drain(assessor, NOW) == 0
    assert households(couple) == TOGETHER
    due = NOW + WINDOW
    row = couple.connection.execute(
        "SELECT settles_at, settles_by FROM live.assessments"
    ).fetchone()
    assert row is not None
    assert (row[0], row[1].bytes) == (due, annulment)
    assert assessor.queue_due(ON, due - timedelta(microseconds=1)) == 0
    assert assessor.queue_due(ON, due) == 1
    assert assessor.queue_due(ON, due) == 0  # it is in the queue

    assert drain(assessor, due) > 0
    assert households(couple) == APART
    assert assessor.queue_due(ON, due) == 0
    moved = couple.connection.execute(
        "SELECT DISTINCT causation_id FROM live.need_history WHERE known_from > %s"
        " AND causation_id IS NOT NULL AND version > 1 OR person = %s",
        [NOW, person("2vali").hex()],
    ).fetchall()
    assert [one.bytes for (one,) in moved] == [annulment]


def test_a_replacement_makes_it_count_at_once(couple: Country, assessor: Assessor) -> None:
    couple.annul(RECORD, "1ali", kind=MARRIAGE, at=NOW)
    drain(assessor, NOW)
    couple.born("3zuhra", "1991-01-01", "F")
    replaced = person(f"event {RECORD} 1")
    couple.married("1ali", "3zuhra", record="another", replaces=replaced, at=NOW)

    drain(assessor, NOW)

    assert households(couple) == {
        frozenset({person("1ali"), person("3zuhra")}),
        frozenset({person("2vali")}),  # whom only the record replaced names
    }
    assert couple.count("live.assessments WHERE settles_at IS NOT NULL") == 0


@pytest.mark.parametrize("order", ["replacement first", "what it replaces last"])
def test_whatever_arrives_first(country: Country, assessor: Assessor, order: str) -> None:
    country.complete()
    for who, sex in (("1ali", "M"), ("2vali", "F"), ("3zuhra", "F")):
        country.born(who, "1990-05-01", sex)
    replaced = person(f"event {RECORD} 1")
    if order == "replacement first":
        country.married("1ali", "3zuhra", record="another", replaces=replaced, at=NOW)
        drain(assessor, NOW)
        country.married("1ali", "2vali")
        drain(assessor, NOW)
        country.annul(RECORD, "1ali", kind=MARRIAGE, at=NOW)
    else:
        country.annul(RECORD, "1ali", kind=MARRIAGE, at=NOW)
        drain(assessor, NOW)
        country.married("1ali", "3zuhra", record="another", replaces=replaced, at=NOW)
        drain(assessor, NOW)
        country.married("1ali", "2vali")
    drain(assessor, NOW)

    assert households(country) == {
        frozenset({person("1ali"), person("3zuhra")}),
        frozenset({person("2vali")}),
    }


def test_a_neighbour_whose_registration_is_annulled_is_a_neighbour_until_it_counts(
    country: Country, assessor: Assessor
) -> None:
    country.complete()
    country.born("1old", "1950-01-01", "M")
    country.lives("1old", "hut")
    country.born("2guest", "1990-01-01", "F")
    country.lives("2guest", "hut")
    drain(assessor, NOW)
    annulment = country.annul("residence 2guest hut", "2guest", kind=RESIDENCE, at=NOW)
    drain(assessor, NOW)
    assert ("lonely_care", person("1old")) not in country.needs()
    rows = country.connection.execute("SELECT DISTINCT settles_by FROM live.assessments").fetchall()
    assert [one and one.bytes for (one,) in rows] == [annulment]  # both wait for it

    assert assessor.queue_due(ON, NOW + WINDOW) == 2
    drain(assessor, NOW + WINDOW)

    assert ("lonely_care", person("1old")) in country.needs()


def test_an_annulment_of_a_correction_brings_nothing_older_back(
    couple: Country, assessor: Assessor
) -> None:
    couple.born("3zuhra", "1991-01-01", "F")
    couple.married("1ali", "3zuhra", record=RECORD, version=2)
    couple.annul(RECORD, "1ali", version=3, kind=MARRIAGE, at=NOW)

    drain(assessor, NOW)
    assert frozenset({person("1ali"), person("3zuhra")}) in households(couple)

    assessor.queue_due(ON, NOW + WINDOW)
    drain(assessor, NOW + WINDOW)
    assert households(couple) == APART | {frozenset({person("3zuhra")})}


def test_of_two_annulments_in_a_row_the_first_opens_the_window(
    couple: Country, assessor: Assessor
) -> None:
    first = couple.annul(RECORD, "1ali", kind=MARRIAGE, at=NOW)
    again = NOW + timedelta(hours=48)
    couple.annul(RECORD, "1ali", version=3, kind=MARRIAGE, at=again)
    drain(assessor, again)

    assert households(couple) == TOGETHER
    waiting = couple.connection.execute(
        "SELECT settles_at, uuid_send(settles_by) FROM live.assessments"
    ).fetchall()
    assert waiting == [(NOW + WINDOW, first)]

    assert assessor.queue_due(ON, NOW + WINDOW) == 1
    drain(assessor, NOW + WINDOW)
    assert households(couple) == APART
