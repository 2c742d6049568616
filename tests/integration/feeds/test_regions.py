"""Feeds of agencies whose grant is for regions: who moves, who leaves, what was wrong."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from tests.builders import DAY, some_id

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig

HERE, THERE = "1726266", "1718401"
_SAID = """
INSERT INTO live.need_history (need, version, person, household, kind, status, since, urgency,
    rule, evidence, reason, event_id)
VALUES (%s, 1, %s, %s, 'child_benefit', 'detected', '2026-03-01', 'normal', 'uz', '{}', '', %s)
"""


def home(
    rig: Rig, who: str, district: str, version: int = 1, change: str = "CREATED", **fields: Any
) -> dict[str, Any]:
    """One version of a residence; every version of one name is of one record."""
    name = fields.pop("name", "home")
    record = some_id((rig.suffix, who, name))
    return rig.event(
        "civil.residence_registered",
        who,
        (who, name, version),
        district=district,
        meta={"record": record, "version": version, "change": change},
        **fields,
    )


def region(rig: Rig, word: str, prefix: str) -> str:
    agency = rig.agency(word)
    rig.grant(agency, "social-registry", "social-support", regions=[prefix])
    return agency


def got(rig: Rig, agency: str) -> list[tuple[str, str]]:
    return [(each.name, each.value["change"]) for each in rig.read(agency)]


def test_who_moves_away_is_seen_to_leave(rig: Rig) -> None:
    """In the old place nothing is told twice and nothing new; a newcomer gets nobody's past."""
    here, there = region(rig, "here", "1726"), region(rig, "there", "1718")
    rig.write([home(rig, "p", HERE), rig.event("tax.income_reported", "p", 1)])
    rig.settle()
    assert got(rig, here) == [("ResidenceRegistered", "CREATED"), ("IncomeReported", "CREATED")]
    assert got(rig, there) == []

    left = home(rig, "p", HERE, 2, "ENDED", until_on=DAY + 9)
    rig.write([left, home(rig, "p", THERE, from_on=DAY + 10, name="new")])
    rig.write([rig.event("tax.income_reported", "p", 2)])
    rig.settle()

    assert got(rig, here)[2:] == [("ResidenceRegistered", "ENDED")]
    moved = {("ResidenceRegistered", "CREATED"), ("IncomeReported", "CREATED")}
    assert moved <= set(got(rig, there))
    assert {each.value["district"] for each in rig.read(here) if "district" in each.value} == {HERE}
    late = region(rig, "late", "1726")
    rig.settle(12)
    assert got(rig, late) == []


def test_who_is_registered_nowhere_any_more_stays_with_the_last_place(rig: Rig) -> None:
    here, there = region(rig, "here", "1726"), region(rig, "there", "1718")
    rig.write([home(rig, "p", THERE, until_on=DAY + 4, name="old")])
    rig.write([home(rig, "p", HERE, from_on=DAY + 5)])
    rig.write([home(rig, "p", HERE, 2, "ENDED", from_on=DAY + 5, until_on=DAY + 9)])
    rig.write([rig.event("civil.death_registered", "p", "death")])
    rig.settle()

    assert got(rig, here)[-2:] == [
        ("ResidenceRegistered", "ENDED"),
        ("DeathRegistered", "CREATED"),
    ]
    assert got(rig, there) == []


def test_a_place_that_was_wrong_is_corrected_where_it_was_told(rig: Rig) -> None:
    here, there = region(rig, "here", "1726"), region(rig, "there", "1718")
    rig.write([home(rig, "p", HERE)])
    rig.settle()
    rig.write([home(rig, "p", THERE, 2, "CORRECTED"), rig.event("tax.income_reported", "p", 1)])
    rig.settle()

    corrected = ("ResidenceRegistered", "CORRECTED")
    assert got(rig, here) == [("ResidenceRegistered", "CREATED"), corrected]
    assert got(rig, there) == [corrected, ("IncomeReported", "CREATED")]


def test_a_need_ends_where_it_was_told(rig: Rig) -> None:
    here = region(rig, "here", "1726")
    rig.write([home(rig, "p", HERE)])
    need, person = some_id((rig.person("p"), "need")), UUID(bytes=rig.person("p"))
    with closing(rig.connect()) as connection:
        connection.execute(_SAID, [UUID(bytes=need), person, uuid4(), uuid4()])
    rig.write([home(rig, "p", THERE, from_on=DAY + 40, name="new")])
    end = {"version": 2, "change": "ENDED"}
    rig.write([rig.event("hub.need_ended", "p", 2, status="ended", need=need, meta=end)])
    rig.write([rig.event("hub.need_detected", "p", 3, need=some_id((rig.suffix, "other")))])
    rig.settle()

    assert [name for name, _ in got(rig, here)] == ["NeedEnded"]
