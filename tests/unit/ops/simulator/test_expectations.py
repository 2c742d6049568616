"""What a record must become, case by case, as docs/contract.md has it."""

from datetime import date
from typing import Any

import pytest

from ops.simulator import expect_civil, expect_health, expect_tax
from ops.simulator.civil_acts import COLUMNS, HEAD, CivilWrite
from ops.simulator.contract import ZERO_ID, Keys, Pseudonyms
from ops.simulator.expectations import Statement
from ops.simulator.health_records import (
    PINFL_SYSTEM,
    Version,
    assessment,
    condition,
    pregnancy,
    referral,
)
from ops.simulator.tax_rows import TaxRow

DAY = date(2026, 9, 1)
PERSON = "30211975910033"


@pytest.fixture
def ids() -> Pseudonyms:
    return Pseudonyms(Keys(b"p" * 32, b"e" * 32, b"d" * 32))


def residence(op: Any = "insert", **columns: Any) -> CivilWrite:
    row: dict[str, Any] = dict.fromkeys((*HEAD, *COLUMNS["residence"]))
    row |= {"record_id": "re1", "revision": 1, "status": "valid", "pinfl": PERSON}
    row |= {"address_code": "17-1", "kind": "home", "from_on": "2020-01-01", **columns}
    return CivilWrite(DAY, op, "residence", row)


@pytest.mark.parametrize(
    ("write", "change"),
    [
        (residence(), "CREATED"),
        (residence(revision=2), "CORRECTED"),
        (residence(replaces="re0", replaces_revision=1), "CORRECTED"),
        (residence(revision=2, until_on="2026-01-01"), "ENDED"),
        (residence(until_on="2026-01-01"), "ENDED"),
        (residence(revision=3, until_on="2026-01-01", status="annulled"), "ANNULLED"),
        (residence("delete"), "ANNULLED"),
    ],
)
def test_the_change_of_a_civil_row(write: CivilWrite, change: str) -> None:
    assert expect_civil.change(write) == change


def test_a_deleted_row_is_stated_as_one_revision_more() -> None:
    assert expect_civil.source_key(residence("delete", revision=4)) == "residence/re1/5"
    assert expect_civil.source_key(residence(revision=4)) == "residence/re1/4"


def test_a_birth_without_number_is_about_its_own_record(ids: Pseudonyms) -> None:
    row: dict[str, Any] = dict.fromkeys((*HEAD, *COLUMNS["birth"]))
    row |= {"record_id": "bi1", "revision": 1, "mother_pinfl": PERSON}
    row |= {"surname": "A", "given_name": " B ", "born_on": "2026-01-01"}

    stated = expect_civil.statement(CivilWrite(DAY, "insert", "birth", row), ids)

    assert stated.subject == ids.of("civil.birth", "bi1")
    assert stated.content["mother"] == ids.person(PERSON)
    assert stated.content["father"] is None
    identity = {"pinfl": None, "surname": "A", "given_name": "B", "patronymic": None}
    assert stated.content["identity"] == identity


def tax_row(kind: str, /, **cells: str) -> TaxRow:
    return TaxRow(DAY, kind, {"change": "N", "pinfl": PERSON, "stir": "", "name": "", **cells})


def test_a_row_without_number_is_about_a_taxpayer(ids: Pseudonyms) -> None:
    row = tax_row(
        "property",
        pinfl="",
        stir="412345678",
        name="Yo`ldosh  A",
        cadastre="17:1",
        kind="land",
        share_percent="50",
        registered_on="2020-01-01",
    )

    stated = expect_tax.statement(row, ids)

    assert stated.subject == ids.of("uz.stir", "412345678")
    assert stated.content["identity"] == {"stir": "412345678", "name": "Yo\u02bbldosh A"}
    assert stated.content["share_percent"] == 50


@pytest.mark.parametrize(
    ("change", "ended_on", "expected"),
    [
        ("N", "", "CREATED"),
        ("C", "", "CORRECTED"),
        ("C", "2026-01-01", "ENDED"),
        ("A", "2026-01-01", "ANNULLED"),
    ],
)
def test_the_change_of_a_tax_row(change: str, ended_on: str, expected: str) -> None:
    row = tax_row("self_employment", change=change, ended_on=ended_on)

    assert expect_tax.change(row) == expected


def health(body: dict[str, Any] | None, number: int = 1, type_: str = "Observation") -> Statement:
    version = Version(DAY, type_, "x", number, body)
    return expect_health.statement(version, Pseudonyms(Keys(b"p" * 32, b"e" * 32, b"d" * 32)))


BY_FILE = {"subject": {"reference": "Patient/7"}}
BY_NUMBER = {
    "subject": {
        "reference": "Patient/7",
        "identifier": {"system": PINFL_SYSTEM, "value": PERSON},
    }
}


def test_a_finding_is_about_the_number_if_it_names_one_else_about_the_file(
    ids: Pseudonyms,
) -> None:
    body = condition(DAY, "F32.1")

    assert health(body | BY_FILE).subject == ids.of("fhir.patient", "7")
    assert health(body | BY_NUMBER).subject == ids.person(PERSON)


@pytest.mark.parametrize(
    ("body", "type_", "sealed"),
    [
        (
            assessment("disability-group", DAY, 2, date(2027, 1, 1)),
            "health.disability_assessed",
            {"group": 2, "until": "2027-01-01"},
        ),
        (
            assessment("care-dependency", DAY, 3, None),
            "health.care_dependency_assessed",
            {"level": 3, "until": None},
        ),
        (
            pregnancy(DAY, date(2027, 1, 1), False),
            "health.pregnancy_registered",
            {"due_on": "2027-01-01", "follow_up": False},
        ),
        (condition(DAY, "F32.1"), "health.condition_diagnosed", {"chapter": "F"}),
        (
            referral(DAY, "bereavement"),
            "health.psychological_support_referred",
            {"reason": "bereavement"},
        ),
    ],
)
def test_the_sealed_part_of_a_finding(
    body: dict[str, Any], type_: str, sealed: dict[str, Any]
) -> None:
    stated = health(body | BY_FILE, number=2)

    assert stated.type == type_
    assert stated.content["health"] == sealed
    assert stated.change == "CORRECTED"


def test_an_assessment_with_an_end_is_not_one_that_has_ended() -> None:
    assert health(assessment("disability-group", DAY, 2, DAY) | BY_FILE).change == "CREATED"


def test_entered_in_error_and_deleted_are_annulled() -> None:
    wrong = {"status": "entered-in-error"}
    unverified = {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}

    assert health(referral(DAY, "r") | BY_FILE | wrong, 2).change == "ANNULLED"
    assert health(condition(DAY, "F") | BY_FILE | unverified, 2).change == "ANNULLED"
    gone = health(None, 2)
    assert (gone.change, gone.subject) == ("ANNULLED", ZERO_ID)
    assert gone.content == {"assessed_on": "2026-09-01", "health": None}


def test_a_merged_file_points_at_the_other_whatever_number_it_has(ids: Pseudonyms) -> None:
    body = {
        "resourceType": "Patient",
        "identifier": [{"system": PINFL_SYSTEM, "value": PERSON}],
        "name": [{"family": "A", "given": ["B"]}],
        "birthDate": "1997-11-02",
    }
    link = {"link": [{"type": "replaced-by", "other": {"reference": "Patient/9"}}]}

    known, merged = health(body, 1, "Patient"), health(body | link, 2, "Patient")

    assert (known.content["person"], known.content["reason"]) == (ids.person(PERSON), "identifier")
    other = ids.of("fhir.patient", "9")
    assert (merged.content["person"], merged.content["reason"]) == (other, "replaced_by")
